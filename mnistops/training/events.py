"""What a run tells on its way, in order: begun, rate found, steps, epochs, done."""

from dataclasses import dataclass
from pathlib import Path

from mnistops.training.lr_range import RangeTest
from mnistops.training.recipe import Selection


@dataclass(frozen=True)
class RunBegun:
    """All that was asked for is there; training begins.

    Attributes:
        device: for people, as ``cpu (2 threads)``.
        batch_size: images in a step.
        threads: of torch's, on the CPU.
        compile_seconds: that it took to build what the engine builds on first use.
        epochs_done, steps_done: before, and in the epoch under way, if the run was stopped.
    """

    run_folder: Path
    network: str
    num_params: int
    recipe: str
    num_epochs: int
    batch_size: int
    device: str
    num_train: int
    num_test: int
    num_holdout: int
    engine: str
    precision: str
    threads: int
    compile_seconds: float
    epochs_done: int = 0
    steps_done: int = 0


@dataclass(frozen=True)
class CheckpointBroken:
    """The newest checkpoint cannot be read; the run goes on from the one before it."""

    path: Path
    reason: str
    taken: Path


@dataclass(frozen=True)
class RunWasDone:
    """There is nothing to go on with."""

    run_folder: Path


@dataclass(frozen=True)
class RateFound:
    """The range test is over; its suggestion is the learning rate."""

    test: RangeTest


@dataclass(frozen=True)
class StepDone:
    """Some steps of an epoch are done.

    Attributes:
        step: the last one that is done, from 0 in each epoch.
        loss: mean over the epoch's images so far.
        accuracy: over the epoch's images so far, in 0..1.
        images_per_second: trained on in this epoch so far.
    """

    epoch: int
    step: int
    num_steps: int
    loss: float
    accuracy: float
    images_per_second: float


@dataclass(frozen=True)
class EpochMetrics:
    """A row of metrics.csv; losses are means in nats, accuracies in 0..1.

    Attributes:
        train_loss, train_accuracy: running, on images that are warped if the run warps any.
        learning_rate: of the epoch's last step.
        time_seconds: of training alone.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    learning_rate: float
    time_seconds: float
    holdout_loss: float | None = None
    holdout_accuracy: float | None = None


@dataclass(frozen=True)
class EpochDone:
    """An epoch is trained, tested and saved.

    Attributes:
        last_loss: of the last batch.
        is_best: chosen, so far.
        next_learning_rate: as it stands after the epoch; `plateau` may have lowered it.
    """

    metrics: EpochMetrics
    num_steps: int
    last_loss: float
    test_errors: int
    is_best: bool
    next_learning_rate: float


@dataclass(frozen=True)
class RunResult:
    """What a run came to.

    Attributes:
        final: of the last epoch.
        best: of the chosen epoch; None where nothing is chosen.
        selection: what was chosen by.
        range_test: that the learning rate is from, if it is.
        target_accuracy: that was asked for, on test; None where none was.
        time_seconds: of the whole run.
        is_augmented: whether it trained on warped images.
    """

    run_folder: Path
    network: str
    num_params: int
    epochs: tuple[EpochDone, ...]
    best: EpochMetrics | None
    selection: Selection
    learning_rate: float
    range_test: RangeTest | None
    target_accuracy: float | None
    time_seconds: float
    is_augmented: bool

    @property
    def final(self) -> EpochDone:
        """The last epoch."""
        return self.epochs[-1]

    @property
    def reaches_target(self) -> bool | None:
        """Whether the run's result, its best if it chose one, else its last, reaches the target."""
        if self.target_accuracy is None:
            return None
        return (self.best or self.final.metrics).test_accuracy >= self.target_accuracy


@dataclass(frozen=True)
class RunDone:
    """The run is over."""

    result: RunResult
