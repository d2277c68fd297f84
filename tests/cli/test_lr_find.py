"""``mnistops lr-find``: the range test alone."""

import csv
import json
from pathlib import Path

import pytest

from tests.made_data import write_dataset
from tests.running import Run


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset(Path("made"), 120, 50)
    monkeypatch.setattr("mnistops.training.lr_range.NUM_STEPS", 25)


def test_it_writes_the_curve_and_suggests_a_rate(command: Run) -> None:
    outcome = command(
        "lr-find", "--dataset", "made", "--batch-size", "30", "--out", "here", "--format", "json"
    )
    assert outcome.code == 0
    result = json.loads(outcome.out)
    assert result["files"] == ["here/lr_range.csv", "here/lr_range.png"]
    with Path("here/lr_range.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["step", "learning_rate", "loss", "smoothed_loss"]
    assert float(rows[result["step"]]["learning_rate"]) == result["suggestion"]
    assert len(rows) == result["num_steps"]
    assert Path("here/lr_range.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_folder_it_makes_one_among_the_runs(command: Run) -> None:
    outcome = command("lr-find", "--dataset", "made", "--batch-size", "30")
    (folder,) = Path("runs").iterdir()
    assert folder.name.endswith("-lr-find")
    assert str(folder) in outcome.out


def test_it_suggests_what_plateau_would_train_with(command: Run) -> None:
    common = ("--dataset", "made", "--batch-size", "30", "--recipe", "plateau", "--format", "json")
    suggestion = json.loads(command("lr-find", *common).out)["suggestion"]
    run = ("--epochs", "1", "--run-dir", "run")
    command("train", *common, *run)
    assert json.loads(Path("run/run.json").read_text())["learning_rate"] == suggestion
