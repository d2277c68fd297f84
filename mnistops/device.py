"""Where to compute: what the user names, to a torch device that is there."""

from typing import TYPE_CHECKING

from mnistops.errors import UsageError

if TYPE_CHECKING:
    import torch


def open_device(name: str) -> "torch.device":
    """The device of this name; ``auto`` takes CUDA, else Apple's MPS, else the CPU.

    Args:
        name: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        UsageError: this machine, or this build of torch, has no such device.
    """
    import torch

    num_cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    has_mps = torch.backends.mps.is_available()
    if name == "auto":
        name = "cuda" if num_cuda else "mps" if has_mps else "cpu"
    kind, _, number = name.partition(":")
    if kind == "cuda" and int(number or 0) >= num_cuda:
        there = f"{num_cuda} of them" if num_cuda else "none"
        raise UsageError(f"--device {name}: expected a CUDA device, got {there}", "try auto")
    if kind == "mps" and not has_mps:
        raise UsageError("--device mps: expected an Apple GPU, got none", "try auto")
    return torch.device(kind, int(number or 0)) if kind == "cuda" else torch.device(kind)


def device_name(device: "torch.device") -> str:
    """The device for people: ``cpu (2 threads)``, ``cuda:0 (NVIDIA H200)``."""
    import torch

    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"cpu ({torch.get_num_threads()} threads)" if device.type == "cpu" else str(device)
