"""The outcome of one run of a study: how good its last epoch's weights are, image by image."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mnistops.disk import replace_file

RESULT = "result.json"


@dataclass(frozen=True)
class RunOutcome:
    """What a run came to: its last epoch, nothing chosen.

    Attributes:
        metrics: the last row of metrics.csv.
        num_test, num_holdout: images that it was judged on.
        test_mistakes, holdout_mistakes: which of them it takes for another class, in rising order.
        time_seconds: of the whole run.
    """

    num_params: int
    num_epochs: int
    learning_rate: float
    metrics: Mapping[str, Any]
    num_test: int
    test_mistakes: tuple[int, ...]
    num_holdout: int
    holdout_mistakes: tuple[int, ...]
    time_seconds: float

    @property
    def test_accuracy(self) -> float:
        """In 0..1."""
        return (self.num_test - len(self.test_mistakes)) / self.num_test

    @property
    def holdout_accuracy(self) -> float | None:
        """In 0..1; None without a hold-out."""
        if not self.num_holdout:
            return None
        return (self.num_holdout - len(self.holdout_mistakes)) / self.num_holdout


def write_outcome(folder: Path, outcome: RunOutcome) -> None:
    """Write result.json, which says by being there that the run is done."""
    text = json.dumps(asdict(outcome), allow_nan=False)
    replace_file(folder / RESULT, (text + "\n").encode())


def read_outcome(folder: Path) -> RunOutcome | None:
    """What result.json holds; None where there is none, or something else."""
    try:
        values = json.loads((folder / RESULT).read_bytes())
        mistakes = {key: tuple(values[key]) for key in ("test_mistakes", "holdout_mistakes")}
        return RunOutcome(**values | mistakes)
    except (OSError, ValueError, TypeError, KeyError):
        return None
