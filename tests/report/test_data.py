"""What is told of a data set."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mnistops.data.images import Dataset, ImageSet
from mnistops.report.data import dataset_report
from mnistops.report.publish import publish


def dataset(name: str = "own") -> Dataset:
    """Test images are half black and half white; those to train on are all white."""
    white = torch.full((1200, 1, 2, 4), 255, dtype=torch.uint8)
    half = torch.tensor([0, 255], dtype=torch.uint8).repeat(3, 1, 2, 2)
    train = ImageSet(white, torch.arange(1200) % 10)
    return Dataset(name, Path("some", "folder"), train, ImageSet(half, torch.tensor([0, 2, 1])))


def test_a_split_is_a_row() -> None:
    (grid,) = dataset_report(dataset()).grids
    assert grid.title == "own"
    assert grid.rows == (
        ("train", "1,200", "1 x 2 x 4", "10", "1.0000", "1.0000"),
        ("test", "3", "1 x 2 x 4", "3", "0.5000", "0.5000"),
    )


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("mnist", "as published, by SHA-256"),
        ("kmnist", "as published, by SHA-256"),
        ("own", "no hashes are known"),
    ],
)
def test_it_says_how_far_the_files_are_known(name: str, state: str) -> None:
    (grid,) = dataset_report(dataset(name)).grids
    assert grid.notes == (f"folder: {Path('some', 'folder')} ({state})",)


def test_classes_that_have_names_are_told() -> None:
    named = replace(dataset(), class_names=("up", "down"))
    (grid,) = dataset_report(named).grids
    assert grid.notes[1:] == ("classes: up, down",)
    assert dataset_report(named).document["class_names"] == ("up", "down")


def test_it_is_one_json_object() -> None:
    values = json.loads(json.dumps(dataset_report(dataset()).document, allow_nan=False))
    assert list(values) == ["dataset", "folder", "has_known_hashes", "class_names", "splits"]
    assert (values["dataset"], values["folder"]) == ("own", str(Path("some", "folder")))
    assert values["splits"][1] == {
        "split": "test",
        "num_images": 3,
        "image_size": [1, 2, 4],
        "num_classes": 3,
        "mean": 0.5,
        "std": 0.5,
    }


def test_csv_has_a_row_for_each_split(capsys: pytest.CaptureFixture[str]) -> None:
    publish(dataset_report(dataset()), "csv")
    assert capsys.readouterr().out == (
        "split,num_images,image_size,num_classes,mean,std\n"
        "train,1200,1x2x4,10,1.0,1.0\n"
        "test,3,1x2x4,3,0.5,0.5\n"
    )
