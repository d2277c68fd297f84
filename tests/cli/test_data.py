"""``mnistops data fetch|check``."""

import json
from pathlib import Path

import pytest

from tests.made_data import write_dataset
from tests.running import Run


def test_a_folder_of_ones_own_is_described(command: Run) -> None:
    write_dataset(Path("made"), 40, 20, size=12, num_classes=4)
    outcome = command("data", "check", "--dataset", "made", "--format", "json")
    result = json.loads(outcome.out)
    assert result["dataset"] == result["folder"] == "made"
    train, test = result["splits"]
    assert (train["num_images"], test["num_images"]) == (40, 20)
    assert train["image_size"] == [1, 12, 12] and train["num_classes"] == 4
    assert 0 < train["std"] < train["mean"] < 1


def test_check_fetches_nothing(command: Run) -> None:
    outcome = command("data", "check", "--data-dir", "empty")
    assert outcome.code == 66
    assert outcome.err.splitlines()[1] == (
        "hint: `mnistops data fetch --data-dir empty` gets them where there is a network"
    )
    assert not Path("empty").exists()


def test_fetch_offline_without_data_says_so(command: Run) -> None:
    outcome = command("data", "fetch", "--offline", "--data-dir", "empty")
    assert (outcome.code, outcome.out) == (66, "")


def test_a_file_that_is_not_mnists_is_named_with_both_hashes(command: Run) -> None:
    write_dataset(Path("made"))
    outcome = command("data", "check", "--data-dir", "made")
    assert outcome.code == 65
    assert "made/train-images-idx3-ubyte: expected MNIST's SHA-256 ba891046e6" in outcome.err


def test_without_a_verb_its_help_is_shown(command: Run) -> None:
    assert "fetch" in command("data").out


@pytest.mark.mnist
def test_the_real_files_are_as_published(command: Run) -> None:
    outcome = command("data", "check")
    assert outcome.code == 0
    assert "as published, by SHA-256" in outcome.out
    assert "train  60,000  1 x 28 x 28       10  0.1307  0.3081" in outcome.out
