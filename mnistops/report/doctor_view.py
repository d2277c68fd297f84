"""What people see of a diagnosis while it goes on: on a terminal, what is looked at."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.text import Text

from mnistops.diagnosis.diagnosis import CheckBegun

if TYPE_CHECKING:
    from rich.status import Status


class DoctorView:
    """Shows the events of a diagnosis; it needs nothing that may be what is broken."""

    def __init__(self) -> None:
        self._status: Status | None = None
        if sys.stderr is not None and sys.stderr.isatty():
            # Imported here: rich's moving parts, which other commands should not wait for.
            from rich import status

            self._status = status.Status("", console=Console(stderr=True))

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, event: CheckBegun) -> None:
        """Tell of one event."""
        if self._status is not None:
            self._status.update(Text(f"looking at {event.name}"))
