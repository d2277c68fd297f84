"""Machine: how fast a device multiplies matrices and moves memory, measured in float32."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

import torch

from mnistops.benchmark.work import Work

# One that caches hold and one that they do not, at the least: which is faster depends on them.
MATRIX_SIZES = {"cpu": (512, 1024, 2048), "cuda": (4096, 8192), "mps": (1024, 4096)}
COPIED_BYTES = 256 << 20
SECONDS_EACH = 0.1

Bound = Literal["arithmetic", "memory"]


@dataclass(frozen=True)
class Machine:
    """The rates that no training exceeds.

    Attributes:
        flop_per_second: of the fastest product of matrices.
        bytes_per_second: read and written in a copy.
    """

    flop_per_second: float
    bytes_per_second: float

    def images_per_second(self, work: Work) -> float:
        """The most images that it could train on, whatever bounds it."""
        return 1 / max(self._seconds(work).values())

    def bound(self, work: Work) -> Bound:
        """What takes longer."""
        seconds = self._seconds(work)
        return max(seconds, key=lambda bound: seconds[bound])

    def _seconds(self, work: Work) -> dict[Bound, float]:
        """Of each by itself, as if the other took no time."""
        return {
            "arithmetic": work.flop / self.flop_per_second,
            "memory": work.moved_bytes / self.bytes_per_second,
        }


def best_of(machines: Sequence[Machine]) -> Machine:
    """The best rates of one machine that was measured several times."""
    return Machine(
        max(machine.flop_per_second for machine in machines),
        max(machine.bytes_per_second for machine in machines),
    )


def measure_machine(device: torch.device) -> Machine:
    """The rates of a device, each the best of several tries."""
    flop_rate = max(_flop_rate(size, device) for size in MATRIX_SIZES[device.type])
    source = torch.ones(COPIED_BYTES // 4, device=device)
    target = torch.empty_like(source)
    seconds = _fewest_seconds(lambda: target.copy_(source), device)
    return Machine(flop_rate, 2 * COPIED_BYTES / seconds)


def _flop_rate(size: int, device: torch.device) -> float:
    # Random, for a GPU is faster with numbers that are all the same.
    generator = torch.Generator(device).manual_seed(0)
    left, right = torch.rand(2, size, size, device=device, generator=generator)
    product = torch.empty_like(left)
    seconds = _fewest_seconds(lambda: torch.mm(left, right, out=product), device)
    return 2 * size**3 / seconds


def _fewest_seconds(work: Callable[[], object], device: torch.device) -> float:
    """The seconds of the fastest try; what the first one sets up does not count."""
    work()
    wait_for(device)
    fewest, total = inf, 0.0
    while total < SECONDS_EACH:
        started = time.perf_counter()
        work()
        wait_for(device)
        seconds = time.perf_counter() - started
        fewest, total = min(fewest, seconds), total + seconds
    return fewest


def wait_for(device: torch.device) -> None:
    """Return when the device has done all that it was given; a CPU always has."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
