"""What people see while it goes on, on standard error: a bar on a terminal, lines everywhere."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from mnistops.data.class_folders import PicturesRead
from mnistops.data.sources import Fetching, SourceFailed, Waiting
from mnistops.report.console import remark, visible
from mnistops.training.engine_choice import EngineMissed

# A terminal with fewer columns has no room for more than a bar.
NARROW = 70


class View:
    """Lines that stay, and on a terminal one bar below them that moves."""

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._bar: TaskID | None = None
        self._fetching = ""
        self._missed: EngineMissed | None = None
        if sys.stderr is not None and sys.stderr.isatty():
            self._bars = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=None),
                TextColumn("{task.fields[details]}", markup=False),
                TimeRemainingColumn(),
                TextColumn("left"),
                console=Console(stderr=True, markup=False, highlight=False, emoji=False),
                transient=True,
                expand=True,
            )

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def line(self, text: str) -> None:
        """Write lines that stay."""
        if self._bars is None:
            remark(text)
        else:
            self._bars.console.print(Text(text), soft_wrap=True)

    def bar(self, what: str, done: float, total: float | None, details: str = "") -> None:
        """Move the bar, if there is one.

        Args:
            total: None for work whose end is not known.
        """
        if self._bars is None:
            return
        if self._bar is not None and self._bars.tasks[0].description != what:
            self.clear()
        if self._bar is None:
            self._bar = self._bars.add_task(what, total=total, details=details)
        if self._bars.console.width < NARROW:
            details = ""
        self._bars.update(self._bar, completed=done, total=total, details=details)

    def clear(self) -> None:
        """Take the bar away."""
        if self._bars is not None and self._bar is not None:
            self._bars.remove_task(self._bar)
            self._bar = None

    def show(self, event: object) -> None:
        """Tell of what is fetched or read, and of what is not there."""
        match event:
            case Fetching():
                done = f"{event.done_bytes / 1e6:.1f} MB" if event.done_bytes else ""
                self.bar(f"fetching {event.what}", event.done_bytes, event.total_bytes, done)
                if event.what != self._fetching:
                    self._fetching = event.what
                    self.line(f"fetching {event.what} from {event.source}")
            case PicturesRead():
                self.bar("reading pictures", event.num_done, event.num_pictures)
                if event.num_done == event.num_pictures:
                    self.clear()
            case SourceFailed():
                self.clear()
                self.line(visible(f"no data from {event.source}: {event.reason}"))
            case Waiting():
                self.line(visible(f"waiting: {event.reason}"))
            case EngineMissed() if event != self._missed:
                self._missed = event  # once, though each group of a study asks for it
                reason = event.reason.removeprefix(f"--engine {event.engine}: ")
                self.line(visible(f"going on without engine {event.engine}: {reason}"))
