"""A run's result and a range test's, in every format."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mnistops.report.grid import Grid
from mnistops.report.publish import publish
from mnistops.report.training import range_test_report, run_report
from mnistops.training.events import EpochDone, EpochMetrics, RunResult
from mnistops.training.lr_range import RangeStep, RangeTest


def epoch(number: int, test_accuracy: float, test_errors: int) -> EpochDone:
    metrics = EpochMetrics(number, 0.25, 0.9375, 0.0625, test_accuracy, 0.1, 9.5)
    return EpochDone(metrics, 469, 0.1, test_errors, False, 0.01)


RUN = RunResult(
    run_folder=Path("runs", "a"),
    network="net",
    num_params=5340,
    epochs=(epoch(0, 0.984, 160), epoch(1, 0.9956, 44), epoch(2, 0.9949, 51)),
    best=None,
    selection="none",
    learning_rate=0.1,
    range_test=None,
    target_accuracy=0.995,
    time_seconds=61.5,
    is_augmented=True,
)
BY_TEST = replace(RUN, best=RUN.epochs[1].metrics, selection="test")


def held_out(done: EpochDone) -> EpochDone:
    return replace(done, metrics=replace(done.metrics, holdout_loss=0.125, holdout_accuracy=0.9875))


HELD_OUT = replace(
    RUN,
    epochs=tuple(map(held_out, RUN.epochs)),
    best=held_out(RUN.epochs[1]).metrics,
    selection="holdout",
)


def document(run: RunResult) -> Any:
    return json.loads(json.dumps(run_report(run).document, allow_nan=False))


def grid(run: RunResult) -> Grid:
    (only,) = run_report(run).grids
    return only


def test_a_run_as_json() -> None:
    assert document(RUN) == {
        "run_folder": str(Path("runs", "a")),
        "network": "net",
        "num_params": 5340,
        "epochs": 3,
        "final": {"train_accuracy": 0.9375, "test_accuracy": 0.9949, "test_errors": 51},
        "best": None,
        "selection": "none",
        "time_seconds": 61.5,
    }


def test_a_run_chosen_on_test_as_json() -> None:
    values = document(BY_TEST)
    assert (values["selection"], values["best"]) == ("test", {"epoch": 1, "test_accuracy": 0.9956})
    assert values["final"] == document(RUN)["final"]


def test_a_run_chosen_on_the_holdout_as_json() -> None:
    values = document(HELD_OUT)
    assert values["selection"] == "holdout"
    assert values["final"]["holdout_accuracy"] == 0.9875
    assert values["best"] == {"epoch": 1, "test_accuracy": 0.9956, "holdout_accuracy": 0.9875}


def test_csv_has_a_row_for_each_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    publish(run_report(RUN), "csv")
    header, *rows = capsys.readouterr().out.splitlines()
    assert header == (
        "epoch,train_loss,train_accuracy,test_loss,test_accuracy,learning_rate,time_seconds"
    )
    assert rows[1] == "1,0.25,0.9375,0.0625,0.9956,0.1,9.5"
    assert len(rows) == 3


def test_csv_has_the_holdout_where_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    publish(run_report(HELD_OUT), "csv")
    header, row, *_ = capsys.readouterr().out.splitlines()
    assert header.endswith("time_seconds,holdout_loss,holdout_accuracy")
    assert row.endswith("9.5,0.125,0.9875")


def test_the_table_has_the_last_epoch() -> None:
    table = grid(RUN)
    assert table.title == "net, 5,340 parameters"
    assert [column.title for column in table.columns] == [
        "result",
        "epoch",
        "train",
        "test",
        "errors on test",
    ]
    assert table.rows == (("last", "2", "93.75 %", "99.49 %", "51"),)


def test_the_table_has_the_best_epoch_if_one_was_chosen() -> None:
    assert grid(BY_TEST).rows == (
        ("last", "2", "93.75 %", "99.49 %", "51"),
        ("best", "1", "93.75 %", "99.56 %", "44"),
    )


def test_the_table_has_the_holdout_where_there_is_one() -> None:
    table = grid(HELD_OUT)
    assert table.columns[3].title == "hold-out"
    assert table.rows[1] == ("best", "1", "93.75 %", "98.75 %", "99.56 %", "44")


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (RUN, "nothing was chosen: the last epoch is the result"),
        (HELD_OUT, "chosen on images held out of the training set"),
        (
            BY_TEST,
            "follow the test set, as the seed's did, so accuracies on test flatter",
        ),
    ],
)
def test_the_table_says_how_it_was_chosen(run: RunResult, words: str) -> None:
    assert words in grid(run).notes[0]


@pytest.mark.parametrize(("run", "verdict"), [(RUN, "missed"), (BY_TEST, "reached")])
def test_the_table_says_whether_the_target_is_reached(run: RunResult, verdict: str) -> None:
    assert grid(run).notes[1] == f"target 99.50 % on test: {verdict}"


def test_without_a_target_there_is_no_verdict() -> None:
    run = replace(RUN, target_accuracy=None)
    assert run.reaches_target is None
    assert not any("target" in note for note in grid(run).notes)


def test_images_are_called_augmented_where_they_are() -> None:
    assert grid(RUN).columns[2].legend == "train: running accuracy on augmented images"
    plain = replace(RUN, is_augmented=False)
    assert grid(plain).columns[2].legend == "train: running accuracy"


def test_the_table_names_the_run_folder() -> None:
    assert grid(RUN).notes[-1] == f"run folder: {Path('runs', 'a')}"


RANGE_TEST = RangeTest(
    tuple(RangeStep(number, 0.125 * (number + 1), 2.5, 2.25) for number in range(3)), index=1
)


def test_a_range_test_as_json() -> None:
    report = range_test_report(RANGE_TEST, [Path("a.csv"), Path("b.png")])
    assert json.loads(json.dumps(report.document)) == {
        "suggestion": 0.25,
        "step": 1,
        "num_steps": 3,
        "files": ["a.csv", "b.png"],
    }


def test_a_range_test_as_csv_has_a_row_for_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    publish(range_test_report(RANGE_TEST, []), "csv")
    assert capsys.readouterr().out == (
        "step,learning_rate,loss,smoothed_loss\n"
        "0,0.125,2.5,2.25\n"
        "1,0.25,2.5,2.25\n"
        "2,0.375,2.5,2.25\n"
    )


def test_a_range_test_as_a_table() -> None:
    (table,) = range_test_report(RANGE_TEST, [Path("a.csv"), Path("b.png")]).grids
    assert table.rows == (("0.25", "1", "3"),)
    assert table.notes[-1] == "curve: a.csv, b.png"
