"""A disk that is full at any write: 74, the checkpoint from before intact, and the run goes on."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

import pytest

from mnistops import disk
from mnistops.checkpoint import LAST, load_checkpoint
from mnistops.errors import CannotWrite
from mnistops.events import result_of
from mnistops.settings import Settings
from mnistops.training.run import resume, train
from tests.made_data import write_dataset
from tests.training.test_resume import assert_same, outcome

ROOT = Path(__file__).parents[2]
# What is asked of the disk: to make a file, to link the one before, to have what was written.
ASKED = ("fdopen", "link", "fsync")


def settings(folder: Path) -> Settings:
    values = {"epochs": 2, "batch_size": 50, "engine": "eager", "run_dir": folder}
    return Settings(data={"dataset": "made"}, train=values)


@contextmanager
def full_from(number: int) -> Iterator[list[str]]:
    """Inside, the disk has no room from this request on, counted from 1; yields those so far."""
    asked: list[str] = []

    class Full:
        """os, where there is no room."""

        def __getattr__(self, name: str) -> object:
            if name not in ASKED:
                return getattr(os, name)

            def ask(*arguments: object, **named: object) -> object:
                asked.append(name)
                if len(asked) >= number:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return getattr(os, name)(*arguments, **named)

            return ask

    with patch.object(disk, "os", Full()):
        yield asked


def test_at_every_write() -> None:
    write_dataset(Path("made"), 100, 50)
    result_of(train(settings(Path("whole"))))
    expected = outcome(Path("whole"))
    number = 0
    while True:
        number += 1
        folder = Path(f"run{number}")
        with full_from(number) as asked, suppress(CannotWrite):
            result_of(train(settings(folder)))
        if len(asked) < number:
            break  # it needs fewer writes
        assert not disk.staged_files(folder)
        if (folder / LAST).exists():
            load_checkpoint(folder / LAST)
        if (folder / "config.toml").exists():
            result_of(resume(folder))
        else:
            result_of(train(settings(folder)))
        assert_same(outcome(folder), expected)
    assert number > 20


def test_it_is_told_with_the_file() -> None:
    write_dataset(Path("made"), 100, 50)
    with full_from(5), pytest.raises(CannotWrite, match=r"^run/.*: .* got: No space left"):
        result_of(train(settings(Path("run"))))


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[None]:
    """A disk of so many KiB at this folder."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a disk can be mounted by root alone: {done.stderr}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
@pytest.mark.parametrize("kib", [4, 100, 170, 240])
def test_on_a_disk_that_really_is_full(kib: int) -> None:
    write_dataset(Path("made"), 100, 50)
    with small_disk(Path("small"), kib):
        arguments = ["--dataset", "made", "--epochs", "3", "--batch-size", "50"]
        done = subprocess.run(
            [sys.executable, "-m", "mnistops", "train", *arguments, "--run-dir", "small/run"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        lines = done.stderr.splitlines()
        assert done.returncode == 74, done.stderr
        assert lines[-1].endswith("got: No space left on device")
        assert "Traceback" not in done.stderr
        if Path("small/run", LAST).exists():
            load_checkpoint(Path("small/run", LAST))
