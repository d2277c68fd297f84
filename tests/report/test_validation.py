"""A validation's files, tables and records; its pictures stand in test_mistakes, test_confusion."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from mnistops.classifier import Classifier
from mnistops.errors import CannotCreate
from mnistops.evaluation import EvaluationResult, Mistake
from mnistops.networks.build import build
from mnistops.networks.zoo import REFERENCE
from mnistops.report.grid import Grid
from mnistops.report.publish import publish
from mnistops.report.validation import validation_report, write_results
from mnistops.validation import Split, SplitDone, Validation
from tests.made_data import made_set

NAMES = ["error.png", "errors.csv", "confusion.csv", "per_class.csv", "confusion.png"]
FILES = [Path("out", "a.png"), Path("out", "b.csv")]


def done(split: Split = "test") -> SplitDone:
    """Three classes: 0 is told right but once, 1 is never told right, of 2 there is none."""
    mistakes = (Mistake(4, 1, 0, 0.25, ((0, 0.25), (1, 0.2))), Mistake(2, 0, 1, 0.5))
    confusion = ((3, 1, 0), (1, 0, 0), (0, 0, 0))
    return SplitDone(split, made_set(5), EvaluationResult(5, 0.125, confusion, mistakes))


def perfect(split: Split = "test") -> SplitDone:
    confusion = ((3, 0, 0), (0, 2, 0), (0, 0, 0))
    return SplitDone(split, made_set(5), EvaluationResult(5, 0.125, confusion, ()))


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def whole(*splits: SplitDone) -> Validation:
    classifier = Classifier("reference", build(REFERENCE), REFERENCE, REFERENCE.input_size)
    return Validation(Path("runs/a/last.pt"), classifier, "mnist", splits)


def named(split: Split = "test") -> SplitDone:
    return replace(done(split), class_names=("Trouser", "Bag", "Ankle boot"))


def test_names_stand_in_the_table_and_beside_the_numbers(tmp_path: Path) -> None:
    assert [row[0] for row in grids(named())[1].rows] == ["Trouser", "Bag", "Ankle boot"]
    assert not grids(named())[1].columns[0].is_number
    held = json.loads(document(named()))
    assert [one["name"] for one in held["per_class"]] == ["Trouser", "Bag", "Ankle boot"]
    assert (held["mistakes"][0]["actual"], held["mistakes"][0]["actual_name"]) == (1, "Bag")
    write_results(named(), tmp_path)
    assert rows_of(tmp_path / "test_errors.csv")[:2] == [
        ["index", "actual", "predicted", "confidence", "actual_name", "predicted_name"],
        ["4", "1", "0", "0.25", "Bag", "Trouser"],
    ]
    assert rows_of(tmp_path / "test_confusion.csv")[1][:2] == ["0", "Trouser"]
    assert rows_of(tmp_path / "test_per_class.csv")[3][:2] == ["2", "Ankle boot"]
    names = ("Trouser", "Bag", "Ankle boot")
    write_results(replace(perfect(), class_names=names), tmp_path)
    assert rows_of(tmp_path / "test_errors.csv") == [
        ["index", "actual", "predicted", "confidence", "actual_name", "predicted_name"]
    ]


def test_the_table_says_what_was_validated() -> None:
    assert grids(done("test"))[0].title == "reference of last.pt on mnist"


def document(*splits: SplitDone) -> str:
    return json.dumps(
        validation_report(whole(*splits), [FILES] * len(splits)).document, allow_nan=False
    )


def grids(*splits: SplitDone) -> tuple[Grid, ...]:
    return validation_report(whole(*splits), [FILES] * len(splits)).grids


def test_files_are_named_by_split(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    assert write_results(done(), folder) == [folder / f"test_{name}" for name in NAMES]
    write_results(done("train"), folder)
    expected = [f"{split}_{name}" for split in ("test", "train") for name in NAMES]
    assert sorted(path.name for path in folder.iterdir()) == sorted(expected)


def test_pictures_are_pngs(tmp_path: Path) -> None:
    for path in write_results(done(), tmp_path):
        if path.suffix == ".png":
            with Image.open(path) as picture:
                assert picture.format == "PNG"


def test_mistakes_are_listed_as_they_come(tmp_path: Path) -> None:
    write_results(done(), tmp_path)
    assert (tmp_path / "test_errors.csv").read_bytes() == (
        b"index,actual,predicted,confidence\n4,1,0,0.25\n2,0,1,0.5\n"
    )


def test_all_mistakes_are_listed_though_pages_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnistops.report.mistakes.save_figure", lambda _, path: path)
    many = tuple(Mistake(number % 5, 0, 1, 0.5) for number in range(1001))
    write_results(
        SplitDone("test", made_set(5), EvaluationResult(1001, 0.1, ((0, 1001), (0, 0)), many)),
        tmp_path,
    )
    assert len(rows_of(tmp_path / "test_errors.csv")) == 1 + 1001


def test_without_mistakes_the_list_is_its_header(tmp_path: Path) -> None:
    write_results(perfect(), tmp_path)
    assert (tmp_path / "test_errors.csv").read_bytes() == b"index,actual,predicted,confidence\n"


def test_the_confusion_matrix_is_written_row_by_row(tmp_path: Path) -> None:
    write_results(done(), tmp_path)
    assert rows_of(tmp_path / "test_confusion.csv") == [
        ["actual", "predicted_0", "predicted_1", "predicted_2"],
        ["0", "3", "1", "0"],
        ["1", "1", "0", "0"],
        ["2", "0", "0", "0"],
    ]


def test_a_share_of_nothing_is_an_empty_field(tmp_path: Path) -> None:
    write_results(done(), tmp_path)
    assert rows_of(tmp_path / "test_per_class.csv") == [
        ["class", "num_images", "num_errors", "recall", "precision"],
        ["0", "4", "1", "0.75", "0.75"],
        ["1", "1", "1", "0.0", "0.0"],
        ["2", "0", "0", "", ""],
    ]


def test_a_file_in_the_folders_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(CannotCreate, match="expected to make a folder"):
        write_results(done(), tmp_path / "out")


def test_one_split_is_one_object() -> None:
    assert json.loads(document(done())) == {
        "split": "test",
        "num_images": 5,
        "num_errors": 2,
        "accuracy": 0.6,
        "loss": 0.125,
        "per_class": [
            {"class": 0, "num_images": 4, "num_errors": 1, "recall": 0.75, "precision": 0.75},
            {"class": 1, "num_images": 1, "num_errors": 1, "recall": 0.0, "precision": 0.0},
            {"class": 2, "num_images": 0, "num_errors": 0, "recall": None, "precision": None},
        ],
        "mistakes": [
            {"index": 4, "actual": 1, "predicted": 0, "confidence": 0.25},
            {"index": 2, "actual": 0, "predicted": 1, "confidence": 0.5},
        ],
        "files": [str(path) for path in FILES],
    }


def test_two_splits_are_a_list() -> None:
    train, test = json.loads(document(done("train"), done("test")))
    assert (train["split"], test["split"]) == ("train", "test")
    assert {**train, "split": "test"} == test == json.loads(document(done("test")))


def test_no_mistakes_are_an_empty_list() -> None:
    one = json.loads(document(perfect()))
    assert (one["num_errors"], one["accuracy"], one["mistakes"]) == (0, 1.0, [])


def test_csv_has_a_row_for_each_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    publish(validation_report(whole(done("train"), done("test")), [FILES, FILES]), "csv")
    assert capsys.readouterr().out == (
        "split,index,actual,predicted,confidence\n"
        "train,4,1,0,0.25\n"
        "train,2,0,1,0.5\n"
        "test,4,1,0,0.25\n"
        "test,2,0,1,0.5\n"
    )


def test_csv_without_mistakes_is_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    publish(validation_report(whole(perfect()), [FILES]), "csv")
    assert capsys.readouterr().out == "split,index,actual,predicted,confidence\n"


def test_a_split_is_a_row() -> None:
    by_split, _ = grids(done("train"), perfect("test"))
    assert [column.title for column in by_split.columns] == [
        "split",
        "images",
        "errors",
        "accuracy",
        "loss",
    ]
    assert by_split.rows == (
        ("train", "5", "2", "60.00 %", "0.1250"),
        ("test", "5", "0", "100.00 %", "0.1250"),
    )
    assert by_split.notes == ("pictures and CSV files: out",)


def test_people_are_told_of_the_page_and_programs_get_what_they_got() -> None:
    page = Path("out/report.html")
    report = validation_report(whole(done()), [FILES], page)
    assert report.grids[0].notes == ("pictures and CSV files: out", f"report: {page}")
    assert report.document == validation_report(whole(done()), [FILES]).document


def test_a_class_is_a_row_with_columns_for_each_split() -> None:
    _, by_class = grids(done("train"), done("test"))
    names = ("images", "errors", "recall", "precision")
    expected = ["class", *(f"{split}\n{name}" for split in ("train", "test") for name in names)]
    assert [column.title for column in by_class.columns] == expected
    assert by_class.rows == (
        ("0", *(("4", "1", "75.0 %", "75.0 %") * 2)),
        ("1", *(("1", "1", "0 %", "0 %") * 2)),
        ("2", *(("0", "0", "-", "-") * 2)),
    )
