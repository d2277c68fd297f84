"""Crash: what is kept of a bug of ours, for a report."""

import os
import platform
import traceback
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from mnistops import __version__
from mnistops.disk import cache_folder, make_folder, replace_file
from mnistops.errors import MnistopsError

MOST_KEPT = 5


def explain_crash(error: BaseException, arguments: Sequence[str]) -> MnistopsError:
    """A bug of ours in two lines; the rest is in a file in the user's cache, if that can be."""
    folder = cache_folder() / "crashes"
    path = folder / f"{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    lines = [
        f"mnistops {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"mnistops {' '.join(map(repr, arguments))}",
        *traceback.format_exception(error),
    ]
    try:
        make_folder(folder)
        replace_file(path, "\n".join(lines).encode(errors="backslashreplace"))
        hint = f"please report it, with {path}"
    except MnistopsError as refused:
        hint = f"please report it, with what --debug prints ({refused.message})"
    with suppress(OSError):
        for old in sorted(folder.glob("*.txt"))[:-MOST_KEPT]:
            old.unlink()
    got = f"{type(error).__name__}: {error}"
    return MnistopsError(f"mnistops: expected no bug, got {got}", hint)
