"""Run record: what a run's folder tells of it afterwards."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from mnistops.training.events import EpochMetrics
from mnistops.training.run_folder import read_record


@dataclass(frozen=True)
class RunRecord:
    """What is known of a run.

    Attributes:
        values: as run.json has them; any of them may be missing, or of another type.
        epochs: as metrics.csv has them; none where that is missing, or another kind of file.
    """

    values: Mapping[str, Any]
    epochs: tuple[EpochMetrics, ...]


def read_run(folder: Path) -> RunRecord | None:
    """What the files in a run's folder say; None where it is no run's."""
    values = read_record(folder)
    return RunRecord(values, _epochs(folder / "metrics.csv")) if values is not None else None


def _epochs(path: Path) -> tuple[EpochMetrics, ...]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return tuple(map(_metrics, csv.DictReader(file)))
    except (OSError, ValueError, TypeError, csv.Error):
        return ()


def _metrics(row: Mapping[str, str]) -> EpochMetrics:
    """A row of numbers.

    Raises:
        ValueError, TypeError: it is something else.
    """
    known = [field.name for field in fields(EpochMetrics)]
    values = {name: float(row[name]) for name in known if row.get(name) and name != "epoch"}
    if not all(map(math.isfinite, values.values())):
        raise ValueError("expected numbers")
    return EpochMetrics(int(row.get("epoch") or ""), **values)
