"""Outcomes: there whole, or not at all."""

import json
from pathlib import Path

import pytest

from mnistops.studies.outcome import RESULT, read_outcome, write_outcome
from tests.study_runs import made_outcome


def test_what_is_written_is_read() -> None:
    outcome = made_outcome([3, 7], [1], num_holdout=50)
    write_outcome(Path(), outcome)
    assert read_outcome(Path()) == outcome


def test_accuracies() -> None:
    outcome = made_outcome([3, 7], [1], num_holdout=50)
    assert (outcome.test_accuracy, outcome.holdout_accuracy) == (0.98, 0.98)
    assert made_outcome([3]).holdout_accuracy is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"test_mistakes": 3}', "\xff"])
def test_anything_else_is_none(text: str) -> None:
    assert read_outcome(Path("nowhere")) is None
    Path(RESULT).write_text(text)
    assert read_outcome(Path()) is None


def test_a_file_of_other_fields_is_none() -> None:
    write_outcome(Path(), made_outcome())
    values = json.loads(Path(RESULT).read_text())
    Path(RESULT).write_text(json.dumps({**values, "more": 1}))
    assert read_outcome(Path()) is None
