"""The command as a process: start-up, exit codes, two-line errors, streams of every kind."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mnistops
from mnistops.cli import rf
from mnistops.errors import ExitCode
from tests.running import Run

HEAVY = """
import sys
from mnistops.cli.app import main
try:
    main(sys.argv[1:])
except SystemExit as exit:
    loaded = {"torch", "torchvision", "matplotlib", "numpy"} & set(sys.modules)
    sys.exit(f"loaded {loaded}" if loaded else exit.code)
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
    # Side by side and the best of five, for these machines are shared; 0.5 s on an idle core is
    # about a quarter of torch's import.
    ours, torchs = [], []
    for _ in range(5):
        started = time.perf_counter()
        process(*arguments, capture_output=True)
        ours.append(time.perf_counter() - started)
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import torch"], check=True)
        torchs.append(time.perf_counter() - started)
    assert min(ours) < min(torchs) / 4


def test_version_and_help(command: Run) -> None:
    assert command("--version") == (0, f"mnistops {mnistops.__version__}\n", "")
    code, out, err = command()
    assert (code, err) == (0, "")
    for name in ("summary", "rf", "config"):
        assert name in out
    assert "schema" in command("config").out
    assert command("rf", "-h").out == command("rf", "--help").out


@pytest.mark.parametrize(
    ("arguments", "code", "error", "hint"),
    [
        (["rff"], 2, "error: no such command 'rff'", "did you mean 'rf'?"),
        (["rf", "--dilaton", "2"], 2, "error: --dilaton: expected an option", "mean --dilation?"),
        (["rf", "--zzz"], 2, "error: --zzz: expected an option of `mnistops rf`", "rf --help`"),
        (["rf", "--dilation"], 2, "error: --dilation: expected a value, got none", "`mnistops rf"),
        (["rf", "a", "b"], 2, "error: got unexpected extra argument", "`mnistops rf --help`"),
        (["rf", "--dilation", "0"], 2, "error: --dilation: expected whole numbers from 1", None),
        (["rf", "--dilation", "x"], 2, "got 'x'", None),
        (["rf", "--layers", "conv9", "--dilation", "2"], 2, "error: --layers conv9:", "pool1"),
        (["rf", "--layers", "conv9"], 2, "expected a change to these layers", "--dilation N"),
        (["rf", "--dilation", "3"], 65, "convblock7.0 (Conv2d)", "--keep-size"),
        (["summary", "--format", "xml"], 2, "error: --format: expected table, json, csv or", None),
        (["summary", "--input-size", "28"], 2, "error: --input-size: expected channels", None),
        (["summary", "refrence"], 2, "error: network refrence: expected reference", "'reference'?"),
        (["rf", "--keep-size=true"], 2, "does not take a value", "--help`"),
        (["summary", ""], 2, "error: --network: expected text, got ''", None),
        (["summary", "./none"], 66, "error: none: expected a checkpoint or a run folder", None),
        (["summary", "none.pt"], 66, "error: none.pt: expected a checkpoint", None),
        (["summary", "none.toml"], 66, "error: none.toml: expected a TOML file", None),
        (["summary", "none.py:Net"], 66, "error: none.py: expected a Python file", None),
        (["summary", "--config", "none.toml"], 66, "error: --config none.toml:", "config init"),
        (["config", "init", "no/where.toml"], 73, "error: no/where.toml: expected to make", None),
    ],
)
def test_errors_are_two_lines(
    command: Run, arguments: list[str], code: int, error: str, hint: str | None
) -> None:
    outcome = command(*arguments)
    assert outcome.code == code
    assert outcome.out == ""
    lines = outcome.err.splitlines()
    assert lines[0].startswith("error: ")
    assert error in lines[0]
    assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("hint: "))
    assert hint is None or hint in lines[1]
    assert "Traceback" not in outcome.err


def test_debug_shows_the_traceback(command: Run) -> None:
    outcome = command("summary", "refrence", "--debug")
    assert outcome.code == 2
    assert outcome.err.startswith("error: network refrence")
    assert "Traceback" in outcome.err


def test_a_bug_of_ours_is_said_to_be_one(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a\nb")

    monkeypatch.setattr(rf, "field_tables", fail)
    outcome = command("rf")
    assert outcome.code == ExitCode.BUG
    assert outcome.err.splitlines()[0] == (
        "error: mnistops: expected no bug, got ZeroDivisionError: a b"
    )
    assert "ZeroDivisionError" in command("rf", "--debug").err


def test_paths_of_every_kind_print_literally(command: Run) -> None:
    for name in ("a b [bold] é.toml", "-dash.toml"):
        outcome = command("summary", "--", name)
        assert outcome.code == 66
        assert name in outcome.err
        Path(name).write_text(_reference().to_toml().replace('"reference"', '"[red]x"'))
        outcome = command("summary", "--", name)
        assert outcome.out.startswith("[red]x, input 1 x 28 x 28")


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which ``mnistops`` is this one."""
    command = line.replace("mnistops", f"{sys.executable} -m mnistops")
    return subprocess.run(["/bin/bash", "-c", command], capture_output=True, text=True, check=False)


def test_a_reader_that_leaves_early_is_no_error() -> None:
    done = shell("mnistops summary | head -1; echo ${PIPESTATUS[0]}")
    assert done.stdout.splitlines()[1:] == ["0"]
    assert done.stderr == ""


def test_a_help_text_that_is_not_read_to_its_end() -> None:
    done = shell("mnistops summary --help | true; echo ${PIPESTATUS[0]}")
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_control_characters_do_not_reach_the_terminal(command: Run) -> None:
    outcome = command("summary", "\x1b[31m.toml")
    assert outcome.err.startswith("error: \\x1b[31m.toml: expected a TOML file")


def test_closed_and_full_standard_output() -> None:
    for redirection, code in ((">&-", 0), (">/dev/full", 74)):
        done = shell(f"mnistops rf {redirection}")
        assert done.returncode == code
        assert "Traceback" not in done.stderr
        assert ("standard output" in done.stderr) == (code == 74)


def test_ascii_narrow_and_colourless_streams() -> None:
    variables = {**os.environ, "PYTHONIOENCODING": "ascii", "NO_COLOR": "1", "COLUMNS": "40"}
    Path("é.toml").write_text(_reference().to_toml())
    done = process("rf", "é.toml", capture_output=True, env=variables)
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "16 + (3-1)*2*2 = 24" in done.stdout  # nothing is lost in a pipe
    missing = process("rf", "ü.toml", capture_output=True, env=variables)
    assert missing.returncode == 66
    assert "\\xfc.toml" in missing.stderr


def test_a_process_leaves_nothing_unsaid() -> None:
    command = [sys.executable, "-m", "mnistops", "summary", "--max-params", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "kept for training" in done.stdout.splitlines()[-1]
    assert done.stderr.startswith("over budget: 5,340 parameters, 5,339 more than")
