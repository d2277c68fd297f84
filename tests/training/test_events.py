"""What a run's result says of itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from mnistops.training.events import EpochDone, EpochMetrics, RunResult


def epoch(number: int, accuracy: float) -> EpochDone:
    return EpochDone(EpochMetrics(number, 0.1, 0.9, 0.1, accuracy, 0.1, 1.0), 4, 0.1, 5, False, 0.1)


RESULT = RunResult(
    Path("run"),
    "net",
    10,
    (epoch(0, 0.97), epoch(1, 0.96)),
    None,
    "none",
    0.1,
    None,
    0.965,
    2.0,
    True,
)


def test_the_last_epoch_is_final() -> None:
    assert RESULT.final.metrics.epoch == 1


@pytest.mark.parametrize(("target", "reached"), [(0.95, True), (0.96, True), (0.97, False)])
def test_the_last_epoch_is_held_against_the_target(target: float, reached: bool) -> None:
    assert replace(RESULT, target_accuracy=target).reaches_target == reached


def test_a_chosen_epoch_is_held_against_it_in_its_place() -> None:
    assert replace(RESULT, best=RESULT.epochs[0].metrics).reaches_target
