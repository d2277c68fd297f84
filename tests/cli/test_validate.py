"""``mnistops validate``: its lines, its files, its verdict."""

import json
import re
from pathlib import Path

import pytest

from mnistops.networks.zoo import BEST
from tests.made_data import write_dataset
from tests.running import Run


@pytest.fixture(autouse=True)
def trained(command: Run) -> None:
    write_dataset(Path("made"), 120, 50)
    command(
        "train", "--dataset", "made", "--epochs", "1", "--batch-size", "30", "--run-dir", "runs/a"
    )


def test_stderr_has_the_seeds_log_lines(command: Run) -> None:
    outcome = command("validate")
    lines = outcome.err.splitlines()
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - INFO - "
    expected = [
        r"Loading configuration\.\.\.",
        r"Using device: cpu \(\d+ threads\)",
        r"Loading model: runs/a/last\.pt",
        r"Model loaded successfully\.",
        r"Starting validation on train dataset\.\.\.",
        r"Number of incorrect predictions in train dataset: \d+",
        r"Starting validation on test dataset\.\.\.",
        r"Number of incorrect predictions in test dataset: \d+",
    ]
    assert len(lines) == len(expected)
    for line, pattern in zip(lines, expected, strict=True):
        assert re.fullmatch(stamp + pattern, line), line


def test_its_files_are_in_the_run(command: Run) -> None:
    assert command("validate").code == 0
    names = {path.name for path in Path("runs/a/validate").iterdir()}
    for split in ("train", "test"):
        assert names >= {
            f"{split}_error.png",
            f"{split}_errors.csv",
            f"{split}_confusion.csv",
            f"{split}_confusion.png",
            f"{split}_per_class.csv",
        }


def test_a_report_is_written_where_it_is_asked_for(command: Run) -> None:
    plain = command("validate", "--format", "json", "--out", "here")
    assert not Path("here/report.html").exists()
    outcome = command("validate", "--format", "json", "--out", "here", "--report")
    assert (outcome.code, outcome.out) == (0, plain.out)
    page = Path("here/report.html").read_text()
    for part in ("curves", "test", "train", "classes", "network", "fields", "settings"):
        assert f'id="{part}"' in page
    assert "report: runs/a/validate/report.html\n" in command("validate", "--report").out
    assert Path("runs/a/validate/report.html").exists()


def test_json_of_one_split_is_one_object(command: Run) -> None:
    outcome = command("validate", "--split", "test", "--format", "json", "--out", "here")
    result = json.loads(outcome.out)
    assert list(result) == [
        "split",
        "num_images",
        "num_errors",
        "accuracy",
        "loss",
        "per_class",
        "mistakes",
        "files",
    ]
    assert (result["split"], result["num_images"]) == ("test", 50)
    assert len(result["mistakes"]) == result["num_errors"]
    assert all(Path(path).exists() and path.startswith("here/") for path in result["files"])
    assert not Path("runs/a/validate").exists()


def test_json_of_all_is_a_list_train_first(command: Run) -> None:
    results = json.loads(command("validate", "--format", "json").out)
    assert [result["split"] for result in results] == ["train", "test"]


def test_csv_lists_the_mistakes(command: Run) -> None:
    outcome = command("validate", "--format", "csv")
    assert outcome.out.splitlines()[0] == "split,index,actual,predicted,confidence"


@pytest.mark.parametrize(("most", "code"), [("50", 0), ("0", 1)])
def test_more_mistakes_than_allowed_are_a_negative_verdict(
    command: Run, most: str, code: int
) -> None:
    # One epoch on 120 images teaches next to nothing.
    assert command("validate", "--split", "test", "--max-errors", most).code == code


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--checkpoint", "none.pt"), 66, "none.pt: expected a checkpoint or a run folder"),
        (("--checkpoint", "made"), 66, "made: expected a run folder with best.pt or last.pt"),
        (("--split", "tests"), 2, "--split: expected test, train or all, got 'tests'"),
        (("--dataset", "none"), 66, "--dataset none: expected a folder"),
        (("--network", "nothing.toml"), 66, "nothing.toml: expected a TOML file"),
    ],
)
def test_bad_input_writes_nothing(
    command: Run, arguments: tuple[str, ...], code: int, message: str
) -> None:
    outcome = command("validate", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    errors = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
    assert errors[0].startswith(f"error: {message}")
    assert not Path("runs/a/validate").exists()
    assert len(list(Path("runs").iterdir())) == 1


def test_a_place_that_cannot_be_is_found_before_the_work(command: Run) -> None:
    Path("afile").touch()
    outcome = command("validate", "--out", "afile")
    assert outcome.code == 73
    assert outcome.err.startswith("error: afile: expected to make a folder")


@pytest.mark.mnist
def test_our_own_weights_work_right_after_the_install(command: Run) -> None:
    for path in sorted(Path("runs").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    outcome = command("validate", "--split", "test", "--format", "json")
    result = json.loads(outcome.out)
    assert result["num_errors"] < 60
    assert f"weights/{BEST.name}.pt" in outcome.err
