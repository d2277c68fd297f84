"""A run by its files: finished, half-way, from another version, or not a run at all."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistops.errors import BadInput, MissingInput
from mnistops.lock import LOCK, locked
from mnistops.runs.run import (
    BROKEN,
    KILLED,
    NO_RUN,
    Run,
    expect_run,
    outcome_of,
    read_metrics,
    read_run,
)
from tests.runs.made_runs import METRICS, RECORD, made_run

FOLDER = Path("runs/a")


def read() -> Run:
    return read_run(FOLDER, "a")


def test_a_run_that_is_done() -> None:
    made_run(FOLDER)
    assert read() == Run(
        FOLDER,
        "a",
        "done",
        None,
        datetime(2026, 11, 23, 2, 16, 30, 123456, UTC),
        "reference",
        5340,
        "one-cycle",
        0,
        "made",
        1000,
        2,
        2,
        "last",
        "none",
        0.993,
        7,
        61.4,
    )


def test_the_best_epoch_counts_where_one_was_chosen() -> None:
    made_run(FOLDER, best={"epoch": 0, "test_accuracy": 0.995}, selection="holdout")
    run = read()
    assert (run.result, run.accuracy, run.errors) == ("best", 0.995, 5)


def test_a_run_that_is_not_done_is_as_far_as_its_metrics() -> None:
    made_run(FOLDER, status="interrupted", num_epochs=9, final=None, time_seconds=None)
    run = read()
    assert (run.status, run.num_done, run.num_epochs) == ("interrupted", 2, 9)
    assert (run.result, run.accuracy, run.errors, run.time_seconds) == ("last", 0.993, 7, 4.75)


def test_a_run_that_has_only_begun() -> None:
    made_run(FOLDER, metrics=None, status="running", final=None, best=None, time_seconds=None)
    with locked(FOLDER):
        run = read()
    assert (run.status, run.num_done, run.accuracy, run.time_seconds) == ("running", 0, None, None)


def test_a_run_that_nobody_is_at_was_killed() -> None:
    made_run(FOLDER, status="running")
    assert read().status == KILLED
    (FOLDER / LOCK).write_text(str(2**22 + 1))  # more than Linux has
    assert read().status == KILLED


def test_a_run_of_a_study_counts_by_its_last_epoch() -> None:
    made_run(FOLDER, wrong=[1, 5, 999], best={"epoch": 0, "test_accuracy": 0.995})
    run = read()
    assert (run.result, run.accuracy, run.errors) == ("last", 0.997, 3)


def test_a_study_that_judged_nothing_sound_is_passed_over() -> None:
    made_run(FOLDER, wrong=[1])
    told = json.loads((FOLDER / "result.json").read_text())
    for change in (
        {"num_test": "x"},
        {"num_test": None},
        {"test_mistakes": [1000]},
        {"test_mistakes": [1, 1]},
        {"test_mistakes": ["a"]},
        {"test_mistakes": [-1]},
    ):
        (FOLDER / "result.json").write_text(json.dumps({**told, **change}))
        assert outcome_of(FOLDER) is None
        assert read().errors == 7
    (FOLDER / "result.json").write_text(json.dumps({**told, "num_test": 0, "test_mistakes": []}))
    assert read().errors == 7


def test_no_record_is_no_run() -> None:
    FOLDER.mkdir(parents=True)
    assert read() == Run(FOLDER, "a", NO_RUN)
    with pytest.raises(MissingInput, match=r"runs/a: expected a run folder with run\.json, got"):
        expect_run(FOLDER, "a")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"status": "do', "expected JSON, got something else"),
        ("[]", "expected a record, got list"),
    ],
)
def test_a_record_that_is_broken(text: str, problem: str) -> None:
    FOLDER.mkdir(parents=True)
    (FOLDER / "run.json").write_text(text)
    assert read() == Run(FOLDER, "a", BROKEN, problem)
    with pytest.raises(BadInput, match=rf"runs/a/run\.json: {problem}"):
        expect_run(FOLDER, "a")


def test_a_record_that_cannot_be_read() -> None:
    (FOLDER / "run.json").mkdir(parents=True)
    assert read().problem == "expected to read it, got: Is a directory"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
KEYS = st.sampled_from([*RECORD, "test_accuracy", "x"])


@given(st.dictionaries(KEYS, ANYTHING | st.dictionaries(KEYS, ANYTHING)), st.binary(max_size=80))
def test_any_record_and_any_metrics_are_read(record: dict[str, object], metrics: bytes) -> None:
    """Each value is of its type, or None."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "run.json").write_text(json.dumps(record))
    (FOLDER / "metrics.csv").write_bytes(b"epoch,test_accuracy,time_seconds\n" + metrics)
    run = read()
    assert run.num_params is None or type(run.num_params) is int
    assert run.network is None or type(run.network) is str
    assert run.accuracy is None or type(run.accuracy) is float
    assert run.begun is None or run.begun.tzinfo is UTC
    assert run.errors is None or type(run.errors) is int
    assert run.status in (record.get("status"), "unknown", BROKEN)


@pytest.mark.parametrize(
    ("changed", "metrics"),
    [
        ({"num_test": 10**400}, None),
        ({"time_seconds": 10**400}, None),
        ({"final": {"test_accuracy": -1e308}}, ""),
        ({"final": {"test_accuracy": 10**400}}, ""),
        ({"time_seconds": None}, "epoch,time_seconds\n0,1e308\n1,1e308\n"),
    ],
)
def test_numbers_without_measure_are_no_crash(
    changed: dict[str, object], metrics: str | None
) -> None:
    made_run(FOLDER, **{"metrics": METRICS if metrics is None else metrics, **changed})  # type: ignore[arg-type]
    run = read()
    assert run.errors is None or changed == {"time_seconds": 10**400}
    json.dumps([run.accuracy, run.time_seconds], allow_nan=False)


def test_metrics_are_numbers_or_nothing() -> None:
    made_run(FOLDER)
    assert read_metrics(FOLDER)[1] == {
        "epoch": 1.0,
        "test_loss": 0.25,
        "test_accuracy": 0.993,
        "time_seconds": 2.25,
    }
    (FOLDER / "metrics.csv").write_text("epoch,test_loss\n0,nan\n1\n2,3,4\n")
    assert read_metrics(FOLDER) == [
        {"epoch": 0.0, "test_loss": None},
        {"epoch": 1.0, "test_loss": None},
        {"epoch": 2.0, "test_loss": 3.0},
    ]
    (FOLDER / "metrics.csv").write_bytes(b"\xff")
    assert read_metrics(FOLDER) == []
    (FOLDER / "metrics.csv").unlink()
    assert read_metrics(FOLDER) == []
