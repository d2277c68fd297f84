"""Standard output and standard error: the one place that writes to them."""

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO, TextIOWrapper

from rich.console import Console, RenderableType

from mnistops.errors import CannotWrite, MnistopsError

# Where no terminal sets the width, nothing is folded or cut.
UNLIMITED_WIDTH = 100_000


def stdout_console() -> Console:
    """A console that renders as for standard output, but into memory.

    It is as wide as the terminal that standard output is, if it is one, and knows its encoding.
    """
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return Console(
        file=TextIOWrapper(BytesIO(), encoding, errors="backslashreplace"),
        width=None if is_terminal else UNLIMITED_WIDTH,
        force_terminal=is_terminal,
        markup=False,
        highlight=False,
        emoji=False,
    )


def show(console: Console, renderables: Iterable[RenderableType]) -> None:
    """Render to standard output, an empty line between the parts."""
    with console.capture() as capture:
        for number, renderable in enumerate(renderables):
            console.print(*([""] if number else []), renderable, sep="\n")
    write("\n".join(line.rstrip() for line in capture.get().splitlines()))


def write(text: str) -> None:
    """Write lines of text to standard output.

    A reader that closed the pipe (``| head``) has what it wanted: that is no error.

    Raises:
        CannotWrite: the disk is full, say.
    """
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError as error:
        # The interpreter flushes once more when it exits; let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise CannotWrite(
                f"standard output: expected to write, got: {error.strerror}"
            ) from None


def remark(text: str) -> None:
    """Write lines of text to standard error; where that is closed, nobody wants them."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):  # the second where a user's code has closed it
            sys.stderr.write(text + "\n")


def complain(error: MnistopsError) -> None:
    """Write an error as one or two lines to standard error: what is wrong, and what may help."""
    lines = [f"error: {error.message}", *([f"hint: {error.hint}"] if error.hint else [])]
    remark("\n".join(visible(" ".join(line.splitlines())) for line in lines))


def visible(text: str) -> str:
    """The text with its control characters escaped: a name could hold one for the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
