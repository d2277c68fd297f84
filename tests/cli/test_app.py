"""The command as a process: start-up, help, paths of every kind."""

import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

import mnistops
from mnistops.analysis import what_if
from mnistops.errors import ExitCode
from tests.made_data import write_dataset
from tests.running import Run

HEAVY = """
import sys
from mnistops.cli.app import run
code = run(sys.argv[1:])
loaded = {"torch", "torchvision", "matplotlib", "numpy"} & set(sys.modules)
sys.exit(f"loaded {loaded}" if loaded else code)
"""


def process(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mnistops", *arguments]
    return subprocess.run(command, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["summary"],
        ["summary", "net.toml"],
        ["summary", "--style", "torchsummary"],
        ["rf"],
        ["rf", "net.toml", "--format", "json"],
        ["rf", "--dilation", "1", "--dilation", "2", "--keep-size"],
        ["config", "show"],
        ["runs", "list"],
    ],
)
def test_nothing_heavy_is_imported(arguments: list[str]) -> None:
    Path("net.toml").write_text(mnistops.NetworkSpec.to_toml(_reference()))
    done = subprocess.run(
        [sys.executable, "-c", HEAVY, *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def _reference() -> mnistops.NetworkSpec:
    from mnistops.networks.zoo import REFERENCE

    return REFERENCE


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["summary"], ["rf"]])
def test_answers_come_far_sooner_than_torch_would(arguments: list[str]) -> None:
    # Processor time, in turns and the best of five, for these machines are shared.
    ours, torchs = [], []
    for _ in range(5):
        ours.append(processor_seconds("-m", "mnistops", *arguments))
        torchs.append(processor_seconds("-c", "import torch"))
    assert min(ours) < min(torchs) / 4


def processor_seconds(*arguments: str) -> float:
    """What a process of this Python takes of the processor, by itself and by the system for it."""
    child = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return usage.ru_utime + usage.ru_stime


def test_version_and_help(command: Run) -> None:
    assert command("--version") == (0, f"mnistops {mnistops.__version__}\n", "")
    code, out, err = command()
    assert (code, err) == (0, "")
    for name in ("summary", "rf", "config"):
        assert name in out
    assert "schema" in command("config").out
    assert command("rf", "-h").out == command("rf", "--help").out


def test_debug_shows_the_traceback(command: Run) -> None:
    outcome = command("summary", "refrence", "--debug")
    assert outcome.code == 2
    assert outcome.err.startswith("error: network refrence")
    assert "Traceback" in outcome.err


def test_memory_may_run_out_anywhere(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what_if, "field_tables", Mock(side_effect=MemoryError))
    code, _, error = command("rf", "--debug")
    assert code == ExitCode.RESOURCE
    assert error.startswith(
        "error: mnistops: expected enough memory, got: MemoryError\nhint: close"
    )
    assert "Traceback" in error


def test_paths_of_every_kind_are_folders_too(command: Run) -> None:
    write_dataset(Path("-made [i] é"), 60, 20)
    given = ("--dataset", "-made [i] é", "--batch-size", "30", "--epochs", "1")
    trained = command("train", *given, "--engine", "eager", "--run-dir", "-run [bold] é")
    assert trained.code == 0
    assert "run folder: -run [bold] é\n" in trained.out
    validated = command("validate", "--checkpoint", "-run [bold] é", "--out=- [/b] é")
    assert validated.code == 0
    assert "Loading model: -run [bold] é/last.pt\n" in validated.err
    assert "-made [i] é" in validated.out and Path("- [/b] é/test_errors.csv").exists()


def test_paths_of_every_kind_print_literally(command: Run) -> None:
    for name in ("a b [bold] é.toml", "-dash.toml"):
        outcome = command("summary", "--", name)
        assert outcome.code == 66
        assert name in outcome.err
        Path(name).write_text(_reference().to_toml().replace('"reference"', '"[red]x"'))
        outcome = command("summary", "--", name)
        assert outcome.out.startswith("[red]x, input 1 x 28 x 28")


def test_a_process_leaves_nothing_unsaid() -> None:
    command = [sys.executable, "-m", "mnistops", "summary", "--max-params", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "kept for training" in done.stdout.splitlines()[-1]
    assert done.stderr.startswith("over budget: 5,340 parameters, 5,339 more than")


@pytest.mark.parametrize("words", [("export",), ("runs", "show")], ids=" ".join)
def test_a_name_that_no_disk_takes_is_no_bug_of_ours(command: Run, words: tuple[str, ...]) -> None:
    outcome = command(*words, "a" * 300)
    assert outcome.code == 66
    assert outcome.err == f"error: {'a' * 200}: expected to reach it, got: File name too long\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("summary", "closed/x.pt"),
        ("summary", "closed/net.py:Net"),
        ("export", "closed/x.pt"),
        ("runs", "show", "closed/run"),
        ("validate", "--dataset", "closed", "--checkpoint", "tiny"),
    ],
    ids=" ".join,
)
def test_nor_is_a_folder_that_is_closed_to_us(command: Run, arguments: tuple[str, ...]) -> None:
    Path("closed").mkdir(mode=0o000)
    if os.access("closed", os.X_OK):
        pytest.skip("root opens every folder")
    outcome = command(*arguments)
    assert outcome.code == 66, outcome.err
    last = outcome.err.splitlines()[-1]
    assert last.startswith("error: closed/")
    assert last.endswith(": expected to reach it, got: Permission denied")
