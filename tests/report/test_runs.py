"""Runs that were as a table; one run as all that its files tell."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from mnistops.report.grid import Grid
from mnistops.report.publish import publish
from mnistops.report.runs import duration, list_report, show_report
from mnistops.runs.details import show_run
from mnistops.runs.listing import list_runs
from tests.runs.made_runs import made_run

RUNS = Path("runs")


def table() -> Grid:
    (grid,) = list_report(list_runs(RUNS, "run"), RUNS).grids
    return grid


def test_a_row_for_each_run() -> None:
    made_run(RUNS / "a", begun=None)
    made_run(RUNS / "b", num_epochs=1234, status="interrupted", begun=None)
    made_run(RUNS / "c", metrics=None, begun=None, final=None, time_seconds=None)
    assert table().rows == (
        ("a", "done", "reference", "5,340", "one-cycle", "0", "2", "99.30 %", "7",
         "1 min 01 s", "-"),
        ("b", "interrupted", "reference", "5,340", "one-cycle", "0", "2 of 1,234", "99.30 %", "7",
         "1 min 01 s", "-"),
        ("c", "done", "reference", "5,340", "one-cycle", "0", "0 of 2", "-", "-", "-", "-"),
    )  # fmt: skip
    assert table().notes == ()


def test_the_images_are_told_where_they_differ() -> None:
    made_run(RUNS / "a")
    assert "data" not in [column.title for column in table().columns]
    made_run(RUNS / "b", dataset="/somewhere/shapes")
    titles = [column.title for column in table().columns]
    assert [row[titles.index("data")] for row in table().rows] == ["made", "shapes"]


def test_the_time_is_the_one_here() -> None:
    made_run(RUNS / "a")
    assert table().rows[0][-1].startswith("2026-11-2")


def test_what_was_chosen_on_test_is_marked() -> None:
    made_run(RUNS / "a", selection="test")
    made_run(RUNS / "b", selection="holdout")
    made_run(RUNS / "c", selection="test", metrics=None, final=None)
    assert [row[7] for row in table().rows] == ["99.30 %*", "99.30 %", "-"]
    assert table().notes == ("*: what this run chose, it chose by test, which flatters it there",)


def test_what_is_broken_is_said_to_be() -> None:
    (RUNS / "\x1b[31m").mkdir(parents=True)
    (RUNS / "\x1b[31m" / "run.json").write_text("{")
    (RUNS / "other").mkdir()
    (RUNS / "other" / "config.toml").touch()
    first, second = table().rows
    assert first[:3] == ("\\x1b[31m", "broken", "-")
    assert second[:3] == ("other", "no run", "-")
    assert table().notes == ("broken: runs/\\x1b[31m/run.json: expected JSON, got something else",)


def test_no_runs_are_said_to_be_none() -> None:
    assert table().notes == ("no runs in runs: `mnistops train` makes one",)


def test_json_and_csv_have_plain_values(capsys: pytest.CaptureFixture[str]) -> None:
    made_run(RUNS / "a")
    (RUNS / "other").mkdir()
    (RUNS / "other" / "config.toml").touch()
    report = list_report(list_runs(RUNS, "run"), RUNS)
    publish(report, "json")
    first, second = json.loads(capsys.readouterr().out)
    assert (first["folder"], first["begun"]) == ("runs/a", "2026-11-23T02:16:30.123456+00:00")
    assert (first["accuracy"], first["errors"], first["num_params"]) == (0.993, 7, 5340)
    assert (second["status"], second["begun"], second["accuracy"]) == ("no run", None, None)
    publish(report, "csv")
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["name"] for row in rows] == ["a", "other"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"), (0.04, "0.0 s"), (2.94, "2.9 s"), (9.96, "10 s"), (59.4, "59 s"),
        (59.6, "1 min 00 s"), (187, "3 min 07 s"), (3599.9, "1 h 00 min"), (7500, "2 h 05 min"),
    ],
)  # fmt: skip
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def shown(**changed: Any) -> tuple[Grid, ...]:
    made_run(RUNS / "a", **changed)
    (RUNS / "a" / "last.pt").touch()
    return show_report(show_run(RUNS, "a")).grids


def test_a_run_is_shown_whole() -> None:
    facts, settings, epochs = shown(best={"epoch": 1, "test_loss": 0.5, "holdout_loss": None})
    rows = {row[0]: row[1] for row in facts.rows}
    assert rows["num params"] == "5,340" and rows["seed"] == "0"
    assert rows["versions torch"] == "2.10"
    assert rows["final test accuracy"] == "99.30 %" and rows["final test errors"] == "7"
    assert rows["best epoch"] == "1"
    assert "best test loss" not in rows and "best holdout loss" not in rows
    assert rows["time seconds"] == "1 min 01 s"
    assert facts.title == "runs/a" and facts.notes == ("checkpoints: last.pt",)
    assert settings.rows == (("train.epochs", "2"),)
    assert epochs.rows == (
        ("0", "0.5000", "90.00 %", "2.5 s"),
        ("1", "0.2500", "99.30 %", "2.2 s"),
    )


def test_odd_values_are_shown_as_they_are() -> None:
    facts, *_ = shown(seed=1234, odd=True, none="\x1b", number=0.000012345678, list=[1])
    rows = {row[0]: row[1] for row in facts.rows}
    assert (rows["seed"], rows["odd"], rows["none"]) == ("1234", "yes", "\\x1b")
    assert (rows["number"], rows["list"]) == ("1.23457e-05", "[1]")


def test_a_run_without_settings_or_epochs() -> None:
    made_run(RUNS / "a", metrics=None)
    (RUNS / "a" / "config.toml").unlink()
    report = show_report(show_run(RUNS, "a"))
    _, settings = report.grids
    assert settings.rows == ()
    assert settings.notes == ("config.toml: expected settings, got none that can be read",)
    assert report.document["settings"] is None


def test_json_of_a_run_has_all(capsys: pytest.CaptureFixture[str]) -> None:
    made_run(RUNS / "a")
    report = show_report(show_run(RUNS, "a"))
    publish(report, "json")
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["folder", "record", "settings", "metrics", "checkpoints"]
    assert told["record"]["num_params"] == 5340 and told["settings"]["train.epochs"] == 2
    publish(report, "csv")
    assert capsys.readouterr().out.splitlines()[0] == "epoch,test_loss,test_accuracy,time_seconds"
