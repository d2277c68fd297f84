"""Ctrl-C and SIGTERM, from the first moments on: real processes, told to end."""

import ast
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from mnistops.cli import signals
from tests.made_data import write_dataset

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}

# Says when it sees to signals, which is a matter of milliseconds, and goes on as mnistops does.
PROCESS = """
from mnistops.cli.signals import raise_interrupts
raise_interrupts()
print("up", flush=True)
from mnistops.__main__ import main
main()
"""

SLEEPS = """
import sys, time
from torch import nn

class Sleeps(nn.Linear):
    def __init__(self):
        super().__init__(28, 10)
    def forward(self, images):
        print("at work", flush=True)
        try:
            time.sleep(60)
        except Exception:
            pass
"""
SWALLOWS = SLEEPS.replace("Exception:", "BaseException:") + "        time.sleep(60)\n"


def start(*arguments: str, code: str = PROCESS) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def end(process: "subprocess.Popen[str]", number: signal.Signals) -> tuple[int, str]:
    """How the process ends, and what is left of its standard error."""
    process.send_signal(number)
    error = process.communicate(timeout=120)[1]
    return process.returncode, error


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("seconds", [0.01, 0.1, 0.2])
def test_in_the_first_moments(number: signal.Signals, seconds: float) -> None:
    """While the command's own modules are loaded, or torch is."""
    process = start("rf", "--verify")
    Event().wait(seconds)
    code, error = end(process, number)
    assert code == CODES[number]
    assert error in ("", "interrupted\n" if number == signal.SIGINT else "")


def test_twice_is_at_once() -> None:
    """Also while a library is loaded, the end of which the first one waits for."""
    Path("net.py").write_text("import slow\n")
    Path("slow.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(600)\n")
    process = start("summary", "net.py:Net")
    assert process.stderr is not None
    assert process.stderr.readline() == "loading\n"
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    assert end(process, signal.SIGTERM) == (143, "")


def test_a_file_of_the_users_is_interrupted_where_it_is() -> None:
    Path("net.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(600)\n")
    process = start("summary", "net.py:Net")
    assert process.stderr is not None
    assert process.stderr.readline() == "loading\n"
    assert end(process, signal.SIGINT) == (130, "interrupted\n")


@pytest.mark.slow
@pytest.mark.parametrize("number", CODES)
def test_at_any_moment(number: signal.Signals) -> None:
    write_dataset(Path("made"), 120, 50)
    for tenths in range(1, 41, 3):
        process = start("validate", "--dataset", "made", "--checkpoint", "tiny", "--out", "out")
        Event().wait(tenths / 10)
        code, error = end(process, number)
        lines = [line for line in error.splitlines() if " - INFO - " not in line]
        assert code in (CODES[number], 0)
        assert lines in ([], ["interrupted"])


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("code", [SLEEPS, SWALLOWS])
def test_at_work(number: signal.Signals, code: str) -> None:
    """One that is swallowed comes again."""
    Path("net.py").write_text(code)
    process = start("summary", "net.py:Sleeps")
    assert process.stderr is not None
    assert process.stderr.readline() == "at work\n"
    said = {signal.SIGINT: "interrupted\n", signal.SIGTERM: ""}
    assert end(process, number) == (CODES[number], said[number])


TIDIES_UP = """
import signal, sys, time
from mnistops.cli import signals
signals.SECONDS_UNTIL_AGAIN = 0.05
signals.raise_interrupts()
try:
    print("up", flush=True)
    time.sleep(60)
finally:
    time.sleep(1)
    print("tidy", file=sys.stderr)
"""


def test_what_is_tidied_up_is_not_interrupted_again() -> None:
    error = end(start(code=TIDIES_UP), signal.SIGTERM)[1]
    assert error.startswith("tidy\n") and error.count("Traceback") == 1


def test_what_is_ignored_stays_ignored() -> None:
    """As nohup, and a shell's job in the background, have it."""
    code = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{PROCESS}"
    process = start("summary", code=code)
    assert end(process, signal.SIGINT) == (0, "")


@pytest.fixture
def stalling_address() -> Iterator[str]:
    """An address that begins to answer, and never ends."""
    over = Event()

    class Stalling(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 10)
            self.wfile.flush()
            over.wait(60)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Stalling) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        over.set()
        server.shutdown()


@pytest.mark.parametrize("number", CODES)
def test_what_was_staged_is_gone(number: signal.Signals, stalling_address: str) -> None:
    patch = (
        "from dataclasses import replace\nfrom mnistops.data.known import KNOWN\n"
        f"KNOWN['mnist'] = replace(KNOWN['mnist'], mirrors=({stalling_address!r},))\n"
    )
    process = start("data", "fetch", "--data-dir", "data", code=patch + PROCESS)
    while not list(Path("data").glob(".mnistops-fetch-*/*")):
        assert process.poll() is None
        Event().wait(0.05)
    assert end(process, number)[0] == CODES[number]
    assert list(Path("data").iterdir()) == []


def test_in_this_process_nothing_was_told_to_end() -> None:
    assert signals.interruption() is None
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_the_installed_command_sees_to_signals_first() -> None:
    """So little is loaded by what pyproject.toml names that nobody is quick enough."""
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert 'mnistops = "mnistops.__main__:main"' in text
    code = "import sys, mnistops.__main__; print({n for n in sys.modules if 'mnistops' in n})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = {"mnistops", "mnistops.__main__", "mnistops.cli", "mnistops.cli.signals"}
    assert ast.literal_eval(done.stdout) == names
