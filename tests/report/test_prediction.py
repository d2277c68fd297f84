"""A prediction in every format, and what the network saw as files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from mnistops.errors import BadInput
from mnistops.prediction import Failure, Predicted, Prediction
from mnistops.report.prediction import prediction_report, write_seen

IMAGE = np.arange(784, dtype=np.uint16).reshape(1, 28, 28).astype(np.uint8)
SURE = Predicted(Path("a.png"), IMAGE, (0.0001, 0.9998, 0.0001))
UNSURE = Predicted(Path("in/a.png"), IMAGE[:, :14, :14], (0.25, 0.25, 0.5))
FAILED = Failure(Path("b.png"), BadInput("b.png: expected a picture, got a folder"))
OUTCOME = Prediction(Path("runs/mine/last.pt"), "plain", (SURE, UNSURE), (FAILED,))


def test_classes_of_equal_probability_stand_in_their_order() -> None:
    assert UNSURE.ranking == (2, 0, 1)


def test_a_row_for_each_picture() -> None:
    (table,) = prediction_report(OUTCOME, []).grids
    assert table.title == "plain, of mine/last.pt"
    assert table.rows == (
        ("a.png", "1", "> 99.9 %", "0", "< 0.1 %"),
        ("in/a.png", "2", "50.0 %", "0", "25.0 %"),
    )
    assert table.notes == ("1 of 3 could not be read",)


def test_records() -> None:
    report = prediction_report(OUTCOME, [Path("seen/a.png"), Path("seen/a-2.png")])
    assert report.records[1] == {
        "picture": "in/a.png",
        "predicted": 2,
        "confidence": 0.5,
        "second": 0,
        "second_confidence": 0.25,
    }
    assert report.document["pictures"][1] == {
        **report.records[1],
        "probabilities": [0.25, 0.25, 0.5],
        "seen": "seen/a-2.png",
    }
    assert report.document["checkpoint"] == "runs/mine/last.pt"
    assert report.document["failures"] == [
        {"picture": "b.png", "error": "b.png: expected a picture, got a folder"}
    ]
    assert report.grids[0].notes[0] == "what the network saw: seen"


def test_classes_that_have_names_are_called_by_them() -> None:
    named = replace(OUTCOME, class_names=("a", "b", "c [x]"))
    report = prediction_report(named, [])
    assert report.grids[0].rows[1] == ("in/a.png", "c [x]", "50.0 %", "a", "25.0 %")
    assert report.records[1]["predicted"] == 2
    assert (report.records[1]["predicted_name"], report.records[1]["second_name"]) == ("c [x]", "a")


def test_what_was_seen_is_about_as_large_whatever_its_size() -> None:
    Path("seen").mkdir()
    paths = write_seen(OUTCOME, Path("seen"))
    assert [path.name for path in paths] == ["a.png", "a-2.png"]
    for path, picture in zip(paths, OUTCOME.pictures, strict=True):
        shown = np.asarray(Image.open(path))
        side = picture.image.shape[1]
        assert shown.shape == (280, 280)
        assert (shown[:: 280 // side, :: 280 // side] == picture.image[0]).all()
