"""Training: all that changes while a network is trained, as it is, as values, and back again."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from torch import Tensor, nn

from mnistops.settings.sections import TrainSettings
from mnistops.training.averaging import RunningMean
from mnistops.training.batches import Batch
from mnistops.training.descent import expect_memory_of
from mnistops.training.engines import EngineChoice, Workbench
from mnistops.training.events import EpochDone, EpochMetrics
from mnistops.training.lr_range import RangeTest
from mnistops.training.randomness import Randomness
from mnistops.training.recipe import Schedule, Selector, make_schedule, selection_of
from mnistops.training.steps import Steps
from mnistops.training.tally import Tally


@dataclass
class Training:
    """A training, from its first step to its last.

    Between two events of `mnistops.training.loop.fit` its `values` are all that it needs to go on,
    to the bit, on the same machine.

    Attributes:
        network: that is trained.
        outputs_of: the mean's network, as what is fastest at its outputs.
        learning_rate: the peak of ``one-cycle``, the first of ``plateau``.
        range_test: that it is from, if it is.
        started: when, by `time.monotonic`, as if the run had never been stopped.
        epoch: that is under way, or next.
        step: that is next in the epoch.
        tally: of the epoch's steps so far.
        epochs: those that are done.
    """

    network: nn.Module
    steps: Steps
    schedule: Schedule
    selector: Selector
    mean: RunningMean
    outputs_of: Callable[[Tensor], Tensor]
    random: Randomness
    learning_rate: float
    range_test: RangeTest | None
    started: float
    epoch: int = 0
    step: int = 0
    tally: Tally = field(default_factory=Tally)
    epochs: list[EpochDone] = field(default_factory=list)
    _drawn_from: dict[str, Any] = field(default_factory=dict)
    """Random states that the epoch under way draws its batches from."""

    def draw_epoch(self, bench: Workbench) -> list[Batch]:
        """The batches of the epoch that is under way, all of them, or of the next."""
        states = self.random.values()
        self._drawn_from = {name: states[name] for name in ("order", "warp")}
        return bench.epoch(self.random)

    def end_epoch(self, done: EpochDone) -> None:
        """Go on to the next epoch."""
        self.epochs.append(done)
        self.epoch, self.step, self.tally = self.epoch + 1, 0, Tally()
        self._drawn_from = {}

    @property
    def seconds(self) -> float:
        """That the run has taken so far."""
        return time.monotonic() - self.started

    @property
    def best(self) -> EpochMetrics | None:
        """Of the epoch that is chosen so far."""
        chosen = [done.metrics for done in self.epochs if done.is_best]
        return chosen[-1] if chosen else None

    def values(self) -> dict[str, Any]:
        """Plain values and tensors, some of them those that training goes on with."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "tally": asdict(self.tally),
            "epochs": [asdict(done) for done in self.epochs],
            "seconds": self.seconds,
            "learning_rate": self.learning_rate,
            "range_test": self.range_test.to_values() if self.range_test else None,
            "network": self.network.state_dict(),
            "optimizer": self.steps.values(),
            "schedule": self.schedule.values(),
            "selector": {"highest": self.selector.highest},
            "mean": self.mean.values(),
            # An epoch that is under way draws its batches once more.
            "random": {**self.random.values(), **self._drawn_from},
        }

    def restore(self, values: dict[str, Any]) -> None:
        """Go on from such values, of a training with the same rate; of any device."""
        self.network.load_state_dict(values["network"])
        expect_memory_of(self.network.parameters(), values["optimizer"])
        self.steps.restore(values["optimizer"])
        self.schedule.restore(values["schedule"])
        self.selector.highest = values["selector"]["highest"]
        self.mean.restore(values["mean"])
        self.random.restore(values["random"])
        self.started -= values["seconds"]
        self.epoch, self.step = values["epoch"], values["step"]
        self.tally = Tally(**values["tally"])
        self.epochs = [
            EpochDone(**{**done, "metrics": EpochMetrics(**done["metrics"])})
            for done in values["epochs"]
        ]


def open_training(
    bench: Workbench,
    choice: EngineChoice,
    random: Randomness,
    settings: TrainSettings,
    learning_rate: float,
    range_test: RangeTest | None = None,
    started: float = 0.0,
) -> Training:
    """A training of the bench's network that has not begun; the rest is said at `Training`."""
    network = bench.classifier.module
    num_steps = settings.epochs * bench.num_steps
    mean = RunningMean(network, settings.averaging * num_steps)
    engine = bench.open(choice, random)
    return Training(
        network,
        bench.open_steps(choice, engine, mean, nesterov=settings.recipe == "one-cycle"),
        make_schedule(settings.recipe, learning_rate, num_steps),
        Selector(selection_of(settings.recipe, settings.holdout), settings.target_accuracy),
        mean,
        engine.outputs_of(mean.network),
        random,
        learning_rate,
        range_test,
        started,
    )
