"""What people see of a training: a line for each epoch, the seed's own lines in its recipe."""

from shlex import quote

from mnistops.report.console import visible
from mnistops.report.numbers import accuracy, integer
from mnistops.report.progress import View
from mnistops.training.batches import num_batches
from mnistops.training.events import (
    CheckpointBroken,
    EpochDone,
    RateFound,
    RunBegun,
    RunDone,
    RunResult,
    RunWasDone,
    StepDone,
)
from mnistops.training.lr_range import NUM_STEPS, RangeStep
from mnistops.training.preparation import EngineSought
from mnistops.training.recipe import drops_last_batch

FEW_STEPS = 100
"""Norms need some tens of steps to know the images that they see outside of training."""


class TrainingView(View):
    """Shows the events of a run."""

    def __init__(self) -> None:
        super().__init__()
        self._begun: RunBegun | None = None

    def show(self, event: object) -> None:
        """Tell of one event."""
        match event:
            case EngineSought():
                self.bar("engine", 0, None)
            case RunBegun():
                self._begun = event
                self.clear()
                self.line(_introduction(event))
            case RangeStep():
                if event.step == 0:
                    self.line(f"range test of up to {NUM_STEPS:,} steps")
                details = f"rate {event.learning_rate:.3f}, loss {event.smoothed_loss:.3f}"
                self.bar("range test", event.step + 1, NUM_STEPS, details)
            case RateFound():
                self.clear()
                self.line(f"learning rate {event.test.suggestion!r}, by a range test")
            case StepDone():
                self._show_step(event)
            case EpochDone() if self._begun is not None:
                is_seeds = _speaks_as_the_seed(self._begun)
                self.line(_seed_lines(event, self._begun) if is_seeds else _epoch_line(event))
            case RunDone():
                self._show_end(event)
            case CheckpointBroken() | RunWasDone():
                self.line(_of_resuming(event))
            case _:
                super().show(event)

    def stopped(self) -> None:
        """Tell that the run was stopped, and how to go on."""
        self.clear()
        if self._begun is not None:
            folder = quote(str(self._begun.run_folder))
            self.line("stopped; what is done is saved")
            self.line(f"hint: `mnistops train --resume {folder}` goes on")

    def _show_end(self, event: RunDone) -> None:
        self.clear()
        if self._begun is not None and _speaks_as_the_seed(self._begun):
            self.line(_seed_end(event.result))

    def _show_step(self, event: StepDone) -> None:
        num_epochs = self._begun.num_epochs if self._begun is not None else 1
        self.bar(
            "training",
            event.epoch * event.num_steps + event.step + 1,
            num_epochs * event.num_steps,
            f"epoch {event.epoch}: loss {event.loss:.4f}, {accuracy(event.accuracy)}, "
            f"{event.images_per_second:,.0f} images/s",
        )


def _speaks_as_the_seed(begun: RunBegun) -> bool:
    """Its lines are about choosing on test, which a hold-out takes the place of."""
    return begun.recipe == "plateau" and not begun.num_holdout


def _of_resuming(event: CheckpointBroken | RunWasDone) -> str:
    if isinstance(event, RunWasDone):
        return visible(f"nothing to go on with: {event.run_folder} is done")
    return visible(f"{event.reason}; going on from {event.taken}")


def _introduction(begun: RunBegun) -> str:
    held = f" ({integer(begun.num_holdout)} more held out)" if begun.num_holdout else ""
    where = (begun.epochs_done, begun.steps_done)
    resumed = "\ngoing on from epoch {}, step {}".format(*where) if any(where) else ""
    last = begun.num_epochs - 1
    epochs = "epoch 0" if last == 0 else f"epochs 0 to {last}"
    return (
        f"{begun.network}, {integer(begun.num_params)} parameters, on {begun.device}, "
        f"{begun.engine} engine\n"
        f"{integer(begun.num_train)} training images{held}, {integer(begun.num_test)} test images; "
        f"recipe {begun.recipe}, {epochs}\n"
        f"run folder: {begun.run_folder}{resumed}{_warning(begun)}"
    )


def _warning(begun: RunBegun) -> str:
    """Of a run that is over before it has begun, as of a few pictures of one's own."""
    drop_last = drops_last_batch(begun.recipe)
    steps = begun.num_epochs * num_batches(begun.num_train, begun.batch_size, drop_last)
    if steps >= FEW_STEPS:
        return ""
    return (
        f"\n{steps} steps of {begun.batch_size} images are few to learn from: "
        "a smaller --batch-size or more --epochs make more"
    )


def _epoch_line(done: EpochDone) -> str:
    metrics = done.metrics
    holdout = (
        ""
        if metrics.holdout_accuracy is None
        else f"hold-out {accuracy(metrics.holdout_accuracy)}{' (best)' if done.is_best else ''}  "
    )
    return (
        f"epoch {metrics.epoch:>2}  train loss {metrics.train_loss:.4f}  "
        f"accuracy {accuracy(metrics.train_accuracy)}  {holdout}"
        f"test loss {metrics.test_loss:.4f}  accuracy {accuracy(metrics.test_accuracy)}  "
        f"rate {metrics.learning_rate:.3g}  {metrics.time_seconds:.1f} s"
    )


def _seed_lines(done: EpochDone, begun: RunBegun) -> str:
    """The lines of the original code, epoch by epoch; its train loss is the last batch's."""
    metrics = done.metrics
    last_test_batch = -(-begun.num_test // begun.batch_size) - 1
    if metrics.epoch == 0:
        verdict = "Insufficient test accuracy data."
    elif done.is_best:
        verdict = f"Target Achieved: {100 * metrics.test_accuracy:.2f}% Test Accuracy!!"
    else:
        verdict = "Conditions not met for saving the model."
    return (
        f"Train ==> Epochs: {metrics.epoch} Batch:  {done.num_steps - 1} "
        f"loss: {done.last_loss} Accuracy: {100 * metrics.train_accuracy:.2f}%\n"
        f"Test ==> Epochs: {metrics.epoch} Batch:  {last_test_batch} "
        f"loss: {metrics.test_loss} Accuracy: {100 * metrics.test_accuracy:.2f}%\n"
        f"{verdict}\n"
        f"LR: {done.next_learning_rate}"
    )


def _seed_end(result: RunResult) -> str:
    rows = [epoch.metrics for epoch in result.epochs]
    return (
        f"Max Train Accuracy:  {max(row.train_accuracy for row in rows)}\n"
        f"Max Test Accuracy:  {max(row.test_accuracy for row in rows)}"
    )
