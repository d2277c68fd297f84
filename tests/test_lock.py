"""The lock: one at a time, and free again however its holder ends."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn
from unittest.mock import Mock

import pytest

from mnistops import lock
from mnistops.errors import CannotCreate, CannotWrite, Locked
from mnistops.lock import LOCK, is_held, locked

ROOT = Path(__file__).parents[1]
HOLD = """
import sys
from pathlib import Path
from unittest.mock import Mock
from mnistops.lock import locked
with locked(Path(sys.argv[1])):
    print("in", flush=True)
    sys.stdin.read()
"""
# What a lock is for: without it, two add one to the same number.
ADD = """
import sys
from pathlib import Path
from unittest.mock import Mock
from mnistops.lock import locked
folder, counter = Path(sys.argv[1]), Path(sys.argv[1], "counter")
for _ in range(int(sys.argv[2])):
    with locked(folder, wait_seconds=60):
        counter.write_text(str(int(counter.read_text()) + 1))
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def held_by_another(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process is in there; it leaves when its input ends."""
    with start(HOLD, folder) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        yield holder


def test_the_second_is_told_who_is_there(tmp_path: Path) -> None:
    with held_by_another(tmp_path) as holder:
        with pytest.raises(Locked) as error, locked(tmp_path):
            pytest.fail("two are in")
        assert error.value.exit_code == 75
        assert error.value.message == (
            f"{tmp_path}: expected no other process at work in it, got one with pid {holder.pid}"
        )
        assert error.value.hint == "wait for it, or stop it"
        assert is_held(tmp_path)
        holder.communicate()
    assert not is_held(tmp_path)
    with locked(tmp_path):
        assert (tmp_path / LOCK).read_text() == str(os.getpid())
    assert list(tmp_path.iterdir()) == []


def test_nobody_is_in_twice(tmp_path: Path) -> None:
    with (
        locked(tmp_path),
        pytest.raises(Locked, match=f"got one with pid {os.getpid()}$"),
        locked(tmp_path),
    ):
        pytest.fail("in twice")


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_holder_that_is_killed_leaves_the_door_open(tmp_path: Path) -> None:
    with held_by_another(tmp_path) as holder:
        holder.kill()
        holder.wait()
        assert (tmp_path / LOCK).read_text() == str(holder.pid)
        assert not is_held(tmp_path)
        with locked(tmp_path):
            assert (tmp_path / LOCK).read_text() == str(os.getpid())


@pytest.mark.parametrize("text", ["", "nobody", "-1", "0"])
def test_what_names_no_process_may_be_anybodys(tmp_path: Path, text: str) -> None:
    (tmp_path / LOCK).write_text(text)
    assert is_held(tmp_path)


def test_a_process_of_another_user_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / LOCK).write_text("1")
    monkeypatch.setattr(os, "kill", Mock(side_effect=PermissionError))
    assert is_held(tmp_path)


def test_an_error_inside_opens_it_too(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        raise ZeroDivisionError
    with locked(tmp_path):
        pass


def test_one_that_waits_comes_in_when_the_other_leaves(tmp_path: Path) -> None:
    with held_by_another(tmp_path) as holder:
        assert holder.stdin is not None
        threading.Timer(0.3, holder.stdin.close).start()
        started = time.monotonic()
        with locked(tmp_path, wait_seconds=30):
            assert 0.2 < time.monotonic() - started < 20


def test_nobody_waits_for_ever(tmp_path: Path) -> None:
    with locked(tmp_path):
        started = time.monotonic()
        with pytest.raises(Locked), locked(tmp_path, wait_seconds=0.2):
            pytest.fail("two are in")
        assert 0.2 <= time.monotonic() - started < 10


def test_there_is_never_more_than_one_in(tmp_path: Path) -> None:
    (tmp_path / "counter").write_text("0")
    adders = [start(ADD, tmp_path, 50) for _ in range(4)]
    assert [adder.communicate() and adder.returncode for adder in adders] == [0] * 4
    assert (tmp_path / "counter").read_text() == "200"


def test_a_file_that_its_holder_removes_is_not_taken_for_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = lock._lock
    others: list[int] = []

    def late(file: int) -> bool:
        """Between opening and locking, its holder leaves and another one comes."""
        if not others:
            (tmp_path / LOCK).unlink()
            others.append(os.open(tmp_path / LOCK, os.O_RDWR | os.O_CREAT))
            assert usual(others[0])
        return usual(file)

    monkeypatch.setattr(lock, "_lock", late)
    with pytest.raises(Locked), locked(tmp_path):
        pytest.fail("two are in")
    os.close(others[0])


@pytest.mark.parametrize("content", ["", "an unfinished", "1" * 5000])
def test_what_lies_in_the_file_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / LOCK).write_text(content)
    with locked(tmp_path):
        (tmp_path / LOCK).write_text(content)
        with pytest.raises(Locked) as error, locked(tmp_path):
            pytest.fail("two are in")
    shown = f"one with pid {content[:20]}" if content.isdigit() else "one"
    assert error.value.message.endswith(f"at work in it, got {shown}")


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="links can be followed there")
def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("dear")
    (tmp_path / LOCK).symlink_to(tmp_path / "mine")
    with pytest.raises(CannotCreate), locked(tmp_path):
        pytest.fail("followed")
    assert (tmp_path / "mine").read_text() == "dear"
    assert (tmp_path / LOCK).is_symlink()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(CannotCreate) as error, locked(tmp_path / "none"):
        pytest.fail("in nothing")
    assert error.value.message == (
        f"{tmp_path / 'none' / LOCK}: expected to make it, got: No such file or directory"
    )


def test_a_full_disk_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", fail(errno.ENOSPC))
    with pytest.raises(CannotWrite), locked(tmp_path):
        pytest.fail("in without a lock")


def fail(number: int) -> Any:
    def failing(*_: Any) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return failing


@pytest.mark.skipif(os.name == "nt", reason="locks as of POSIX")
def test_a_disk_without_locks_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    monkeypatch.setattr(fcntl, "flock", fail(errno.ENOLCK))
    with locked(tmp_path):
        pass


def test_a_full_disk_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", fail(errno.ENOSPC))
    with locked(tmp_path), pytest.raises(Locked, match=r"got one$"), locked(tmp_path):
        pytest.fail("two are in")


def test_on_windows_a_byte_behind_the_pid_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Played on this system: what its own module is asked, and what it answers."""
    asked = []

    def locking(file: int, mode: int, count: int) -> None:
        asked.append((os.lseek(file, 0, os.SEEK_CUR), mode, count))
        if len(asked) > 1:
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(LK_NBLCK=2, locking=locking))
    monkeypatch.setattr(lock, "sys", SimpleNamespace(platform="win32"))
    with locked(tmp_path), pytest.raises(Locked, match=f"pid {os.getpid()}$"), locked(tmp_path):
        pytest.fail("two are in")
    assert asked == [(1 << 30, 2, 1)] * 2
