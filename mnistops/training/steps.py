"""Steps: those of an epoch, in their order, by an engine and an optimizer."""

import time
from collections.abc import Sequence
from math import isfinite
from typing import Any, Protocol

from torch import nn
from torch.optim import Optimizer

from mnistops.training.averaging import RunningMean
from mnistops.training.batches import Batch
from mnistops.training.recipe import make_optimizer
from mnistops.training.step import Engine, TrainingStep
from mnistops.training.tally import Tally


class Diverged(FloatingPointError):
    """The loss of a step is no number; neither it nor a later one has changed a weight."""

    def __init__(self, loss: float, number: int, learning_rate: float) -> None:
        super().__init__(loss)
        self.loss, self.number, self.learning_rate = loss, number, learning_rate


class Steps(Protocol):
    """A way to run an epoch's steps.

    Attributes:
        at_once: how many are best asked for together.
    """

    at_once: int

    def begin(self, batches: Sequence[Batch], rates: Sequence[float], tally: Tally) -> None:
        """Make ready for an epoch.

        Args:
            rates: of each step.
            tally: of the steps that are done, where the epoch was begun before.
        """

    def run(self, first: int, count: int) -> None:
        """Run some steps of the epoch; they may go on when this returns.

        Raises:
            Diverged: a loss is no number.
        """

    def tally(self) -> Tally:
        """Of all steps of the epoch that were asked for, which are over then.

        Raises:
            Diverged: a loss was no number.
        """

    def values(self) -> dict[str, Any]:
        """What the optimizer remembers, as plain values and tensors."""

    def restore(self, values: dict[str, Any]) -> None:
        """Go on from such values, before the first epoch begins."""


class SingleSteps:
    """One step after the other, as any engine can do them."""

    at_once = 1

    def __init__(
        self, engine: Engine, network: nn.Module, nesterov: bool, mean: RunningMean
    ) -> None:
        self._optimizer, self._mean = make_optimizer(network, nesterov), mean
        self._step = TrainingStep(engine, self._optimizer)

    def begin(self, batches: Sequence[Batch], rates: Sequence[float], tally: Tally) -> None:
        """Of `Steps`."""
        self._batches, self._rates, self._tally = batches, rates, tally
        self._started = time.perf_counter() - tally.seconds

    def run(self, first: int, count: int) -> None:
        """Of `Steps`."""
        for number in range(first, first + count):
            batch, rate = self._batches[number], self._rates[number]
            loss, num_right = self._step(batch, rate)
            if not isfinite(loss):
                raise Diverged(loss, number, rate)
            self._mean.after_step()
            self._tally = self._tally.after(loss, num_right, len(batch))

    def tally(self) -> Tally:
        """Of `Steps`."""
        return self._tally.lasting(time.perf_counter() - self._started)

    def values(self) -> dict[str, Any]:
        """Of `Steps`."""
        return memory_of(self._optimizer)

    def restore(self, values: dict[str, Any]) -> None:
        """Of `Steps`."""
        restore_memory(self._optimizer, values)


def memory_of(optimizer: Optimizer) -> dict[str, Any]:
    """What an optimizer remembers of each parameter, by the parameter's number."""
    memory: dict[str, Any] = optimizer.state_dict()["state"]
    return memory


def restore_memory(optimizer: Optimizer, memory: dict[str, Any]) -> None:
    """Have an optimizer remember it, and keep its own rate and rules."""
    optimizer.load_state_dict({**optimizer.state_dict(), "state": memory})
