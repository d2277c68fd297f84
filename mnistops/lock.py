"""One process at a time in a folder; the kernel opens the lock again however its holder ends."""

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mnistops.errors import CannotCreate, CannotWrite, Locked

LOCK = ".mnistops.lock"
"""The file in the folder that is locked: there while somebody holds it, with the holder's pid."""

_POLL_SECONDS = 0.05
# Windows lets nobody read bytes that are locked: this one lies far behind the pid.
_LOCKED_BYTE = 1 << 30


@contextmanager
def locked(folder: Path, wait_seconds: float = 0) -> Iterator[None]:
    """Inside, nobody else is, be it in another process or in this one.

    A child that this process forks meanwhile holds the lock too, until it ends. On a disk that
    knows no locks, everybody gets in.

    Args:
        folder: it exists.
        wait_seconds: how long to wait for another to leave.

    Raises:
        Locked: another is in, and its pid is told.
        CannotCreate: nothing can be made in the folder.
        CannotWrite: the disk is full.
    """
    path = folder / LOCK
    until = time.monotonic() + wait_seconds
    while (file := _take(path)) is None:
        if time.monotonic() >= until:
            raise Locked(
                f"{folder}: expected no other process at work in it, got {_holder(path)}",
                "wait for it, or stop it",
            )
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no file that is open
            path.unlink()
        os.close(file)


def is_held(folder: Path) -> bool:
    """Whether somebody is at work in a folder, without knocking: a process with the lock's pid is.

    Where processes cannot be asked for, as on Windows, it goes by the file alone.
    """
    try:
        pid = (folder / LOCK).read_bytes()[:20]
    except OSError:
        return False
    if sys.platform == "win32" or not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it is there, and another user's
        pass
    return True


def _take(path: Path) -> int | None:
    """The open and locked file, with our pid in it; None while it is another's."""
    for _ in range(100):
        try:
            # Never through a link: its target would be written to.
            file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        except OSError as error:
            kind = CannotWrite if error.errno == errno.ENOSPC else CannotCreate
            raise kind(f"{path}: expected to make it, got: {error.strerror}") from None
        is_ours = _lock(file)
        if is_ours and _is_at(file, path):
            with suppress(OSError):  # the disk is full: the lock holds without the pid
                os.ftruncate(file, 0)
                os.write(file, str(os.getpid()).encode())
            return file
        os.close(file)
        if not is_ours:
            break
        # Its holder has left and removed it since it was opened: there is another, or none.
    return None


def _lock(file: int) -> bool:
    """Lock an open file unless another has; whoever closes it opens the lock again."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            os.lseek(file, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # as POSIX and as Windows say it
        return False
    except OSError:
        pass  # a disk without locks
    return True


def _is_at(file: int, path: Path) -> bool:
    """Whether the open file is still the one of this name."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _holder(path: Path) -> str:
    try:
        pid = path.read_bytes()[:20]
    except OSError:  # it has left just now
        pid = b""
    return f"one with pid {pid.decode()}" if pid.isdigit() else "one"
