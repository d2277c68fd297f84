"""Latency: how long networks take for some images at once."""

import time
from collections.abc import Mapping, Sequence
from statistics import median

import torch
from torch import Tensor

from mnistops.exports.formats import Compute

# Other programs run too: all take turns. Not call by call, for threads that one leaves waiting
# would be in another's way for a moment.
NUM_ROUNDS = 5
SECONDS = 0.1
_NUM_WARM_UP = 2


def measure_latency(
    networks: Mapping[str, Compute], images: Sequence[Tensor]
) -> dict[str, dict[int, float]]:
    """The median milliseconds of a call of each network, by how many images these batches are."""
    seconds: dict[str, list[list[float]]] = {name: [[] for _ in images] for name in networks}
    with torch.inference_mode():
        for _ in range(NUM_ROUNDS):
            for place, batch in enumerate(images):
                for name, compute in networks.items():
                    seconds[name][place] += _calls(compute, batch)
    return {
        name: {len(batch): 1000 * median(calls) for batch, calls in zip(images, found, strict=True)}
        for name, found in seconds.items()
    }


def _calls(compute: Compute, images: Tensor) -> list[float]:
    """The seconds of each call, over some time."""
    for _ in range(_NUM_WARM_UP):
        compute(images)
    calls: list[float] = []
    while sum(calls) < SECONDS:
        started = time.perf_counter()
        compute(images)
        calls.append(time.perf_counter() - started)
    return calls
