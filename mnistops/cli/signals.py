"""Signals: Ctrl-C and SIGTERM end a command from within, so that what it has begun is tidied up."""

# The first thing that a process loads: little, so that it is hardly interrupted before it is there.
import os
import signal
import sys

TYPE_CHECKING = False  # as typing has it
if TYPE_CHECKING:
    from types import FrameType

SECONDS_BETWEEN_LOOKS = 0.02
SECONDS_UNTIL_AGAIN = 1.0

_received: list[int] = []


def interruption() -> int | None:
    """The exit code of a process that was told to end; None if it was not."""
    return 128 + _received[0] if _received else None


def raise_interrupts() -> None:
    """Make both raise KeyboardInterrupt; one that is ignored, as by nohup, stays ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):
            signal.signal(number, _interrupt)


def stop_interrupting() -> int | None:
    """Raise nothing more; the signal that has come, if one has."""
    if _received and hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)
    return _received[0] if _received else None


def _interrupt(number: int, frame: "FrameType | None") -> None:
    _received.append(number)
    if not hasattr(signal, "setitimer"):
        raise KeyboardInterrupt
    if len(_received) > 1 and _is_importing(frame):
        os._exit(128 + number)
    signal.signal(signal.SIGALRM, _interrupt_again)
    _interrupt_again(number, frame)


def _interrupt_again(number: int, frame: "FrameType | None") -> None:
    """Interrupt now, and again if nothing comes of it: some code swallows whatever it comes upon.

    While a library is loaded that waits: torch aborts, or goes on, if interrupted then.
    """
    del number
    is_importing = _is_importing(frame)
    seconds = SECONDS_BETWEEN_LOOKS if is_importing else SECONDS_UNTIL_AGAIN
    signal.setitimer(signal.ITIMER_REAL, seconds)
    if not is_importing and not _is_tidying_up():
        raise KeyboardInterrupt


def _is_tidying_up() -> bool:
    """Whether it is on its way out."""
    error = sys.exception()
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _is_importing(frame: "FrameType | None") -> bool:
    while frame is not None:
        # Not a file of the user's, which is run by another function of that module.
        if frame.f_code.co_name == "_find_and_load":
            return True
        frame = frame.f_back
    return False
