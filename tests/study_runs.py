"""Studies without training: outcomes that tests make, and workers that have theirs at once."""

import json
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from mnistops.settings import Settings
from mnistops.studies.outcome import RunOutcome, write_outcome
from mnistops.studies.pool import Job, JobBegun, JobDied, JobDone, PoolEvent
from mnistops.studies.results import GroupResult, RunRow
from mnistops.studies.statistics import spread_of


def made_outcome(
    test_mistakes: Sequence[int] = (),
    holdout_mistakes: Sequence[int] = (),
    num_holdout: int = 0,
    num_test: int = 100,
) -> RunOutcome:
    return RunOutcome(
        5340,
        2,
        0.3,
        {"train_loss": 0.25, "train_accuracy": 0.9375},
        num_test,
        tuple(test_mistakes),
        num_holdout,
        tuple(holdout_mistakes),
        1.5,
    )


def made_group(
    name: str,
    errors: Sequence[int],
    holdout_errors: Sequence[int] | None = None,
    recipe: str = "one-cycle",
) -> GroupResult:
    """A group of runs with so many errors of 1000 test images, and of 500 held-out ones."""
    held: Sequence[int | None] = holdout_errors or [None] * len(errors)
    rows = tuple(
        RunRow(
            name,
            seed,
            None if wrong is None else seed,
            5340,
            15,
            0.3,
            0.25,
            0.9375,
            wrong,
            None if wrong is None else (500 - wrong) / 500,
            errors[seed],
            (1000 - errors[seed]) / 1000,
            61.5,
            f"runs/study/runs/{name}-seed{seed}",
        )
        for seed, wrong in enumerate(held)
    )
    accuracies = [row.holdout_accuracy for row in rows if row.holdout_accuracy is not None]
    return GroupResult(
        name,
        recipe,
        5340,
        15,
        rows,
        None if holdout_errors is None else spread_of(accuracies),
        spread_of([row.test_accuracy for row in rows]),
    )


Work = Callable[[Settings], RunOutcome | str | None]
"""What a worker makes of its run: an outcome, how it dies, or nothing at all."""


class InstantPool:
    """Takes the place of `mnistops.studies.pool.keep_busy`: does each job in this process.

    Attributes:
        done: the jobs that were begun, by name.
    """

    def __init__(self, work: Work) -> None:
        self._work, self.done = work, list[str]()

    def __call__(
        self, jobs: Sequence[Job], cores: Sequence[int | None]
    ) -> Generator[PoolEvent, None, None]:
        assert cores
        for job in jobs:
            self.done.append(job.name)
            yield JobBegun(job, 1)
            settings = Settings(**json.loads(Path(job.arguments[-1]).read_bytes()))
            outcome = self._work(settings)
            if isinstance(outcome, str):
                yield JobDied(job, outcome, is_given_up=False)
                yield JobBegun(job, 2)
                yield JobDied(job, outcome, is_given_up=True)
                continue
            if outcome is not None:
                assert settings.train.run_dir is not None
                settings.train.run_dir.mkdir()
                write_outcome(settings.train.run_dir, outcome)
            yield JobDone(job)
