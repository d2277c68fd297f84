"""Run: what a run's folder tells of it, whatever state it is in."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from mnistops.errors import BadInput, MissingInput
from mnistops.lock import is_held
from mnistops.studies.outcome import RunOutcome, read_outcome
from mnistops.training.run_folder import RECORD, read_record

Metrics = Mapping[str, float | None]
"""A row of metrics.csv by its columns; None for what is no number."""

Kind = TypeVar("Kind", int, str)

BROKEN, NO_RUN, KILLED = "broken", "no run", "killed"


@dataclass(frozen=True)
class Run:
    """A run by its files; None is what they do not tell.

    Attributes:
        name: of the folder, below the folder of all runs.
        status: running, done, interrupted, ...; `KILLED` where it says running and nobody is at it,
            `BROKEN` where run.json cannot be read, `NO_RUN` where there is none.
        problem: of run.json, where it is broken.
        begun: when, in UTC.
        num_epochs: that were asked for.
        num_done: epochs that are done.
        result: the epoch that counts: the best, where one was chosen, else the last.
        selection: what the best was chosen by.
        accuracy, errors: of the result, on test.
        time_seconds: of the whole run; of its epochs' training, where it did not come to its end.
    """

    folder: Path
    name: str
    status: str
    problem: str | None = None
    begun: datetime | None = None
    network: str | None = None
    num_params: int | None = None
    recipe: str | None = None
    seed: int | None = None
    dataset: str | None = None
    num_test: int | None = None
    num_epochs: int | None = None
    num_done: int | None = None
    result: Literal["best", "last"] | None = None
    selection: str | None = None
    accuracy: float | None = None
    errors: int | None = None
    time_seconds: float | None = None


def read_run(folder: Path, name: str) -> Run:
    """What the folder tells; nothing in it is an error."""
    try:
        record = read_record(folder)
    except FileNotFoundError:
        return Run(folder, name, NO_RUN)
    except (OSError, ValueError) as error:
        told = (
            f"expected to read it, got: {error.strerror}" if isinstance(error, OSError) else error
        )
        return Run(folder, name, BROKEN, str(told))
    metrics = read_metrics(folder)
    num_test = _get(record, "num_test", int)
    result, accuracy, errors = _result(record, metrics, outcome_of(folder), num_test)
    return Run(
        folder,
        name,
        _status(folder, record),
        None,
        time_of(_get(record, "begun", str)),
        _get(record, "network", str),
        _get(record, "num_params", int),
        _get(record, "recipe", str),
        _get(record, "seed", int),
        _get(record, "dataset", str),
        num_test,
        _get(record, "num_epochs", int),
        len(metrics),
        result,
        _get(record, "selection", str),
        accuracy,
        errors,
        number(record.get("time_seconds")) or _sum(metrics, "time_seconds"),
    )


def expect_run(folder: Path, name: str) -> Run:
    """What the folder of a run tells.

    Raises:
        MissingInput: it is no run's.
        BadInput: its record cannot be read.
    """
    run = read_run(folder, name)
    if run.status == NO_RUN:
        raise MissingInput(f"{folder}: expected a run folder with {RECORD}, got none")
    if run.problem is not None:
        raise BadInput(f"{folder / RECORD}: {run.problem}")
    return run


def read_metrics(folder: Path) -> list[Metrics]:
    """The rows of metrics.csv; none where there is none, or another file."""
    try:
        text = (folder / "metrics.csv").read_text(encoding="utf-8")
        rows = list(csv.DictReader(text.splitlines()))
    except (OSError, ValueError, csv.Error):
        return []
    return [{key: _parsed(value) for key, value in row.items() if key} for row in rows]


def outcome_of(folder: Path) -> RunOutcome | None:
    """What a run of a study was judged by; None where there is nothing, or nothing sound."""
    outcome = read_outcome(folder)
    if outcome is None or type(outcome.num_test) is not int:
        return None
    wrong = outcome.test_mistakes
    is_sound = all(type(index) is int and 0 <= index < outcome.num_test for index in wrong)
    return outcome if is_sound and len(set(wrong)) == len(wrong) else None


def _result(
    record: Mapping[str, Any],
    metrics: list[Metrics],
    outcome: RunOutcome | None,
    num_test: int | None,
) -> tuple[Literal["best", "last"] | None, float | None, int | None]:
    """What counts, its accuracy on test, and its errors there."""
    if outcome is not None and outcome.num_test:
        # A study judges by the last epoch, whatever its run kept as the best.
        return "last", outcome.test_accuracy, len(outcome.test_mistakes)
    last: object = metrics[-1] if metrics else record.get("final")
    best = record.get("best")
    result: Literal["best", "last"] = "best" if isinstance(best, dict) else "last"
    held = best if isinstance(best, dict) else last
    accuracy = number(held.get("test_accuracy")) if isinstance(held, Mapping) else None
    if accuracy is None or not 0 <= accuracy <= 1:
        return None, None, None
    count = number(num_test)
    return result, accuracy, None if count is None else round((1 - accuracy) * count)


def _status(folder: Path, record: Mapping[str, Any]) -> str:
    status = _get(record, "status", str) or "unknown"
    return KILLED if status == "running" and not is_held(folder) else status


def _get(record: Mapping[str, Any], key: str, kind: type[Kind]) -> Kind | None:
    value = record.get(key)
    return value if type(value) is kind else None


def time_of(text: str | None) -> datetime | None:
    """In UTC, where the text tells one."""
    try:
        return datetime.fromisoformat(text or "").astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def number(value: object) -> float | None:
    """The value, where it is a number that a float holds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # a whole number too large for a float
        return None


def _parsed(text: object) -> float | None:
    try:
        return number(float(str(text)))
    except ValueError:
        return None


def _sum(metrics: list[Metrics], key: str) -> float | None:
    values = [value for row in metrics if (value := row.get(key)) is not None]
    return number(sum(values)) if values else None
