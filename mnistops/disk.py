"""Writing to disk: a file appears whole under its name, or not at all."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mnistops.errors import CannotCreate, CannotWrite

_UNFINISHED = ".part"


def cache_folder() -> Path:
    """The user's own folder for what can be made again, shared by all runs."""
    # Imported here: not every command needs it.
    from platformdirs import user_cache_path

    return user_cache_path("mnistops", appauthor=False)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, where they do not exist.

    Raises:
        CannotCreate: a file stands in the way, say, or it is not ours to make.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _cannot_write(path, error) from None
        raise CannotCreate(
            f"{path}: expected to make a folder, got: {error.strerror}", "name another place"
        ) from None


def replace_file(path: Path, data: bytes) -> None:
    """Write a file in one step: it has the old content, or all of the new.

    Raises:
        CannotCreate: nothing can be made in its folder.
        CannotWrite: the disk is full, say.
    """
    with _staged(path) as (file, staged):
        with os.fdopen(file, "wb") as writer:
            writer.write(data)
            writer.flush()
            os.fsync(writer.fileno())
        # mkstemp's files are for their owner alone; these are as any other.
        staged.chmod(0o666 & ~_umask())
        staged.replace(path)
        _sync_folder(path.parent)


def keep_predecessor(path: Path, name: Path) -> None:
    """Give what stands at ``path`` this name too, in one step, before something else takes its.

    Raises:
        CannotCreate, CannotWrite: that cannot be.
    """
    if not path.exists():
        return
    with _staged(name) as (file, staged):
        os.close(file)
        staged.unlink()
        try:
            os.link(path, staged)
        except OSError:  # a disk without links
            shutil.copyfile(path, staged)
        staged.replace(name)


def staged_files(folder: Path) -> list[Path]:
    """What a process that was killed while it wrote into a folder has left there, unfinished."""
    return list(folder.glob(f".*{_UNFINISHED}"))


@contextmanager
def _staged(path: Path) -> Iterator[tuple[int, Path]]:
    """A file of another name beside ``path``, gone again if it is not put in its place."""
    try:
        file, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_UNFINISHED, dir=path.parent)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _cannot_write(path, error) from None
        raise CannotCreate(f"{path}: expected to make it, got: {error.strerror}") from None
    try:
        yield file, Path(name)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        Path(name).unlink(missing_ok=True)


def _cannot_write(path: Path, error: OSError) -> CannotWrite:
    return CannotWrite(f"{path}: expected to write it, got: {error.strerror}")


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _sync_folder(path: Path) -> None:
    """Make the new name itself outlast a loss of power, where the system lets folders be synced."""
    with suppress(OSError):
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
