"""The loop: epochs of steps, each epoch tested."""

import time
from collections.abc import Generator
from dataclasses import dataclass

from mnistops.data.images import Splits
from mnistops.errors import NotFinite
from mnistops.evaluation import evaluate
from mnistops.settings.sections import TrainSettings
from mnistops.training.averaging import RunningMean
from mnistops.training.batches import Batch
from mnistops.training.engines import Workbench
from mnistops.training.events import EpochDone, EpochMetrics, StepDone
from mnistops.training.randomness import Randomness
from mnistops.training.recipe import (
    Schedule,
    Selector,
    make_optimizer,
    make_schedule,
    selection_of,
)
from mnistops.training.step import Engine, TrainingStep

# Often enough for an eye, seldom enough to cost nothing.
SECONDS_BETWEEN_EVENTS = 0.2


@dataclass(frozen=True)
class _Trained:
    """An epoch's training: means over its images, and of its last step the loss and the rate."""

    loss: float
    accuracy: float
    last_loss: float
    learning_rate: float
    seconds: float


def fit(
    bench: Workbench,
    engine: Engine,
    result: RunningMean,
    splits: Splits,
    settings: TrainSettings,
    learning_rate: float,
    random: Randomness,
) -> Generator[StepDone | EpochDone, None, None]:
    """Train the bench's network in place; it is in evaluation mode whenever an epoch is done.

    Args:
        engine: one of the bench's.
        result: of the bench's network; it is what is tested after each epoch.
        learning_rate: the peak of ``one-cycle``, the first of ``plateau``.

    Raises:
        NotFinite: the loss, or an output on test images, is no number any more.
    """
    network = bench.classifier.module
    optimizer = make_optimizer(network, nesterov=settings.recipe == "one-cycle")
    total_steps = settings.epochs * bench.num_steps
    schedule = make_schedule(settings.recipe, optimizer, learning_rate, total_steps)
    selector = Selector(selection_of(settings.recipe, settings.holdout), settings.target_accuracy)
    step = TrainingStep(engine, optimizer)
    outputs = engine.outputs_of(result.network)
    for epoch in range(settings.epochs):
        network.train()
        trained = yield from _train(epoch, bench.epoch(random), step, schedule, result)
        network.eval()
        test = evaluate(result.network, splits.test, splits.normalization, outputs)
        held = None
        if splits.holdout:
            held = evaluate(result.network, splits.holdout, splits.normalization, outputs)
        watched = held or test
        schedule.after_epoch(watched.loss)
        yield EpochDone(
            EpochMetrics(
                epoch,
                trained.loss,
                trained.accuracy,
                test.loss,
                test.accuracy,
                trained.learning_rate,
                trained.seconds,
                held.loss if held else None,
                held.accuracy if held else None,
            ),
            bench.num_steps,
            trained.last_loss,
            test.num_errors,
            selector.is_best(epoch, watched.accuracy),
            step.learning_rate,
        )


def _train(
    epoch: int,
    order: list[Batch],
    step: TrainingStep,
    schedule: Schedule,
    result: RunningMean,
) -> Generator[StepDone, None, _Trained]:
    """The steps of one epoch."""
    losses, num_right, num_seen = 0.0, 0, 0
    started = shown = time.perf_counter()
    for number, batch in enumerate(order):
        schedule.before_step(epoch * len(order) + number)
        try:
            loss, right = step(batch)
        except FloatingPointError as error:
            raise NotFinite(
                f"epoch {epoch}, step {number}: expected a number as the loss, got {error} "
                f"at learning rate {step.learning_rate:.4g}",
                "a lower --learning-rate may help",
            ) from None
        result.after_step()
        losses += loss * len(batch)
        num_right += right
        num_seen += len(batch)
        now = time.perf_counter()
        if now - shown > SECONDS_BETWEEN_EVENTS or number == len(order) - 1:
            shown = now
            mean, share = losses / num_seen, num_right / num_seen
            yield StepDone(epoch, number, len(order), mean, share, num_seen / (now - started))
    return _Trained(mean, share, loss, step.learning_rate, now - started)
