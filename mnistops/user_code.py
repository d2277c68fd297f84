"""Running the user's own Python: its failures are bad input, told by the user's own lines."""

import inspect
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from mnistops.errors import BadInput, MnistopsError
from mnistops.resources import out_of_resources

_NOT_THE_USERS = tuple(
    Path(folder).resolve()
    for folder in {
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        str(Path(__file__).parent),
    }
)


@contextmanager
def users_code(what: str, advice: str = "see") -> Iterator[None]:
    """Run code that is not ours; what it prints goes to standard error.

    Args:
        what: names the code at the start of an error.
        advice: the hint's beginning, before the place.

    Raises:
        BadInput: it failed or wanted to exit; the hint shows where.
        OutOfResources: memory ran out in it, or the device went away.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except (MnistopsError, KeyboardInterrupt):
        raise
    except BaseException as error:  # a SystemExit, or one of the user's own
        raise out_of_resources(error, what) or users_mistake(error, what, advice) from error


def users_mistake(error: BaseException, what: str, advice: str = "see") -> BadInput:
    """What went wrong in the user's code, and where."""
    text = str(error).strip().split("\n")[0]
    got = f"{type(error).__name__}: {text}" if text else type(error).__name__
    place = users_line(traceback.extract_tb(error.__traceback__)) or "the network"
    if isinstance(error, SyntaxError) and error.filename is not None:
        place = f"{error.filename}, line {error.lineno}: {(error.text or '').strip()}"
    return BadInput(f"{what}: expected it to run, got {got:.300}", f"{advice} {place}")


def missing_arguments(function: Callable[..., object], given: int = 0) -> str:
    """The arguments that have to be given beside the first ones, as ``width, depth``."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # not every callable tells
        return ""
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    missing = [
        p.name
        for p in parameters[given:]
        if p.default is inspect.Parameter.empty and p.kind not in several
    ]
    return ", ".join(missing)


def users_line(frames: Iterable[traceback.FrameSummary]) -> str | None:
    """The innermost of these frames that is the user's own, as ``net.py, line 3, in forward``."""
    for frame in reversed(list(frames)):
        path = Path(frame.filename).resolve()
        is_librarys = not {"site-packages", "dist-packages"}.isdisjoint(path.parts)
        is_ours = any(path.is_relative_to(folder) for folder in _NOT_THE_USERS)
        if not is_librarys and not is_ours and not frame.filename.startswith("<"):
            return f"{frame.filename}, line {frame.lineno}, in {frame.name}: {frame.line}"
    return None
