"""The process of a worker: what it tells, and how it ends."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mnistops.diagnosis import process
from mnistops.diagnosis.process import WorkerProcess
from mnistops.settings import Settings


def ran(monkeypatch: pytest.MonkeyPatch, script: str) -> tuple[list[dict[str, Any]], str]:
    """What a shell script tells in the worker's place, and how it ended."""
    path = Path("python").absolute()
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))
    with closing(WorkerProcess(Settings(), 7)) as worker:
        return list(worker.told()), worker.how_it_ended()


def test_its_arguments_and_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    script = """echo noise; echo '{"begun": "'$1 $2 $3 $4'"}'; echo '{"found": 1}'"""
    told, how = ran(monkeypatch, script)
    assert told == [{"begun": "-P -m mnistops.diagnosis.worker 7"}, {"found": 1}]
    assert how == ""


@pytest.mark.parametrize(
    ("script", "how"),
    [
        ("exit 3", "exit code 3"),
        ("echo broken; echo '{\"found\": 1}'; echo; exit 1", "exit code 1: broken"),
        ("echo 3; exit 1", "exit code 1: 3"),
        ("echo null; echo '[[]]'; echo '{}'; exit 1", "exit code 1: {}"),
        ("echo 'dying' >&2; kill -ABRT $$", "ended by SIGABRT: dying"),
        ("kill -KILL $$", "ended by SIGKILL"),
    ],
)
def test_an_end_that_should_not_be(monkeypatch: pytest.MonkeyPatch, script: str, how: str) -> None:
    assert ran(monkeypatch, script)[1] == how


def test_one_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MOST_SECONDS", 0.2)
    told, how = ran(monkeypatch, "echo '{\"found\": 1}'; exec sleep 60")
    assert (told, how) == ([{"found": 1}], "nothing for 0 seconds")


def test_one_that_is_not_waited_for_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("python").absolute()
    path.write_text("#!/bin/sh\nexec sleep 60\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))
    worker = WorkerProcess(Settings(), 0)
    worker.close()
    assert worker.how_it_ended() == "ended by SIGKILL"
