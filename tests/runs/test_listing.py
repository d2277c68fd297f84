"""Listing: all that is in a runs folder, in the order that is asked for."""

from pathlib import Path
from typing import get_args

import pytest

from mnistops.errors import MissingInput
from mnistops.runs.listing import find_run, list_runs
from mnistops.settings.runs import RunColumn
from tests.runs.made_runs import made_run

RUNS = Path("runs")


@pytest.fixture
def several() -> None:
    made_run(RUNS / "b", begun="2026-11-24T00:00:00+00:00", num_params=900, best=None)
    made_run(RUNS / "a", begun="2026-11-25T00:00:00+00:00", seed=3)
    made_run(RUNS / "c", metrics=None, final=None, status="running", time_seconds=None)
    study = RUNS / "s-study"
    made_run(study / "runs" / "x-seed0", wrong=[1, 2], network="small", recipe="plateau")
    (study / "study.json").write_text("{}")
    (study / "workers").mkdir()
    (RUNS / "other").mkdir()
    (RUNS / "other" / "config.toml").touch()
    (RUNS / "bad").mkdir()
    (RUNS / "bad" / "run.json").write_text("{")
    (RUNS / ".hidden").mkdir()
    (RUNS / "note.txt").touch()


def names(sort: RunColumn) -> list[str]:
    return [run.name for run in list_runs(RUNS, sort)]


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("begun", ["a", "b", "c", "s-study/runs/x-seed0", "bad", "other"]),
        ("run", ["a", "b", "bad", "c", "other", "s-study/runs/x-seed0"]),
        ("accuracy", ["s-study/runs/x-seed0", "a", "b", "bad", "c", "other"]),
        ("errors", ["s-study/runs/x-seed0", "a", "b", "bad", "c", "other"]),
        ("parameters", ["b", "a", "c", "s-study/runs/x-seed0", "bad", "other"]),
        ("seed", ["b", "c", "s-study/runs/x-seed0", "a", "bad", "other"]),
        ("network", ["a", "b", "c", "s-study/runs/x-seed0", "bad", "other"]),
        ("recipe", ["a", "b", "c", "s-study/runs/x-seed0", "bad", "other"]),
        ("status", ["bad", "a", "b", "s-study/runs/x-seed0", "c", "other"]),
        ("epochs", ["a", "b", "s-study/runs/x-seed0", "c", "bad", "other"]),
        ("time", ["a", "b", "s-study/runs/x-seed0", "bad", "c", "other"]),
    ],
)
def test_everything_is_listed_in_order_and_what_has_no_value_last(
    sort: RunColumn, first: list[str]
) -> None:
    assert names(sort) == first


@pytest.mark.parametrize("left", ["config.toml", "metrics.csv", "last.pt", "modelbest_0.9_1.pt"])
def test_what_is_left_of_a_run_is_listed(left: str) -> None:
    (RUNS / "a").mkdir(parents=True)
    (RUNS / "a" / left).touch()
    assert [(run.name, run.status) for run in list_runs(RUNS, "run")] == [("a", "no run")]


def test_what_other_commands_write_is_no_run() -> None:
    for name in ("test_error.png", "test_error.csv", "lr_range.csv", "net.onnx", "net.pt2"):
        (RUNS / "a").mkdir(parents=True, exist_ok=True)
        (RUNS / "a" / name).touch()
    (RUNS / "empty").mkdir()
    assert list_runs(RUNS, "run") == ()


def test_every_column_can_be_sorted_by() -> None:
    made_run(RUNS / "a")
    for column in get_args(RunColumn):
        assert names(column) == ["a"]


def test_times_are_compared_as_times() -> None:
    made_run(RUNS / "later", begun="2026-11-24T00:30:00+00:00")
    made_run(RUNS / "sooner", begun="2026-11-24T01:00:00+01:00")
    made_run(RUNS / "odd", begun="yesterday")
    assert names("begun") == ["later", "sooner", "odd"]


def test_where_there_is_nothing_nothing_is_listed() -> None:
    assert list_runs(RUNS, "begun") == ()
    RUNS.mkdir()
    assert list_runs(RUNS, "begun") == ()


def test_a_file_is_no_runs_folder() -> None:
    RUNS.touch()
    with pytest.raises(MissingInput, match="runs: expected a folder of runs, got: Not a directory"):
        list_runs(RUNS, "begun")


def test_a_study_without_runs_is_listed_as_no_run() -> None:
    for name in ("a", "b"):
        (RUNS / name).mkdir(parents=True)
        (RUNS / name / "study.json").write_text("{}")
    (RUNS / "a" / "runs").mkdir()
    assert [(run.name, run.status) for run in list_runs(RUNS, "run")] == [
        ("a", "no run"),
        ("b", "no run"),
    ]


@pytest.mark.usefixtures("several")
def test_a_run_is_found_by_its_folder_and_by_its_name() -> None:
    assert find_run(RUNS, "a") == RUNS / "a"
    assert find_run(RUNS, "runs/a") == RUNS / "a"
    assert find_run(RUNS, "s-study/runs/x-seed0") == RUNS / "s-study" / "runs" / "x-seed0"
    with pytest.raises(MissingInput, match="nothing: expected a run folder, or the name of one"):
        find_run(RUNS, "nothing")
