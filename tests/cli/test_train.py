"""``mnistops train``: what it writes where, and how it ends."""

import csv
import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from mnistops.checkpoint import find_checkpoint, load_checkpoint
from mnistops.errors import BadInput
from mnistops.lock import locked
from tests.made_data import write_dataset
from tests.running import Run

QUICK = ("--dataset", "made", "--epochs", "2", "--batch-size", "30", "--run-dir", "run")


@pytest.fixture(autouse=True)
def made() -> None:
    write_dataset(Path("made"), 120, 50)


def test_stdout_holds_the_result_and_stderr_the_way_to_it(command: Run) -> None:
    outcome = command("train", *QUICK)
    assert outcome.code == 0
    assert outcome.out.startswith("reference, 5,340 parameters\n")
    assert "nothing was chosen: the last epoch is the result" in outcome.out
    lines = outcome.err.splitlines()
    assert lines[0].startswith("reference, 5,340 parameters, on cpu (")
    assert lines[3].startswith("8 steps of 30 images are few to learn from: ")
    assert [line.split()[:2] for line in lines[4:]] == [["epoch", "0"], ["epoch", "1"]]


def test_the_run_folder_has_its_files(command: Run) -> None:
    command("train", *QUICK)
    names = {path.name for path in Path("run").iterdir()}
    checkpoints = {"last.pt", "previous.pt"}
    assert (
        names
        == {"config.toml", "run.json", "metrics.csv", "curves.png", "report.html"} | checkpoints
    )
    with Path("run/metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "epoch",
        "train_loss",
        "train_accuracy",
        "test_loss",
        "test_accuracy",
        "learning_rate",
        "time_seconds",
    ]


def test_the_report_is_of_the_run(command: Run) -> None:
    outcome = command("train", *QUICK, "--format", "json")
    page = Path("run/report.html").read_text()
    errors = json.loads(outcome.out)["final"]["test_errors"]
    assert f"{errors} of 50 images are taken for another class" in page
    assert "Every epoch in numbers" in page and 'id="train"' not in page


def test_a_network_in_python_has_a_report_too(command: Run) -> None:
    shutil.copytree(Path(__file__).parents[2] / "examples", "examples")
    outcome = command("train", "examples/residual.py:Net", *QUICK, "--epochs", "1")
    assert outcome.code == 0
    assert "second.excite" in Path("run/report.html").read_text()


def test_a_report_that_cannot_be_made_is_told_of_and_the_run_is_good(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise BadInput("made: expected a page, got none")

    monkeypatch.setattr("mnistops.dossier.compile_dossier", fail)
    outcome = command("train", *QUICK)
    assert outcome.code == 0
    assert outcome.err.splitlines()[-1] == "no report: made: expected a page, got none"
    assert "nothing was chosen" in outcome.out and not Path("run/report.html").exists()


def test_json_is_one_object(command: Run) -> None:
    outcome = command("train", *QUICK, "--format", "json")
    result = json.loads(outcome.out)
    assert list(result) == [
        "run_folder",
        "network",
        "num_params",
        "epochs",
        "final",
        "best",
        "selection",
        "time_seconds",
    ]
    assert result["run_folder"] == "run" and result["num_params"] == 5340
    assert set(result["final"]) == {"train_accuracy", "test_accuracy", "test_errors"}
    assert (result["best"], result["selection"], result["epochs"]) == (None, "none", 2)


def test_a_hold_out_is_reported(command: Run) -> None:
    outcome = command("train", *QUICK, "--holdout", "40", "--format", "json")
    result = json.loads(outcome.out)
    assert result["selection"] == "holdout"
    assert 0 <= result["final"]["holdout_accuracy"] <= 1
    assert set(result["best"]) == {"epoch", "test_accuracy", "holdout_accuracy"}
    assert "holdout_accuracy" in Path("run/metrics.csv").read_text().splitlines()[0]
    assert Path("run/best.pt").exists()


def test_plateau_prints_the_seeds_lines(command: Run) -> None:
    outcome = command(
        "train", *QUICK, "--recipe", "plateau", "--learning-rate", "0.1", "--epochs", "4",
        "--target-accuracy", "0",
    )  # fmt: skip
    lines = outcome.err.splitlines()[4:]
    assert lines[0].startswith("Train ==> Epochs: 0 Batch:  3 loss: ")
    assert lines[1].startswith("Test ==> Epochs: 0 Batch:  1 loss: ")
    assert lines[2:4] == ["Insufficient test accuracy data.", "LR: 0.1"]
    assert lines[6] == "Conditions not met for saving the model."
    assert lines[-2].startswith("Max Train Accuracy:  ")
    assert lines[-1].startswith("Max Test Accuracy:  ")
    assert "accuracies on test flatter the network" in " ".join(outcome.out.split())


def test_plateau_says_when_no_epoch_was_good_enough(command: Run) -> None:
    outcome = command("train", *QUICK, "--recipe", "plateau", "--learning-rate", "0.1")
    assert "no epoch from 3 on reached the target: no best was kept" in outcome.out


def test_plateau_without_a_rate_draws_its_range_test(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnistops.training.lr_range.NUM_STEPS", 20)
    outcome = command("train", *QUICK, "--recipe", "plateau", "--epochs", "1")
    assert "by a range test" in outcome.err
    assert {path.name for path in Path("run").glob("lr_range.*")} == {
        "lr_range.csv",
        "lr_range.png",
    }


@pytest.mark.parametrize(("target", "code"), [("0", 0), ("1", 1)])
def test_a_target_can_be_required(command: Run, target: str, code: int) -> None:
    outcome = command(
        "train", *QUICK, "--epochs", "1", "--target-accuracy", target, "--require-target"
    )
    assert outcome.code == code
    assert ("reached" if code == 0 else "missed") in outcome.out


def test_a_missed_target_that_is_not_required_is_no_failure(command: Run) -> None:
    assert command("train", *QUICK, "--epochs", "1", "--target-accuracy", "1").code == 0


def test_runs_are_named_by_time_network_and_seed(command: Run) -> None:
    command("train", *QUICK[:-2], "--seed", "3")
    (folder,) = Path("runs").iterdir()
    assert folder.name.endswith("-reference-seed3")


def test_a_folder_with_something_in_it_is_refused_before_training(command: Run) -> None:
    Path("run").mkdir()
    Path("run/note").touch()
    outcome = command("train", *QUICK)
    assert outcome.code == 73
    assert outcome.err.startswith("error: --run-dir run: expected a new or empty folder")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--epochs", "0"), 2, "--epochs: expected a whole number from 1, got '0'"),
        (("--learning-rate", "nan"), 2, "--learning-rate: expected a number above 0, got 'nan'"),
        (("--batch-size", "500"), 2, "--batch-size: expected at most the 120 images"),
        (("--device", "cuda:9"), 2, "--device cuda:9: expected a CUDA device"),
        (("--dataset", "elsewhere"), 66, "--dataset elsewhere: expected a folder"),
        (("no_such.toml",), 66, "no_such.toml: expected a TOML file"),
        (("--recipe", "platau"), 2, "--recipe: expected one-cycle or plateau, got 'platau'"),
    ],
)
def test_bad_input_runs_nothing(
    command: Run, arguments: tuple[str, ...], code: int, message: str
) -> None:
    outcome = command("train", *QUICK, *arguments)
    assert outcome.code == code
    assert outcome.err.startswith(f"error: {message}")
    assert outcome.out == ""
    assert not Path("run").exists()


def test_without_a_compiler_it_is_eager_and_says_so_once(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mnistops.native import network

    monkeypatch.setattr(network, "kernels", network.kernels.__wrapped__)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    outcome = command("train", *QUICK, "--batch-size", "32")
    first, second, *_ = outcome.err.splitlines()
    assert outcome.code == 0
    assert first == (
        "going on without engine native: expected a C++ compiler, got none (g++, clang++ or c++)"
    )
    assert second.endswith("eager engine")
    assert outcome.err.count("compiler") == 1


def test_an_interrupt_ends_with_130(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mnistops.training.step.TrainingStep.__call__", interrupt)
    outcome = command("train", *QUICK)
    assert outcome.code == 130
    assert outcome.err.splitlines()[-1] == "interrupted"
    assert json.loads(Path("run/run.json").read_text())["status"] == "interrupted"


def test_a_run_that_is_done_is_not_gone_on_with(command: Run) -> None:
    command("train", *QUICK)
    outcome = command("train", "--resume", "run")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "nothing to go on with: run is done\n"


def test_a_resumed_run_keeps_its_settings_whatever_is_around(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("train", *QUICK)
    record = json.loads(Path("run/run.json").read_text())
    Path("run/run.json").write_text(json.dumps(record | {"status": "interrupted"}))
    monkeypatch.setenv("MNISTOPS_TRAIN__EPOCHS", "7")
    outcome = command("train", "--resume", "run", "--batch-size", "30", "--format", "json")
    assert outcome.code == 0 and json.loads(outcome.out)
    assert "going on from epoch 2, step 0" in outcome.err
    assert json.loads(Path("run/run.json").read_text())["status"] == "done"
    outcome = command("train", "--resume", "run", "--epochs", "3", "--seed", "1")
    assert outcome.code == 2
    assert outcome.err == (
        "error: --resume run: expected the settings of that run, got --seed 1 where it has 0, "
        "--epochs 3 where it has 2\n"
        "hint: leave them out, or begin a new run\n"
    )


def test_weights_to_begin_with_can_be_a_built_ins(command: Run) -> None:
    outcome = command("train", "small", *QUICK, "--init-from", "small", "--learning-rate", "1e-9")
    assert outcome.code == 0
    bundled, trained = (
        load_checkpoint(find_checkpoint(Path(name))).state_dict["head.1.weight"]
        for name in ("small", "run")
    )
    torch.testing.assert_close(trained, bundled)


def test_two_runs_in_one_folder_are_one_too_many(command: Run) -> None:
    command("train", *QUICK)
    record = json.loads(Path("run/run.json").read_text())
    Path("run/run.json").write_text(json.dumps(record | {"status": "running"}))
    with locked(Path("run")):
        outcome = command("train", "--resume", "run")
    assert outcome.code == 75
    assert outcome.err == (
        "error: run: expected no other process at work in it, "
        f"got one with pid {os.getpid()}\nhint: wait for it, or stop it\n"
    )
    assert command("train", "--resume", "run").code == 0
