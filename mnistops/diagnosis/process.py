"""The process of a worker: what it tells, line by line, and how it ended."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any

from mnistops.settings.tree import Settings
from mnistops.studies.pool import how_it_ended, own_environment

# Compiling the native kernels takes a minute on a slow machine.
MOST_SECONDS = 300.0


class WorkerProcess:
    """A worker at its checks, from number ``first`` on."""

    def __init__(self, settings: Settings, first: int) -> None:
        command = [sys.executable, "-P", "-m", "mnistops.diagnosis.worker"]
        self._process = subprocess.Popen(
            [*command, str(first), settings.model_dump_json()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=own_environment(),
            text=True,
            errors="backslashreplace",
        )
        self._noise, self._is_late = "", False

    def told(self) -> Iterator[dict[str, Any]]:
        """Its lines of JSON, until it ends."""
        assert self._process.stdout is not None
        while True:
            with self._watched():
                line = self._process.stdout.readline()
            if not line:
                return
            told = _told(line)
            if told is None:
                # A library's; the last of them may tell what ended the process.
                self._noise = line.strip() or self._noise
            else:
                yield told

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Inside, the process is ended when it has taken too long."""
        timer = Timer(MOST_SECONDS, self._give_up)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        self._is_late = True
        self._process.kill()

    def how_it_ended(self) -> str:
        """Empty where it has done all checks."""
        code = self._process.wait()
        if self._is_late:
            return f"nothing for {MOST_SECONDS:.0f} seconds"
        if code == 0:
            return ""
        how = how_it_ended(code)
        return f"{how}: {self._noise:.300}" if self._noise else how

    def close(self) -> None:
        """End it, if it has not ended."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def _told(line: str) -> dict[str, Any] | None:
    """The worker's own, if it is."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) and told.keys() & {"begun", "found"} else None
