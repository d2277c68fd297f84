"""A worker: one run, its outcome, and how it tells of mistakes."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from mnistops.errors import BadInput, NotFinite, UsageError
from mnistops.native.compiler import CannotBuild
from mnistops.settings import Settings
from mnistops.studies import worker
from mnistops.studies.outcome import read_outcome
from mnistops.studies.worker import error_path, read_error, run_and_judge, write_request
from tests.made_data import write_dataset


@pytest.fixture(autouse=True)
def made() -> None:
    write_dataset(Path("made"), 120, 50)


def settings(network: str = "reference", **train_values: Any) -> Settings:
    train = {"epochs": 2, "batch_size": 30, "run_dir": "run", "engine": "eager", **train_values}
    return Settings(data={"dataset": "made"}, network={"name": network}, train=train)


def test_a_run_is_judged_by_its_last_epoch() -> None:
    outcome = run_and_judge(settings(holdout=40, holdout_fold=1, averaging=0.5))
    (*_, last) = csv.DictReader(Path("run/metrics.csv").read_text().splitlines())
    assert (outcome.num_epochs, outcome.num_params, outcome.learning_rate) == (2, 5340, 0.3)
    assert outcome.metrics["epoch"] == 1
    assert outcome.test_accuracy == float(last["test_accuracy"])
    assert outcome.holdout_accuracy == float(last["holdout_accuracy"])
    assert (outcome.num_test, outcome.num_holdout) == (50, 40)
    for mistakes in (outcome.test_mistakes, outcome.holdout_mistakes):
        assert list(mistakes) == sorted(set(mistakes))


def test_without_a_hold_out_nothing_is_wrong_on_it() -> None:
    outcome = run_and_judge(settings(epochs=1))
    assert (outcome.num_holdout, outcome.holdout_mistakes) == (0, ())


def test_a_network_in_python_is_made_again_for_its_judgement() -> None:
    Path("net.py").write_text(
        "from torch import nn\ndef Net(): return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n"
    )
    outcome = run_and_judge(settings("net.py:Net", learning_rate=0.01))
    (*_, last) = csv.DictReader(Path("run/metrics.csv").read_text().splitlines())
    assert outcome.test_accuracy == float(last["test_accuracy"])


def test_a_request_is_every_setting_as_it_is() -> None:
    asked = Settings(
        seed=7, network={"dropout": None}, train={"learning_rate": None}, data={"dir": "d"}
    )
    write_request(Path("a.json"), asked)
    assert Settings(**json.loads(Path("a.json").read_bytes())) == asked


def run_main(monkeypatch: pytest.MonkeyPatch, asked: Settings) -> None:
    """The worker's work in this process, whose standard input stays open."""
    monkeypatch.setattr(worker, "_end_with_the_study", lambda: None)
    write_request(Path("request.json"), asked)
    threads = torch.get_num_threads()
    try:
        worker.main(Path("request.json"))
    finally:
        torch.set_num_threads(threads)


def test_the_outcome_is_the_last_file_in_the_runs_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    run_main(monkeypatch, settings(epochs=1))
    assert read_outcome(Path("run")) is not None
    assert read_error(Path("request.json")) is None
    assert json.loads(Path("run/run.json").read_text())["threads"] == 1


@pytest.mark.parametrize(
    ("asked", "kind", "message"),
    [
        (settings("none.toml"), "MissingInput", "none.toml: expected a TOML file"),
        (settings(recipe="plateau", learning_rate=1e30), "NotFinite", "epoch 0, step"),
    ],
)
def test_a_mistake_of_the_users_is_told(
    asked: Settings, kind: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_main(monkeypatch, asked)
    error = read_error(Path("request.json"))
    assert type(error).__name__ == kind
    assert error is not None and error.message.startswith(message)
    assert read_outcome(Path("run")) is None


def test_a_kind_of_mistake_that_has_its_own_room_is_told_as_what_it_is_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: Settings) -> None:
        raise CannotBuild("CXX: expected a compiler, got none", "install one")

    monkeypatch.setattr(worker, "run_and_judge", fail)
    run_main(monkeypatch, settings())
    error = read_error(Path("request.json"))
    assert type(error) is UsageError
    assert (error.message, error.hint) == ("CXX: expected a compiler, got none", "install one")


def test_errors_keep_their_kind_and_hint() -> None:
    told = {"kind": "BadInput", "message": "a: expected b, got c", "hint": "do"}
    error_path(Path("request.json")).write_text(json.dumps(told))
    error = read_error(Path("request.json"))
    assert isinstance(error, BadInput) and not isinstance(error, NotFinite)
    assert (error.message, error.hint) == ("a: expected b, got c", "do")
    error_path(Path("request.json")).write_text("{}")
    assert read_error(Path("request.json")) is None


@pytest.mark.skipif(os.name != "posix", reason="ends by a signal")
def test_a_worker_ends_when_its_study_is_gone() -> None:
    """What the thread does that watches standard input, before torch is there to wait for."""
    code = (
        "import sys, time\n"
        "from threading import Thread\n"
        "from mnistops.studies.worker import _end_with_the_study\n"
        "Thread(target=_end_with_the_study, daemon=True).start()\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == b"ready\n"
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(30) == -signal.SIGTERM
