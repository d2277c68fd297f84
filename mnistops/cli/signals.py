"""Signals: Ctrl-C and SIGTERM end a command from within, so that what it has begun is tidied up."""

# The first thing that a process loads: little, so that it is hardly interrupted before it is there.
import os
import signal

TYPE_CHECKING = False  # as typing has it
if TYPE_CHECKING:
    from types import FrameType

SECONDS_BETWEEN_LOOKS = 0.02

_received: list[int] = []


def interruption() -> int | None:
    """The exit code of a process that was told to end; None if it was not."""
    return 128 + _received[0] if _received else None


def raise_interrupts() -> None:
    """Make both raise KeyboardInterrupt; one that is ignored, as by nohup, stays ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: "FrameType | None") -> None:
    _received.append(number)
    if _is_importing(frame) and hasattr(signal, "setitimer"):
        if len(_received) > 1:
            os._exit(128 + number)
        signal.signal(signal.SIGALRM, _interrupt_later)
        _interrupt_later(number, frame)
    else:
        raise KeyboardInterrupt


def _interrupt_later(number: int, frame: "FrameType | None") -> None:
    """Wait until no library is being loaded: torch aborts, or goes on, if interrupted then."""
    del number
    if not _is_importing(frame):
        raise KeyboardInterrupt
    signal.setitimer(signal.ITIMER_REAL, SECONDS_BETWEEN_LOOKS)


def _is_importing(frame: "FrameType | None") -> bool:
    while frame is not None:
        # Not a file of the user's, which is run by another function of that module.
        if frame.f_code.co_name == "_find_and_load":
            return True
        frame = frame.f_back
    return False
