"""The log as TensorBoard itself reads it: every epoch once, in runs that were stopped too."""

import csv
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mnistops.errors import CannotWrite, UsageError
from mnistops.events import result_of
from mnistops.settings import Settings
from mnistops.training import event_log
from mnistops.training.event_log import write_event_log
from mnistops.training.events import EpochDone, EpochMetrics
from mnistops.training.run import resume, train
from tests.made_data import write_dataset
from tests.running import Run

COLUMNS = {
    "loss/train": "train_loss",
    "loss/holdout": "holdout_loss",
    "loss/test": "test_loss",
    "accuracy/train": "train_accuracy",
    "accuracy/holdout": "holdout_accuracy",
    "accuracy/test": "test_accuracy",
    "learning_rate": "learning_rate",
    "seconds": "time_seconds",
}


def read(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """By tag, each step and its value."""
    accumulator = EventAccumulator(str(folder), purge_orphaned_data=False)
    accumulator.Reload()
    tags = accumulator.Tags()["scalars"]
    return {tag: [(event.step, event.value) for event in accumulator.Scalars(tag)] for tag in tags}


def rows(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))


def settings(**values: Any) -> Settings:
    asked = {"epochs": 3, "batch_size": 30, "engine": "eager", "log": ["tensorboard"], **values}
    return Settings(data={"dataset": "made"}, train=asked)


def expect_the_table(folder: Path) -> None:
    table, log = rows(folder), read(folder)
    assert {COLUMNS[tag] for tag in log} | {"epoch"} == set(table[0])
    for tag, values in log.items():
        assert [step for step, _ in values] == [int(row["epoch"]) for row in table]
        expected = [float(row[COLUMNS[tag]]) for row in table]
        assert [value for _, value in values] == pytest.approx(expected, rel=1e-6)


def test_a_run_that_was_stopped_has_every_epoch_once() -> None:
    write_dataset(Path("made"), 120, 30)
    asked = settings(run_dir="run", holdout=30)
    with closing(train(asked)) as events:
        for event in events:
            if isinstance(event, EpochDone) and event.metrics.epoch == 1:
                break
    assert [step for step, _ in read(Path("run"))["loss/test"]] == [0, 1]
    result_of(resume(Path("run")))
    assert len(rows(Path("run"))) == 3
    expect_the_table(Path("run"))


def test_the_command_takes_it_and_others_write_none(command: Run) -> None:
    write_dataset(Path("made"), 60, 30)
    given = ("train", "--dataset", "made", "--epochs", "1", "--batch-size", "30")
    assert command(*given, "--run-dir", "with", "--log", "tensorboard").code == 0
    expect_the_table(Path("with"))
    assert command(*given, "--run-dir", "without").code == 0
    assert not list(Path("without").glob("*tfevents*"))


def test_an_epoch_that_is_missing_is_written_and_none_before_again(tmp_path: Path) -> None:
    epochs = [EpochMetrics(number, 1.0, 0.5, 2.0, 0.25, 0.1, 3.0) for number in range(3)]
    write_event_log(tmp_path, epochs[:1])
    first = next(tmp_path.iterdir()).stat().st_ino
    write_event_log(tmp_path, epochs)
    files = sorted(tmp_path.iterdir())
    assert [path.stat().st_ino == first for path in files] == [True, False, False]
    assert [step for step, _ in read(tmp_path)["loss/train"]] == [0, 1, 2]


def test_without_the_package_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "find_spec", lambda _: None)
    with pytest.raises(UsageError) as told:
        next(train(settings(run_dir="run")))
    assert str(told.value) == "--log tensorboard: expected the package tensorboard, got none"
    assert told.value.hint == 'pip install "mnistops[tensorboard]"'
    assert not Path("run").exists()


def test_a_full_disk_is_told_and_the_run_goes_on_from_there() -> None:
    write_dataset(Path("made"), 60, 30)

    full = patch.object(event_log, "replace_file", side_effect=CannotWrite("no room"))
    with full, pytest.raises(CannotWrite, match="no room"):
        result_of(train(settings(run_dir="run")))
    assert read(Path("run")) == {}
    result_of(resume(Path("run")))
    expect_the_table(Path("run"))
