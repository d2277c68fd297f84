"""The loop: epochs of steps, each epoch tested."""

import time
from collections.abc import Generator

from mnistops.data.images import ImageSet, Splits
from mnistops.errors import NotFinite
from mnistops.evaluation import BatchEvaluated, EvaluationResult, evaluate_in_batches
from mnistops.training.engines import Workbench
from mnistops.training.events import EpochDone, EpochMetrics, StepDone
from mnistops.training.state import Training
from mnistops.training.steps import Diverged
from mnistops.training.tally import Tally

# Often enough for an eye, seldom enough to cost nothing.
SECONDS_BETWEEN_EVENTS = 0.2

LoopEvent = StepDone | BatchEvaluated | EpochDone


def fit(
    bench: Workbench,
    training: Training,
    splits: Splits,
    num_epochs: int,
) -> Generator[LoopEvent, None, None]:
    """Train the bench's network in place, from where the training stands.

    The network is in evaluation mode whenever an epoch is done. What is tested is the training's
    mean.

    Raises:
        NotFinite: the loss, or an output on test images, is no number any more.
    """

    def tested(images: ImageSet) -> Generator[BatchEvaluated, None, EvaluationResult]:
        return evaluate_in_batches(
            training.mean.network, images, splits.normalization, outputs_of=training.outputs_of
        )

    while training.epoch < num_epochs:
        training.network.train()
        trained, rate = yield from _train(bench, training)
        training.network.eval()
        test = yield from tested(splits.test)
        held = (yield from tested(splits.holdout)) if splits.holdout else None
        watched = held or test
        training.schedule.after_epoch(watched.loss)
        done = EpochDone(
            EpochMetrics(
                training.epoch,
                trained.loss,
                trained.accuracy,
                test.loss,
                test.accuracy,
                rate,
                trained.seconds,
                held.loss if held else None,
                held.accuracy if held else None,
            ),
            bench.num_steps,
            trained.last_loss,
            test.num_errors,
            training.selector.is_best(training.epoch, watched.accuracy),
            training.schedule.rate((training.epoch + 1) * bench.num_steps - 1),
        )
        training.end_epoch(done)
        yield done


def _train(bench: Workbench, training: Training) -> Generator[StepDone, None, tuple[Tally, float]]:
    """The steps of the epoch that are left; what it came to, and the rate of the last step."""
    epoch, num_steps, steps = training.epoch, bench.num_steps, training.steps
    batches = training.draw_epoch(bench)
    rates = [training.schedule.rate(epoch * num_steps + step) for step in range(num_steps)]
    steps.begin(batches, rates, training.tally)
    started, num_before = time.perf_counter(), training.tally.num_images
    shown, step = started, training.step
    while step < num_steps:
        try:
            steps.run(step, count := min(steps.at_once, num_steps - step))
            step += count
            now = time.perf_counter()
            if now - shown <= SECONDS_BETWEEN_EVENTS and step < num_steps:
                continue
            tally = steps.tally()
        except Diverged as error:
            raise NotFinite(
                f"epoch {epoch}, step {error.number}: expected a number as the loss, got "
                f"{error.loss} at learning rate {error.learning_rate:.4g}",
                "a lower --learning-rate may help",
            ) from None
        training.step, training.tally, shown = step, tally, now
        speed = (tally.num_images - num_before) / (time.perf_counter() - started)
        yield StepDone(epoch, step - 1, num_steps, tally.loss, tally.accuracy, speed)
    return training.tally, rates[-1]
