"""What can go wrong on the user's side, and the exit code each kind ends with.

    MnistopsError
     ├─ NotFinite        1   a loss or outputs that are no numbers any more
     ├─ UsageError       2   the command line or the settings
     ├─ BadInput        65   a file, a network or data that is not what it should be
     ├─ MissingInput    66   a file that is not there
     ├─ NoSource        69   data that none of its sources gives
     ├─ OutOfResources  71   memory that ran out, or a device that went away
     ├─ CannotCreate    73   an output that cannot be made where it was asked for
     ├─ CannotWrite     74   an output that broke off while it was written
     └─ Locked          75   a folder that another process is at work in

Everything else that escapes is a bug of ours and ends with 70.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum
from os.path import commonprefix


class ExitCode(IntEnum):
    """How the process ends; the numbers from 65 on are those of ``sysexits.h``."""

    DONE = 0
    NEGATIVE = 1
    USAGE = 2
    BAD_INPUT = 65
    MISSING_INPUT = 66
    NO_SOURCE = 69
    BUG = 70
    RESOURCE = 71
    CANNOT_CREATE = 73
    CANNOT_WRITE = 74
    LOCKED = 75
    SIGINT = 130
    SIGTERM = 143


class MnistopsError(Exception):
    """A mistake that its reader can mend.

    Args:
        message: ``<what>: expected X, got Y``, lower case, one line.
        hint: One command or action that helps, one line.
    """

    exit_code = ExitCode.BUG

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class NotFinite(MnistopsError):
    """A loss or a network's outputs are no numbers any more."""

    exit_code = ExitCode.NEGATIVE


class UsageError(MnistopsError):
    """The command line or the settings cannot be meant."""

    exit_code = ExitCode.USAGE


class BadInput(MnistopsError):
    """A file, a network or data that is not what it should be."""

    exit_code = ExitCode.BAD_INPUT


class MissingInput(MnistopsError):
    """A file or folder that is not there."""

    exit_code = ExitCode.MISSING_INPUT


class NoSource(MnistopsError):
    """Data that none of its sources gives."""

    exit_code = ExitCode.NO_SOURCE


class OutOfResources(MnistopsError):
    """Memory ran out, or the device went away."""

    exit_code = ExitCode.RESOURCE


class CannotCreate(MnistopsError):
    """An output cannot be made where it was asked for."""

    exit_code = ExitCode.CANNOT_CREATE


class CannotWrite(MnistopsError):
    """An output broke off while it was written."""

    exit_code = ExitCode.CANNOT_WRITE


class Locked(MnistopsError):
    """A folder that another process is at work in."""

    exit_code = ExitCode.LOCKED


def shown(value: object) -> str:
    """The first 80 characters of a value as Python writes it."""
    try:
        return f"{value!r:.80}"
    except (ValueError, RecursionError):  # thousands of digits, or of brackets within brackets
        return "something too large to show"


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """``did you mean 'x'?`` for the known word nearest to ``word``, if one is near."""
    near = nearest(word, known)
    return f"did you mean {near!r}?" if near else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is meant, or else the one that is spelt most alike.

    Meant is one whose last part is the same, has these initials, or begins or ends in it:
    ``train.lr`` and ``train.rate`` mean ``train.learning_rate``. Of several, the one in the same
    section.
    """
    names = list(known)
    last = _last_part(word)
    meant = [name for name in names if _may_mean(last, _last_part(name))]
    if meant:
        return max(meant, key=lambda name: len(commonprefix([name, word])))  # noqa: RUF071
    section = word.removesuffix(last)
    if section and any(name.startswith(section) for name in names):
        # Right as it stands, it would make all that is in it alike.
        names.sort(key=lambda name: name.startswith(section))
        by_last = {_last_part(name): name for name in names}
        return next((by_last[near] for near in get_close_matches(last, by_last, n=1)), None)
    return next(iter(get_close_matches(word, names, n=1)), None)


def _last_part(name: str) -> str:
    """``learning_rate`` of ``train.learning_rate``, of ``TRAIN__LEARNING_RATE`` in capitals."""
    return re.split(r"\.|__", name)[-1]


def _may_mean(given: str, name: str) -> bool:
    words = re.split("[_-]", name)
    initials = "".join(word[:1] for word in words)
    return given in {name, words[0], words[-1], *([initials] if len(words) > 1 else [])}
