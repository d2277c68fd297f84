"""Images and folders: there, to be made, or in somebody's way."""

from pathlib import Path

import pytest

from mnistops.diagnosis.check import Finding
from mnistops.diagnosis.places import place_checks
from mnistops.settings import Settings
from tests.made_data import write_dataset


def finding(name: str, **sections: object) -> Finding:
    (check,) = (check for check in place_checks() if check.name == name)
    return check.find(Settings(**sections))


def test_images_of_ones_own() -> None:
    write_dataset(Path("made"), 30, 20)
    assert finding("data", data={"dataset": "made"}) == Finding(
        "data",
        "fine",
        "made in made: 30 training and 20 test images, no hashes are known",
    )


def test_images_that_are_not_there_are_fetched_later() -> None:
    found = finding("data", data={"dir": "empty"})
    assert found.state == "fine"
    assert found.found == "MNIST is not in empty; it is fetched when it is first needed"
    assert not Path("empty").exists()


@pytest.mark.parametrize("data", [{"dir": "empty", "offline": True}, {"dataset": "none"}])
def test_images_that_nothing_fetches(data: dict[str, object]) -> None:
    found = finding("data", data=data)
    assert found.state == "problem" and found.advice


def test_the_data_set_that_is_chosen_is_looked_for() -> None:
    found = finding("data", data={"dir": "empty", "dataset": "kmnist"})
    assert found.state == "fine"
    assert found.found == "KMNIST is not in empty; it is fetched when it is first needed"


def test_a_file_of_mnist_that_is_another() -> None:
    write_dataset(Path("made"), 30, 20)
    found = finding("data", data={"dir": "made"})
    assert found.state == "problem"
    assert "expected MNIST's SHA-256 ba891046" in found.found
    assert "`mnistops data fetch --data-dir made` gets another" in found.advice


@pytest.mark.mnist
def test_mnist_itself() -> None:
    found = finding("data", data={"offline": True})
    assert found.found.endswith("60,000 training and 10,000 test images, as published, by SHA-256")


def test_folders_that_can_be_written_to_or_made() -> None:
    Path("there").mkdir()
    for folder, words in (("there", "there: can be written to, "), ("a/b", "a/b: can be made, ")):
        found = finding("runs folder", output={"runs_dir": folder})
        assert found.state == "fine" and found.found.startswith(words)
        assert found.found.endswith(" GB free")
    assert list(Path("there").iterdir()) == [] and not Path("a").exists()


def test_a_file_in_the_way() -> None:
    Path("afile").touch()
    for folder in ("afile", "afile/runs"):
        found = finding("runs folder", output={"runs_dir": folder})
        assert found.state == "problem"
        assert found.found == (
            f"{folder}: expected a folder that can be written to, got: Not a directory"
        )
        assert found.advice.startswith(f"see to {Path('afile').absolute()}")


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert finding("cache").state == "fine"
    Path("afile").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "afile"))
    assert finding("cache").state == "problem"
    assert finding("temporary files").state == "fine"
