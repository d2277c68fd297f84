"""The learning-rate range test: which rate lets the loss fall fastest.

After Smith, "Cyclical learning rates for training neural networks", 2017,
https://arxiv.org/abs/1506.01186, with the numbers of the seed, which took those of torch-lr-finder.
"""

from collections.abc import Generator, Iterator
from copy import deepcopy
from dataclasses import astuple, dataclass
from math import isfinite
from typing import Any

import numpy as np
import torch
from torch import nn

from mnistops.errors import NotFinite
from mnistops.settings.tree import Settings
from mnistops.training.batches import Batch
from mnistops.training.preparation import PreparationEvent, Prepared, prepare
from mnistops.training.randomness import Randomness
from mnistops.training.step import Engine, TrainingStep

NUM_STEPS = 1500
FIRST_RATE = 0.1
RATE_RATIO = 20.0
SMOOTHING = 0.05
DIVERGENCE = 5.0
SKIPPED_START, SKIPPED_END = 10, 5


@dataclass(frozen=True)
class RangeStep:
    """A step of the test.

    Attributes:
        loss: mean of the batch, in nats.
        smoothed_loss: an exponential mean of the losses, the newest weighing 0.05.
    """

    step: int
    learning_rate: float
    loss: float
    smoothed_loss: float


@dataclass(frozen=True)
class RangeTest:
    """A range test: its steps, and which of them has the suggested rate."""

    steps: tuple[RangeStep, ...]
    index: int

    @property
    def suggestion(self) -> float:
        """The learning rate at which the smoothed loss falls fastest."""
        return self.steps[self.index].learning_rate

    def to_values(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        steps = [astuple(step) for step in self.steps]
        return {"steps": torch.tensor(steps, dtype=torch.double), "index": self.index}

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> "RangeTest":
        """The test of such values."""
        steps = (RangeStep(int(number), *rest) for number, *rest in values["steps"].tolist())
        return cls(tuple(steps), values["index"])


def range_test(
    network: nn.Module, engine: Engine, batches: Iterator[Batch]
) -> Generator[RangeStep, None, RangeTest]:
    """Train with a rate that rises from step to step until the loss is 5 times its least.

    The network's parameters and buffers are as before afterwards, and its gradients gone.

    Args:
        engine: that of the network, in training mode.
        batches: without end.

    Raises:
        NotFinite: the loss is no number before there is anything to suggest.
    """
    before = deepcopy(network.state_dict())
    network.train()
    step = TrainingStep(engine, engine.descent(nesterov=True))
    steps: list[RangeStep] = []
    smoothed = best = 0.0
    try:
        for number in range(NUM_STEPS):
            rate = FIRST_RATE * RATE_RATIO ** (number / (NUM_STEPS - 1))
            loss, _ = step(next(batches), rate)
            if not isfinite(loss):
                break  # it has diverged further than can be told
            smoothed = SMOOTHING * loss + (1 - SMOOTHING) * smoothed if steps else loss
            best = min(best, smoothed) if steps else loss
            steps.append(RangeStep(number, rate, loss, smoothed))
            yield steps[-1]
            if smoothed > DIVERGENCE * best:
                break
    finally:
        network.load_state_dict(before)
        network.zero_grad()
    return RangeTest(tuple(steps), steepest([done.smoothed_loss for done in steps]))


def search_rates(prepared: Prepared) -> Generator[RangeStep, None, RangeTest]:
    """A range test with random numbers of its own: those of a training after it are left alone."""
    bench = prepared.bench
    random = Randomness(bench.seed, bench.device)
    engine = bench.open(prepared.choice, random)
    return range_test(bench.classifier.module, engine, bench.endless(random))


def find_learning_rate(
    settings: Settings,
) -> Generator[PreparationEvent | RangeStep, None, RangeTest]:
    """A range test of the network and the images that the settings name.

    Raises:
        MnistopsError: of `mnistops.training.preparation.prepare` and of `range_test`.
    """
    prepared = yield from prepare(settings)
    return (yield from search_rates(prepared))


def steepest(smoothed: list[float]) -> int:
    """The step at which the smoothed loss falls fastest, but for the first 10 and the last 5.

    Raises:
        NotFinite: there are too few steps to tell.
    """
    inner = smoothed[SKIPPED_START : len(smoothed) - SKIPPED_END]
    if len(inner) < 2:
        raise NotFinite(
            f"range test: expected at least {SKIPPED_START + SKIPPED_END + 2} steps before the "
            f"loss diverges, got {len(smoothed)}",
            "`mnistops train --learning-rate 0.1` needs no range test",
        )
    return SKIPPED_START + int(np.gradient(np.array(inner)).argmin())
