"""``mnistops bench``: its result, its chart, and what it does without."""

import csv
import json
import sys
from io import StringIO
from pathlib import Path

import pytest

from mnistops.benchmark import bench as benches
from mnistops.benchmark.machine import Machine
from tests.made_data import write_dataset
from tests.running import Run

QUICK = ("--dataset", "made", "--batch-size", "16", "--seconds", "0.01", "--engines", "eager")


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset(Path("made"), 120, 50)
    monkeypatch.setattr(benches, "measure_machine", lambda _: Machine(2e11, 4e10))


def test_json_is_one_object_with_these_keys(command: Run) -> None:
    outcome = command("bench", *QUICK, "--out", "here", "--format", "json")
    assert outcome.code == 0
    result = json.loads(outcome.out)
    assert list(result) == ["pipelines", "ratio_best_to_reference"]
    names = ["reference (0 workers)", "reference (2 workers)", "eager"]
    assert [row["name"] for row in result["pipelines"]] == names
    for row in result["pipelines"]:
        assert list(row) == [
            "name",
            "device",
            "images_per_second",
            "seconds_per_epoch",
            "compile_seconds",
            "share_of_limit",
        ]
    rates = [row["images_per_second"] for row in result["pipelines"]]
    assert result["ratio_best_to_reference"] == pytest.approx(rates[2] / max(rates[:2]))
    assert Path("here/bench.png").read_bytes().startswith(b"\x89PNG")


def test_stdout_holds_the_table_and_stderr_the_way_to_it(command: Run) -> None:
    outcome = command("bench", *QUICK, "--out", "here")
    assert outcome.out.startswith("reference, 5,340 parameters, on cpu (")
    assert "\neager  " in outcome.out
    assert outcome.out.endswith("chart: here/bench.png\n")
    assert outcome.err.splitlines()[1:] == [
        "ready: reference (0 workers)",
        "ready: reference (2 workers)",
        "ready: eager",
        "timing, 15 turns",
    ]


def test_without_a_folder_it_makes_one_among_the_runs(command: Run) -> None:
    outcome = command("bench", *QUICK, "--format", "csv")
    (folder,) = Path("runs").iterdir()
    assert folder.name.endswith("-bench")
    assert [path.name for path in folder.iterdir()] == ["bench.png"]
    assert len(list(csv.DictReader(StringIO(outcome.out)))) == 3


def test_a_chart_can_be_named(command: Run) -> None:
    outcome = command("bench", *QUICK, "--chart", "a/speed.png")
    assert Path("a/speed.png").read_bytes().startswith(b"\x89PNG")
    assert outcome.out.endswith("chart: a/speed.png\n")
    assert not Path("runs").exists()


def test_without_torchvision_it_says_so_and_measures_the_rest(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    outcome = command("bench", *QUICK, "--format", "json")
    result = json.loads(outcome.out)
    assert [row["name"] for row in result["pipelines"]] == ["eager"]
    assert result["ratio_best_to_reference"] is None
    words = "left out: reference: torchvision: expected to import it, got: "
    assert words in outcome.err
    assert outcome.code == 0
    assert words in command("bench", *QUICK).out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--seconds", "0"), 2, "--seconds: expected a number above 0, got '0'"),
        (("--engines", "fast"), 2, "--engines: expected some of eager, compiled, compiled-bf16"),
        (("--batch-size", "500"), 2, "--batch-size: expected at most the 120 images"),
        (("--out", "made/train-labels-idx1-ubyte"), 73, "made/train-labels-idx1-ubyte: expected"),
        (("no_such.toml",), 66, "no_such.toml: expected a TOML file"),
    ],
)
def test_bad_input_measures_nothing(
    command: Run, arguments: tuple[str, ...], code: int, message: str
) -> None:
    outcome = command("bench", *QUICK, *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith(f"error: {message}")
    assert not Path("runs").exists()
