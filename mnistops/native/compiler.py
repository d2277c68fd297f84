"""The kernels, built by the machine's C++ compiler on first use and kept in the user's cache."""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from mnistops.disk import cache_folder, make_folder, replace_file
from mnistops.errors import CannotCreate, UsageError

SOURCES = Path(__file__).parent / "kernels"
# -march=native takes the widest vectors there are; compilers that do not know it build without.
FLAGS = ("-O3", "-std=c++17", "-fno-math-errno", "-fPIC", "-shared", "-pthread")
MOST_SECONDS = 300


class CannotBuild(UsageError):
    """This machine cannot build the kernels."""


def build_kernels() -> Path:
    """The shared library, built unless it is there already, as it was built.

    Its name tells its content: to load one that a loss of power cut would end the process.

    Raises:
        CannotBuild: there is no compiler, or it fails.
        CannotCreate, CannotWrite: the cache cannot take it.
    """
    compiler = find_compiler()
    folder, name = cache_folder() / "native", _fingerprint(compiler)
    for library in folder.glob(f"{name}-*.so"):
        with suppress(OSError):  # one that cannot be read is built anew
            if library.name == _name(name, library.read_bytes()):
                return library
    make_folder(folder)
    built = _build(compiler, folder)
    library = folder / _name(name, built)
    replace_file(library, built)
    return library


def _name(fingerprint: str, content: bytes) -> str:
    return f"{fingerprint}-{hashlib.sha256(content).hexdigest()[:16]}.so"


def find_compiler() -> str:
    """The path of a C++ compiler: that of the variable CXX, else the first known one.

    Raises:
        CannotBuild: there is none.
    """
    asked = os.environ.get("CXX")
    for name in (asked,) if asked else ("g++", "clang++", "c++"):
        if path := shutil.which(name):
            return path
    raise CannotBuild(
        f"--engine native: expected a C++ compiler, got none ({asked or 'g++, clang++ or c++'})",
        "install one, as g++, or choose another --engine",
    )


@cache
def _fingerprint(compiler: str) -> str:
    """Another one for other sources, another compiler or another processor."""
    digest = hashlib.sha256()
    for path in sorted(SOURCES.iterdir()):
        digest.update(path.read_bytes())
    version = _run(compiler, "--version").stdout
    digest.update(repr((version, FLAGS, platform.machine(), _processor())).encode())
    return digest.hexdigest()[:16]


def _processor() -> str:
    """What the processor can do, where the system tells: a home folder may be shared by several."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def _build(compiler: str, folder: Path) -> bytes:
    """The library; what is made on the way is in this folder, and gone afterwards."""
    try:
        staged, name = tempfile.mkstemp(suffix=".so", dir=folder)
    except OSError as error:
        raise CannotCreate(
            f"{folder}: expected to make a file in it, got: {error.strerror}"
        ) from None
    os.close(staged)
    try:
        for tuning in (("-march=native",), ("-mcpu=native",), ()):
            done = _run(compiler, *FLAGS, *tuning, str(SOURCES / "network.cpp"), "-o", name)
            if done.returncode == 0:
                return Path(name).read_bytes()
        said = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[0]
        raise _failed(compiler, said)
    finally:
        Path(name).unlink(missing_ok=True)


def _run(compiler: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            [compiler, *arguments],
            # What it leaves on the way is staged beside the library, as that is.
            env={**os.environ, "TMPDIR": str(cache_folder() / "native")},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=MOST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise _failed(compiler, f"nothing for {MOST_SECONDS} seconds") from None
    except OSError as error:
        raise _failed(compiler, str(error.strerror)) from None


def _failed(compiler: str, said: str) -> CannotBuild:
    return CannotBuild(
        f"--engine native: expected {compiler} to build the kernels, got: {said:.300}",
        "choose another --engine",
    )
