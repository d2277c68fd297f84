"""``mnistops predict``: its table, its formats, its exit code, and what the network saw."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.made_data import write_dataset
from tests.running import Run

PICTURES = Path(__file__).parents[2] / "examples" / "pictures"
NAMES = ("board_5.jpg", "drawing_3.png", "photograph_7.jpg")


@pytest.fixture(autouse=True)
def made() -> None:
    for name in NAMES:
        shutil.copy(PICTURES / name, name)
    Path("text.png").write_text("no picture")


def test_stdout_holds_the_result_alone(command: Run) -> None:
    outcome = command("predict", *NAMES)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("separable, of weights/separable.pt\n")
    rows = [line.split()[:2] for line in outcome.out.splitlines()[4:]]
    assert rows == [["board_5.jpg", "5"], ["drawing_3.png", "3"], ["photograph_7.jpg", "7"]]
    assert "second best" in outcome.out


def test_json_has_every_probability(command: Run) -> None:
    outcome = command("predict", *NAMES, "text.png", "--format", "json", "--show", "seen")
    result = json.loads(outcome.out)
    assert (outcome.code, result["network"]) == (1, "separable")
    assert [picture["predicted"] for picture in result["pictures"]] == [5, 3, 7]
    first = result["pictures"][0]
    shares = first["probabilities"]
    assert (first["picture"], first["seen"]) == ("board_5.jpg", "seen/board_5.png")
    assert sorted(shares)[-2:] == [first["second_confidence"], first["confidence"]]
    assert (shares.index(first["confidence"]), shares[first["second"]]) == (
        5,
        first["second_confidence"],
    )
    (failure,) = result["failures"]
    assert failure["picture"] == "text.png" and failure["error"].startswith("text.png: expected")


def test_csv_and_markdown(command: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(command("predict", *NAMES, "--format", "csv").out)))
    assert [(row["picture"], row["predicted"]) for row in rows] == [
        ("board_5.jpg", "5"),
        ("drawing_3.png", "3"),
        ("photograph_7.jpg", "7"),
    ]
    assert "| board_5.jpg | 5 | " in command("predict", NAMES[0], "--format", "markdown").out


def test_one_bad_file_among_many(command: Run) -> None:
    outcome = command("predict", NAMES[0], "text.png", "none.png", NAMES[2])
    assert outcome.code == 1
    assert outcome.err.splitlines() == [
        "error: text.png: expected a picture (PNG, JPEG, BMP, GIF or WebP), got something else",
        "error: none.png: expected a picture, got no such file",
    ]
    assert "photograph_7.jpg" in outcome.out
    assert outcome.out.endswith("2 of 4 could not be read\n")


@pytest.mark.parametrize(("name", "code"), [("text.png", 65), ("none.png", 66)])
def test_where_all_are_bad_it_is_an_error_of_the_first_ones_kind(
    command: Run, name: str, code: int
) -> None:
    outcome = command("predict", name, "text.png")
    assert (outcome.code, outcome.out) == (code, "")
    assert len(outcome.err.splitlines()) == 2


def test_show_writes_what_the_network_saw(command: Run) -> None:
    outcome = command("predict", *NAMES, "text.png", "--show", "seen/here")
    assert "what the network saw: seen/here\n" in outcome.out
    assert {path.name for path in Path("seen/here").iterdir()} == {
        "board_5.png",
        "drawing_3.png",
        "photograph_7.png",
    }
    shown = np.asarray(Image.open("seen/here/board_5.png"))
    assert (shown.shape, shown.dtype.name) == ((280, 280), "uint8")
    pixels = shown[::10, ::10]
    assert (pixels.repeat(10, 0).repeat(10, 1) == shown).all()
    rows = np.flatnonzero(pixels.any(1))
    assert rows[-1] - rows[0] + 1 == 20


def test_show_never_takes_a_pictures_place(command: Run) -> None:
    before = {path: path.read_bytes() for path in Path().iterdir()}
    shutil.copy("photograph_7.jpg", "text.jpg")  # beside text.png, which is bad
    assert command("predict", *NAMES, "text.png", "text.jpg", "--show", ".").code == 1
    assert {path: path.read_bytes() for path in before} == before
    new = {path.name for path in set(Path().iterdir()) - set(before)}
    assert new == {"text.jpg", "board_5.png", "drawing_3-2.png", "photograph_7.png", "text-2.png"}


def test_several_pictures_of_one_name(command: Run) -> None:
    Path("other").mkdir()
    shutil.copy("board_5.jpg", "other/board_5.jpg")
    command("predict", "board_5.jpg", "other/board_5.jpg", "--show", "seen")
    assert {path.name for path in Path("seen").iterdir()} == {"board_5.png", "board_5-2.png"}


def test_names_print_literally(command: Run) -> None:
    for name in ("a b [bold] é.jpg", "-dash.jpg", "two\nlines.jpg"):
        shutil.copy("board_5.jpg", name)
        outcome = command("predict", "--", name)
        assert outcome.code == 0
        assert name.replace("\n", "\\n") in outcome.out


def test_a_run_is_asked_where_there_is_one(command: Run) -> None:
    write_dataset(Path("made"), 120, 50)
    quick = ("--dataset", "made", "--epochs", "1", "--batch-size", "30")
    assert command("train", *quick, "--engine", "eager", "--run-dir", "runs/mine").code == 0
    assert command("predict", NAMES[0]).out.startswith("reference, of mine/last.pt\n")
    assert command("predict", NAMES[0], "--checkpoint", "tiny").out.startswith("tiny, of ")


def test_a_folder_that_cannot_be_made_is_said_before_the_work(command: Run) -> None:
    outcome = command("predict", "none.png", "--show", "text.png")
    assert outcome.code == 73
    assert outcome.err.startswith("error: text.png: expected to make a folder")


def test_the_newest_run_is_looked_for_in_the_runs_folder(command: Run) -> None:
    write_dataset(Path("made"), 120, 50)
    quick = ("--dataset", "made", "--epochs", "1", "--batch-size", "30")
    assert command("train", "tiny", *quick, "--run-dir", "elsewhere/mine").code == 0
    outcome = command("predict", NAMES[0], "--runs-dir", "elsewhere")
    assert outcome.out.startswith("tiny, of mine/last.pt\n")
