"""``mnistops runs list|show|compare``: what they write where, and how they end."""

import csv
import json
from pathlib import Path

import pytest

from tests.running import Run
from tests.runs.made_runs import made_run

RUNS = Path("runs")


@pytest.fixture(autouse=True)
def several() -> None:
    made_run(RUNS / "a", wrong=list(range(30)))
    made_run(RUNS / "b", wrong=list(range(20, 35)), num_params=940, seed=1)
    (RUNS / "bad").mkdir()
    (RUNS / "bad" / "run.json").write_text("{")


def test_list(command: Run) -> None:
    outcome = command("runs", "list")
    assert (outcome.code, outcome.err) == (0, "")
    rows = [line.split() for line in outcome.out.splitlines()]
    assert [row[0] for row in rows[2:5]] == ["a", "b", "bad"]
    listed = json.loads(command("runs", "list", "--sort", "errors", "--format", "json").out)
    assert [run["errors"] for run in listed] == [15, 30, None]


def test_another_runs_folder(command: Run) -> None:
    outcome = command("runs", "list", "--runs-dir", "elsewhere", "--format", "csv")
    assert (outcome.code, outcome.out) == (0, "folder,name\n")
    assert not Path("elsewhere").exists()


@pytest.mark.parametrize("name", ["a", "runs/a"])
def test_show(command: Run, name: str) -> None:
    outcome = command("runs", "show", name)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("runs/a\n") and "train.epochs  2" in outcome.out
    assert command("runs", "show", name, "--format", "json").code == 0


def test_compare(command: Run) -> None:
    outcome = command("runs", "compare", "a", "b", "--out", "out")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("2 runs on the 1,000 test images of made\n")
    assert "figures: out/curves.png, out/sizes.png" in outcome.out
    assert {path.name for path in Path("out").iterdir()} == {"curves.png", "sizes.png"}
    (pair,) = json.loads(command("runs", "compare", "a", "b", "--format", "json").out)["pairs"]
    assert pair["better"] == "b"
    (folder,) = (path for path in RUNS.iterdir() if path.name.endswith("-compare"))
    assert (folder / "curves.png").exists()
    table = command("runs", "compare", "a", "b", "--format", "csv", "--out", "out").out
    assert [row["first"] for row in csv.DictReader(table.splitlines())] == ["a"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("list", "--sort", "acuracy"), 2, "--sort: expected begun, run, status"),
        (("list", "--runs-dir", "runs/a/run.json"), 66, "runs/a/run.json: expected a folder of"),
        (("show",), 2, "RUN: expected a value, got none"),
        (("show", "none"), 66, "none: expected a run folder, or the name of one in runs"),
        (("show", "bad"), 65, "runs/bad/run.json: expected JSON"),
        (("compare",), 2, "RUN: expected a value, got none"),
        (("compare", "a"), 2, "runs compare: expected two runs or more, each once, got 1"),
        (("compare", "a", "bad"), 65, "runs/bad/run.json: expected JSON"),
        (("compare", "a", "b", "--out", "runs/a/run.json"), 73, "runs/a/run.json: expected to"),
        (("lst",), 2, "lst: expected a command of `mnistops runs`"),
    ],
)
def test_bad_input(command: Run, arguments: tuple[str, ...], code: int, message: str) -> None:
    outcome = command("runs", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith(f"error: {message}"), outcome.err
    assert len(list(RUNS.iterdir())) == 3


def test_help_names_the_columns(command: Run) -> None:
    text = " ".join(command("runs", "list", "--help").out.replace("│", " ").split())
    assert "MNISTOPS_RUNS__SORT" in text and "accuracy" in text
    assert "RUN" in command("runs", "show", "--help").out
    assert "compare" in command("runs").out
