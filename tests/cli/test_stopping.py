"""Signals: noted once while a run goes on; a real run that gets one saves, tells and leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mnistops.cli.stopping import STOPPING, Stopped, noted
from tests.made_data import write_dataset

ROOT = Path(__file__).parents[2]


def test_one_that_comes_is_noted_and_the_next_is_the_systems() -> None:
    before = [signal.getsignal(number) for number in STOPPING]
    with noted() as signals:
        assert [signal.getsignal(number) for number in STOPPING] == before
        signals.listen()
        signals.check()
        signal.raise_signal(signal.SIGTERM)
        assert [signal.getsignal(number) for number in STOPPING] == [signal.SIG_DFL] * 2
        with pytest.raises(Stopped) as told:
            signals.check()
        assert told.value.exit_code == 143
    assert [signal.getsignal(number) for number in STOPPING] == before


def test_one_that_came_before_and_was_swallowed_is_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mnistops.cli.signals._received", [signal.SIGTERM])
    with noted() as signals:
        signals.listen()
        with pytest.raises(Stopped) as told:
            signals.check()
        assert told.value.exit_code == 143


def begin(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "mnistops", "train", "--dataset", "made", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_is_saved_and_says_how_to_go_on(number: signal.Signals, code: int) -> None:
    write_dataset(Path("made"), 600, 50)
    arguments = ("--epochs", "100000", "--run-dir", "my run", "--engine", "eager")
    process = begin(*arguments, "--batch-size", "50")
    wait_for(Path("my run/last.pt"), process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert err.splitlines()[-2:] == [
        "stopped; what is done is saved",
        "hint: `mnistops train --resume 'my run'` goes on",
    ]
    assert "Traceback" not in err
    assert json.loads(Path("my run/run.json").read_text())["status"] == "interrupted"
    assert not list(Path("my run").glob(".*"))
    again = begin("--resume", "my run")
    assert again.stderr is not None
    assert any(line.startswith("going on from epoch ") for line in again.stderr)
    again.kill()
    again.communicate()


@pytest.mark.slow
def test_a_second_signal_leaves_at_once() -> None:
    """In a step that never ends there is no time for the first."""
    write_dataset(Path("made"), 60, 50)
    Path("net.py").write_text(
        "import time\nfrom pathlib import Path\nfrom torch import nn\n"
        "class Net(nn.Linear):\n"
        "    def __init__(self):\n        super().__init__(784, 10)\n"
        "    def forward(self, images):\n"
        "        if Path('run/config.toml').exists():\n"
        "            Path('inside').touch()\n            time.sleep(600)\n"
        "        return super().forward(images.flatten(1))\n"
    )
    arguments = ("net.py:Net", "--run-dir", "run", "--engine", "eager", "--batch-size", "30")
    process = begin(*arguments)
    wait_for(Path("inside"), process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert time.monotonic() - started < 5
