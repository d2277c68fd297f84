"""Run folders: their names, their files, and which is the newest."""

import json
import tomllib
from pathlib import Path

import pytest

from mnistops.errors import CannotCreate
from mnistops.lock import LOCK
from mnistops.settings import Settings, load_settings
from mnistops.training.events import EpochMetrics
from mnistops.training.run_folder import (
    expect_empty,
    new_folder,
    newest_run,
    read_record,
    record_of,
    run_status,
    settings_values,
    versions,
    write_record,
    write_settings,
    write_table,
)


def test_new_folders_have_names_of_their_own() -> None:
    first, second = (new_folder(Path("runs"), "net", "seed1") for _ in range(2))
    assert first != second
    assert first.is_dir() and second.is_dir()
    assert first.name.endswith("-net-seed1")


def test_names_make_no_paths() -> None:
    assert new_folder(Path("runs"), "../a b:c").parent == Path("runs")
    assert next(Path("runs").iterdir()).name.endswith("-..-a-b-c")


def test_no_folder_can_be_made_in_a_file() -> None:
    Path("runs").touch()
    with pytest.raises(CannotCreate, match=r"^runs: expected to make a folder"):
        new_folder(Path("runs"), "net")


def test_a_folder_for_a_run_is_new_or_empty() -> None:
    folder = Path("a/b")
    folder.mkdir(parents=True)
    expect_empty(folder)
    for name in (LOCK, ".config.toml.x1.part"):  # what one that was killed at once has left
        (folder / name).touch()
    expect_empty(folder)
    (folder / "note").touch()
    with pytest.raises(CannotCreate, match="expected a new or empty folder"):
        expect_empty(folder)


def test_the_settings_can_be_used_again() -> None:
    settings = Settings(
        train={"recipe": "plateau", "run_dir": "x", "holdout": 5},
        network={"input_size": (1, 28, 28)},
        output={"runs_dir": "elsewhere", "format": "json"},
        seed=7,
    )
    write_settings(Path(), settings)
    again = load_settings(config_file=Path("config.toml")).settings
    assert settings_values(again) == settings_values(settings)
    assert again.train.recipe == "plateau" and again.seed == 7 and again.network.dropout == 0.03
    # Else the run could not be repeated: its folder is not empty any more.
    assert again.train.run_dir is None
    assert "run_dir" not in tomllib.loads(Path("config.toml").read_text())["train"]


def row(epoch: int, holdout: float | None = None) -> EpochMetrics:
    return EpochMetrics(epoch, 0.5, 0.75, 0.25, 0.875, 0.1, 1.5, holdout, holdout)


def test_tables_have_the_columns_that_are_used() -> None:
    write_table(Path("metrics.csv"), [row(0), row(1)])
    assert Path("metrics.csv").read_text().splitlines() == [
        "epoch,train_loss,train_accuracy,test_loss,test_accuracy,learning_rate,time_seconds",
        "0,0.5,0.75,0.25,0.875,0.1,1.5",
        "1,0.5,0.75,0.25,0.875,0.1,1.5",
    ]
    write_table(Path("metrics.csv"), [row(0, 0.5)])
    assert (
        Path("metrics.csv")
        .read_text()
        .splitlines()[0]
        .endswith("time_seconds,holdout_loss,holdout_accuracy")
    )


def make_run(name: str, begun: object, checkpoint: bool = True) -> Path:
    folder = Path("runs", name)
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"begun": begun}))
    if checkpoint:
        (folder / "last.pt").touch()
    return folder


def test_the_newest_run_is_the_one_begun_last_that_has_weights() -> None:
    assert newest_run(Path("runs")) is None
    make_run("z", "2026-01-01T00:00:00+00:00")
    newest = make_run("a", "2026-02-01T00:00:00+00:00")
    make_run("unfinished", "2026-03-01T00:00:00+00:00", checkpoint=False)
    assert newest_run(Path("runs")) == newest


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"begun": 3}', "[" * 100_000])
def test_what_is_no_run_is_passed_over(text: str) -> None:
    folder = make_run("odd", "")
    (folder / "run.json").write_text(text)
    assert newest_run(Path("runs")) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "expected JSON, got something else"),
        (b"{", "expected JSON, got something else"),
        (b"\xff", "expected JSON, got something else"),
        (b"[" * 100_000, "expected JSON, got something else"),
        (b'{"x": NaN}', "expected JSON, got something else"),
        (b'{"x": -1e999}', "expected JSON, got something else"),
        (b"[]", "expected a record, got list"),
        (b"3", "expected a record, got int"),
    ],
)
def test_a_record_is_what_was_written_or_something_else(text: bytes, problem: str) -> None:
    with pytest.raises(FileNotFoundError):
        read_record(Path())
    assert record_of(Path()) == {}
    values = {"status": "done", "seed": 3, "rate": 0.1, "versions": {"torch": "2.10"}}
    write_record(Path(), values)
    assert read_record(Path()) == record_of(Path()) == values
    Path("run.json").write_bytes(text)
    with pytest.raises(ValueError, match=f"^{problem}$"):
        read_record(Path())
    assert record_of(Path()) == {}


def test_versions_are_those_in_use() -> None:
    import torch

    assert versions()["torch"] == torch.__version__
    assert set(versions()) == {"mnistops", "torch", "python", "platform"}


def test_a_runs_status_is_what_its_record_says() -> None:
    folder = make_run("a", "")
    assert run_status(folder) is None
    (folder / "run.json").write_text('{"status": "running"}')
    assert run_status(folder) == "running"
    assert run_status(Path("nowhere")) is None
