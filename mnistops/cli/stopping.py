"""Signals that stop a run between two steps: what is done is saved, a second one leaves at once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from mnistops.cli.signals import stop_interrupting

STOPPING = (signal.SIGINT, signal.SIGTERM)


class Stopped(Exception):
    """A signal has come."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class Signals:
    """Which signal has come, if one has, since they are listened to."""

    def __init__(self) -> None:
        self._come: int | None = None

    def listen(self) -> None:
        """Take note of signals from now on, in place of what they did before."""
        for stopping in STOPPING:
            signal.signal(stopping, self.take)
        self._come = stop_interrupting()  # which some library may have swallowed

    def take(self, number: int, frame: FrameType | None) -> None:
        """Take note of it, and leave the next one to the system."""
        del frame
        self._come = number
        for stopping in STOPPING:
            signal.signal(stopping, signal.SIG_DFL)

    def check(self) -> None:
        """Raises Stopped where one has come."""
        if self._come is not None:
            raise Stopped(self._come)


@contextmanager
def noted() -> Iterator[Signals]:
    """Signals that may be listened to inside; afterwards they do again what they did before.

    Only a process's main thread may use it.
    """
    before = [signal.getsignal(number) for number in STOPPING]
    try:
        yield Signals()
    finally:
        for number, handler in zip(STOPPING, before, strict=True):
            signal.signal(number, handler)
