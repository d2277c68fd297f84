"""The machine: what it computes with, and the compilers on it."""

import os
import platform
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mnistops.device import device_name, open_device
from mnistops.diagnosis.check import Check
from mnistops.errors import MissingInput
from mnistops.native.compiler import find_compiler
from mnistops.settings.tree import Settings


def machine_checks() -> Iterator[Check]:
    """In the order of a report."""
    yield Check("processor", _processor)
    yield Check("devices", _devices)
    yield Check("compiler", _compiler, is_needed=False)
    yield Check("native kernels", _native_kernels, is_needed=False)
    yield Check("torch.compile", _torch_compile, is_needed=False)


def _processor(_: Settings) -> str:
    cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    parts = [_processor_name(), f"{usable} of {cores} cores"]
    with suppress(AttributeError, ValueError, OSError):  # Windows; a system that does not tell
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        parts.append(f"{memory / 2**30:.1f} GiB of memory")
    return ", ".join(parts)


def _processor_name() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _devices(settings: Settings) -> str:
    """The device that would be taken, and those that there are.

    Raises:
        UsageError: the one that is asked for is not there.
    """
    import torch

    taken = open_device(settings.device)
    built = f"CUDA {torch.version.cuda}" if torch.version.cuda else "no CUDA"
    count = torch.cuda.device_count()
    there = [device_name(torch.device("cuda", number)) for number in range(count)]
    there += ["mps"] if torch.backends.mps.is_available() else []
    torch.zeros(1, device=taken).add(1).cpu()
    return (
        f"{settings.device} takes {device_name(taken)}; GPUs: {', '.join(there) or 'none'}; "
        f"torch is built for {built}"
    )


def _compiler(_: Settings) -> str:
    """Raises CannotBuild where there is none."""
    path = find_compiler()
    done = subprocess.run(
        [path, "--version"], capture_output=True, text=True, timeout=60, check=False
    )
    return f"{path}, {(done.stdout.strip() or f'exit code {done.returncode}').splitlines()[0]}"


def _native_kernels(_: Settings) -> str:
    """Raises CannotBuild where they cannot be built, CannotCreate where there is no room."""
    from mnistops.native.network import lanes

    return f"built; {lanes()} images at once"


def _torch_compile(settings: Settings) -> str:
    """What it needs; it is not tried, since its first program takes minutes on a small machine.

    Raises:
        MissingInput: something that it needs is not there.
    """
    if open_device(settings.device).type == "cuda":
        import triton

        return f"Triton {triton.__version__} is there; not tried"
    find_compiler()
    header = Path(sysconfig.get_path("include"), "Python.h")
    if not header.is_file():
        raise MissingInput(
            f"{header}: expected Python's headers, got none",
            "install them, as the package python3-dev, or choose another --engine",
        )
    return "a C++ compiler and Python's headers are there; not tried"
