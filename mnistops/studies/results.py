"""What a study came to: its groups, how they compare, and the runs that are missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Literal

import numpy as np

from mnistops.studies.outcome import RunOutcome
from mnistops.studies.plan import Group, PlannedRun
from mnistops.studies.statistics import Interval, Spread, Wrong, compare, spread_of

Judge = Literal["holdout", "test"]


@dataclass(frozen=True)
class RunRow:
    """A run that is done, as a row of study.csv; accuracies in 0..1."""

    group: str
    seed: int
    holdout_fold: int | None
    num_params: int
    epochs: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    holdout_errors: int | None
    holdout_accuracy: float | None
    test_errors: int
    test_accuracy: float
    time_seconds: float
    run_folder: str


@dataclass(frozen=True)
class GroupResult:
    """Runs that differ in their seed alone.

    Attributes:
        recipe: that all of them follow.
        rows: of those that are done, by rising seed.
        holdout: of the accuracies; None without a hold-out.
        test: of the accuracies.
    """

    name: str
    recipe: str
    num_params: int
    num_epochs: int
    rows: tuple[RunRow, ...]
    holdout: Spread | None
    test: Spread

    @property
    def judged(self) -> Spread:
        """On the hold-out where there is one, else on test."""
        return self.holdout or self.test


@dataclass(frozen=True)
class Comparison:
    """One group held against another, over the seeds that both have.

    Attributes:
        on: the images that they are judged on.
        difference: of the mean accuracies, a's less b's.
        interval: that holds it with 95 % confidence; None of a single seed.
        winner: the better one where the interval leaves no room for there being none.
    """

    a: str
    b: str
    on: Judge
    difference: float
    interval: Interval | None
    winner: str | None


@dataclass(frozen=True)
class MissingRun:
    """A run that could not be had, and why."""

    group: str
    seed: int
    reason: str


@dataclass(frozen=True)
class StudyResult:
    """All that a study came to.

    Attributes:
        folder: the study's.
        judged_on: what groups are compared on.
    """

    folder: Path
    groups: tuple[GroupResult, ...]
    comparisons: tuple[Comparison, ...]
    judged_on: Judge
    missing: tuple[MissingRun, ...]

    @property
    def rows(self) -> tuple[RunRow, ...]:
        """Every run that is done, group by group."""
        return tuple(row for group in self.groups for row in group.rows)


def row_of(run: PlannedRun, outcome: RunOutcome, folder: Path) -> RunRow:
    """A run that is done, as a row."""
    has_holdout = outcome.num_holdout > 0
    return RunRow(
        run.group,
        run.seed,
        run.fold if has_holdout else None,
        outcome.num_params,
        outcome.num_epochs,
        outcome.learning_rate,
        outcome.metrics["train_loss"],
        outcome.metrics["train_accuracy"],
        len(outcome.holdout_mistakes) if has_holdout else None,
        outcome.holdout_accuracy,
        len(outcome.test_mistakes),
        outcome.test_accuracy,
        outcome.time_seconds,
        str(folder),
    )


def group_result(group: Group, num_params: int, rows: Sequence[RunRow]) -> GroupResult:
    """What is known of a group.

    Args:
        rows: of its runs, by rising seed.
    """
    held = [row.holdout_accuracy for row in rows if row.holdout_accuracy is not None]
    train = group.settings.train
    return GroupResult(
        group.name,
        train.recipe,
        num_params,
        train.epochs,
        tuple(rows),
        spread_of(held) if train.holdout else None,
        spread_of([row.test_accuracy for row in rows]),
    )


def compare_groups(
    groups: Sequence[GroupResult], outcomes: Mapping[tuple[str, int], RunOutcome], on: Judge
) -> tuple[Comparison, ...]:
    """Two groups with each other; of more, the best with each of the others.

    Args:
        outcomes: by group and seed.
    """
    able = [group for group in groups if group.judged.mean is not None]
    if len(able) > 2:
        best = max(able, key=lambda group: group.judged.mean or 0.0)
        pairs = [(best, other) for other in able if other is not best]
    else:
        pairs = list(combinations(able, 2))
    compared = (_compare(one, other, outcomes, on) for one, other in pairs)
    return tuple(comparison for comparison in compared if comparison is not None)


def _compare(
    one: GroupResult,
    other: GroupResult,
    outcomes: Mapping[tuple[str, int], RunOutcome],
    on: Judge,
) -> Comparison | None:
    shared = [row for row in one.rows if (other.name, row.seed) in outcomes]
    if not shared:
        return None
    wrong, others_wrong = (
        np.stack([_wrong(outcomes[group.name, row.seed], on) for row in shared])
        for group in (one, other)
    )
    # Without a hold-out all seeds are judged on the same images.
    folds = [row.holdout_fold or 0 for row in shared]
    difference = compare(wrong, others_wrong, folds)
    better = one if difference.value > 0 else other
    return Comparison(
        one.name,
        other.name,
        on,
        difference.value,
        difference.interval,
        better.name if difference.is_shown else None,
    )


def _wrong(outcome: RunOutcome, on: Judge) -> Wrong:
    """Which images the run mistakes, (N,)."""
    on_holdout = on == "holdout"
    wrong = np.zeros(outcome.num_holdout if on_holdout else outcome.num_test, np.bool_)
    wrong[list(outcome.holdout_mistakes if on_holdout else outcome.test_mistakes)] = True
    return wrong
