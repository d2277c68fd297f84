"""The loop: epochs of steps, each epoch tested."""

import time
from collections.abc import Generator
from dataclasses import dataclass

from torch import Tensor, nn

from mnistops.data.augment import Warp
from mnistops.data.images import Splits
from mnistops.errors import NotFinite
from mnistops.evaluation import evaluate
from mnistops.settings.sections import TrainSettings
from mnistops.training.events import EpochDone, EpochMetrics, StepDone
from mnistops.training.randomness import Randomness
from mnistops.training.recipe import (
    Schedule,
    Selector,
    drops_last_batch,
    make_optimizer,
    make_schedule,
    selection_of,
)
from mnistops.training.step import TrainingStep, batches

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
    network: nn.Module,
    splits: Splits,
    settings: TrainSettings,
    learning_rate: float,
    random: Randomness,
) -> Generator[StepDone | EpochDone, None, None]:
    """Train a network in place; it is in evaluation mode whenever an epoch is done.

    Args:
        network: images (n, 1, H, W) to logits or log-probabilities, on the images' device.
        learning_rate: the peak of ``one-cycle``, the first of ``plateau``.

    Raises:
        NotFinite: the loss, or an output on test images, is no number any more.
    """
    drop_last = drops_last_batch(settings.recipe)
    whole, partial = divmod(len(splits.train), settings.batch_size)
    total_steps = settings.epochs * (whole + bool(partial and not drop_last))
    optimizer = make_optimizer(settings.recipe, network)
    schedule = make_schedule(settings.recipe, optimizer, learning_rate, total_steps)
    selector = Selector(selection_of(settings.recipe, settings.holdout), settings.target_accuracy)
    warp = Warp(settings.rotation, settings.distortion)
    step = TrainingStep(network, optimizer, splits.train, splits.normalization, warp, random)

    for epoch in range(settings.epochs):
        network.train()
        order = batches(splits.train, settings.batch_size, drop_last, random)
        trained = yield from _train(epoch, order, step, schedule)
        network.eval()
        test = evaluate(network, splits.test, splits.normalization)
        held = evaluate(network, splits.holdout, splits.normalization) if splits.holdout else None
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
            len(order),
            trained.last_loss,
            test.num_errors,
            selector.is_best(epoch, watched.accuracy),
            step.learning_rate,
        )


def _train(
    epoch: int, order: list[Tensor], step: TrainingStep, schedule: Schedule
) -> Generator[StepDone, None, _Trained]:
    """The steps of one epoch."""
    losses, num_right, num_seen = 0.0, 0, 0
    started = shown = time.perf_counter()
    for number, indices in enumerate(order):
        schedule.before_step(epoch * len(order) + number)
        try:
            loss, right = step(indices)
        except FloatingPointError as error:
            raise NotFinite(
                f"epoch {epoch}, step {number}: expected a number as the loss, got {error} "
                f"at learning rate {step.learning_rate:.4g}",
                "a lower --learning-rate may help",
            ) from None
        losses += loss * len(indices)
        num_right += right
        num_seen += len(indices)
        now = time.perf_counter()
        if now - shown > SECONDS_BETWEEN_EVENTS or number == len(order) - 1:
            shown = now
            mean, share = losses / num_seen, num_right / num_seen
            yield StepDone(epoch, number, len(order), mean, share, num_seen / (now - started))
    return _Trained(mean, share, loss, step.learning_rate, now - started)
