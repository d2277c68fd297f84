"""Steps: those of an epoch, in their order, by an engine."""

import time
from collections.abc import Sequence
from math import isfinite
from typing import Any, Protocol

from mnistops.training.averaging import RunningMean
from mnistops.training.batches import Batch
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

    def values(self) -> dict[int, Any]:
        """What the descent remembers, as plain values and tensors."""

    def restore(self, values: dict[int, Any]) -> None:
        """Go on from such values, before the first epoch begins."""


class SingleSteps:
    """One step after the other, as any engine can do them."""

    at_once = 1

    def __init__(self, engine: Engine, nesterov: bool, mean: RunningMean) -> None:
        self._step, self._mean = TrainingStep(engine, engine.descent(nesterov)), mean

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

    def values(self) -> dict[int, Any]:
        """Of `Steps`."""
        return self._step.descent.values()

    def restore(self, values: dict[int, Any]) -> None:
        """Of `Steps`."""
        self._step.descent.restore(values)
