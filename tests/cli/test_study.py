"""``mnistops study``: what it writes where, how it ends, and how it goes on."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mnistops.settings import Settings
from mnistops.studies.outcome import RunOutcome
from tests.made_data import write_dataset
from tests.running import Run
from tests.study_runs import InstantPool, Work, made_outcome

QUICK = (
    "study", "--dataset", "made", "--epochs", "1", "--batch-size", "30", "--engine", "eager",
    "--learning-rate", "0.1", "--dir", "study", "--seeds", "2",
)  # fmt: skip
BOTH = ("--recipe", "one-cycle", "--recipe", "plateau")


@pytest.fixture(autouse=True)
def made() -> None:
    write_dataset(Path("made"), 120, 50)


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> Callable[[Work], None]:
    """Let workers come to what this makes of their settings, at once."""
    return lambda work: monkeypatch.setattr("mnistops.studies.run.keep_busy", InstantPool(work))


def by_recipe(asked: Settings) -> RunOutcome:
    wrong = range(30 if asked.train.recipe == "plateau" else 1 + asked.seed)
    held = asked.train.holdout
    return made_outcome(wrong, wrong if held else (), held, num_test=50)


def test_stdout_holds_the_result_and_stderr_the_way_to_it(
    command: Run, instant: Callable[[Work], None]
) -> None:
    instant(by_recipe)
    outcome = command(*QUICK, *BOTH, "--seeds", "5")
    assert outcome.code == 0
    assert outcome.out.startswith("after 1 epoch, judged on test\n")
    assert "one-cycle beats plateau by 54.000 points" in outcome.out
    lines = outcome.err.splitlines()
    assert lines[0] == "2 groups x 5 seeds: 10 runs"
    assert lines[2] == "study folder: study"
    assert len(lines) == 13
    assert {path.name for path in Path("study").iterdir()} >= {
        "study.json",
        "study.csv",
        "study.png",
        "runs",
    }


def test_json_is_one_object(command: Run, instant: Callable[[Work], None]) -> None:
    instant(by_recipe)
    result = json.loads(command(*QUICK, *BOTH, "--holdout", "50", "--format", "json").out)
    first, second = result["groups"]
    assert list(first)[:9] == [
        "name",
        "num_params",
        "epochs",
        "seeds",
        "mean_holdout_accuracy",
        "mean_test_accuracy",
        "std",
        "ci95",
        "test_errors",
    ]
    assert (first["name"], first["test_errors"]) == ("one-cycle", [1, 2])
    assert (second["name"], second["mean_holdout_accuracy"]) == ("plateau", 0.4)
    (comparison,) = result["comparisons"]
    assert set(comparison) == {"a", "b", "on", "difference", "ci95", "winner"}
    assert comparison["on"] == "holdout"


def test_csv_is_the_study_csv(command: Run, instant: Callable[[Work], None]) -> None:
    instant(by_recipe)
    printed = command(*QUICK, "--vary", "train.epochs=1,2", "--format", "csv").out
    rows = list(csv.DictReader(printed.splitlines()))
    assert [row["group"] for row in rows] == ["epochs=1", "epochs=1", "epochs=2", "epochs=2"]
    kept = list(csv.DictReader(Path("study/study.csv").read_text().splitlines()))
    assert sorted(row["run_folder"] for row in kept) == sorted(row["run_folder"] for row in rows)


def test_recipes_are_the_studys_own_option(
    command: Run, instant: Callable[[Work], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    instant(by_recipe)
    monkeypatch.setenv("MNISTOPS_TRAIN__RECIPE", "plateau")
    alone = json.loads(command(*QUICK, "--format", "json").out)
    assert [group["test_errors"] for group in alone["groups"]] == [[30, 30]]
    shutil.rmtree("study")
    named = json.loads(command(*QUICK, "--recipe", "one-cycle", "--format", "json").out)
    assert [group["test_errors"] for group in named["groups"]] == [[1, 2]]
    assert command("config", "show", "--recipe", "one-cycle").code == 0


def test_a_study_is_named_by_time_and_network(
    command: Run, instant: Callable[[Work], None]
) -> None:
    instant(by_recipe)
    Path("net.py").write_text(
        "from torch import nn\ndef Net(): return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n"
    )
    arguments = [word for word in QUICK if word not in ("--dir", "study")]
    assert command("study", "net.py:Net", *arguments).code == 0
    (folder,) = Path("runs").iterdir()
    assert folder.name.endswith("-study-Net")


def test_a_missing_run_is_a_negative_verdict(command: Run, instant: Callable[[Work], None]) -> None:
    instant(lambda asked: "ended by SIGKILL" if asked.seed else by_recipe(asked))
    outcome = command(*QUICK)
    assert outcome.code == 1
    assert "missing: reference, seed 1: ended by SIGKILL" in outcome.out
    assert "reference, seed 1: ended by SIGKILL; begun again" in outcome.err
    shutil.rmtree("study")
    instant(lambda _: "ended by SIGKILL")
    assert command(*QUICK).code == 1
    assert not Path("study/study.png").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        (("--vary", "train.learning_rat=1"), 2, "--vary train.learning_rat: expected a setting",
         "did you mean 'train.learning_rate'?"),
        (("--vary", "train.epochs=x"), 2, "--vary train.epochs: expected a whole number", None),
        (("--vary", "train.epochs"), 2, "--vary: expected KEY=VALUE,VALUE", None),
        (("--recipe", "one"), 2, "--recipe: expected some of one-cycle, plateau, got 'one'", None),
        (("--seeds", "0"), 2, "--seeds: expected a whole number from 1, got '0'", None),
        (("--vary", "network.name=reference,none.toml"), 66, "none.toml: expected a TOML", None),
        (("--holdout", "120"), 2, "--holdout: expected fewer than the 120", None),
        (("--dir", "made"), 73, "--dir made: expected a new or empty folder", None),
        (("--run-dir", "x"), 2, "--run-dir: expected an option of `mnistops study`", None),
    ],
)  # fmt: skip
def test_bad_input_runs_nothing(
    command: Run, arguments: tuple[str, ...], code: int, message: str, hint: str | None
) -> None:
    outcome = command(*QUICK, *arguments)
    assert outcome.code == code
    first, *rest = outcome.err.splitlines()
    assert first.startswith(f"error: {message}")
    assert hint is None or hint in rest[0]
    assert outcome.out == "" and not Path("study").exists()


def test_an_interrupt_ends_with_130_and_tells_how_to_go_on(
    command: Run, instant: Callable[[Work], None]
) -> None:
    def interrupt(asked: Settings) -> RunOutcome:
        if asked.seed:
            raise KeyboardInterrupt
        return by_recipe(asked)

    instant(interrupt)
    outcome = command(*QUICK)
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err.splitlines()[-2:] == [
        "stopped with 1 of 2 runs done; the same `mnistops study ... --dir study` goes on from "
        "there",
        "interrupted",
    ]
    instant(by_recipe)
    assert "1 of them done before" in command(*QUICK).err


def workers_of(folder: Path) -> list[int]:
    """The processes at work on a study's requests."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_text().split("\0")
            except OSError:
                continue
            if "mnistops.studies.worker" in words and any(str(folder) in word for word in words):
                found.append(int(entry.name))
    return found


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_study_that_is_really_stopped_goes_on(
    command: Run, number: signal.Signals, tmp_path: Path
) -> None:
    """One run is done and others are at work when it ends; a whole study comes to the same."""
    folder = tmp_path / "study"
    arguments = [*QUICK, *BOTH, "--dir", str(folder), "--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mnistops", *arguments], stderr=subprocess.PIPE, text=True
    )
    with process:
        until(lambda: any(folder.glob("runs/*/result.json")) and len(workers_of(folder)) > 0)
        os.kill(process.pid, number)
        assert process.stderr is not None
        told = process.stderr.read()
    assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    assert ("goes on from there" in told) == (number == signal.SIGINT)
    until(lambda: not workers_of(folder), 10)
    done = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/result.json")}
    assert 1 <= len(done) < 4
    again = json.loads(command(*arguments, "--format", "json").out)
    assert all(path.stat().st_mtime_ns == before for path, before in done.items())
    whole = json.loads(command(*QUICK, *BOTH, "--format", "json").out)
    assert again["groups"] == whole["groups"]
    assert again["comparisons"] == whole["comparisons"]
