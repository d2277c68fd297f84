"""The four files of a data set: their names, where they lie in a folder, MNIST's own hashes."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from mnistops.data.idx import Bytes, encode_idx, read_idx
from mnistops.disk import make_folder, replace_file
from mnistops.errors import BadInput


@dataclass(frozen=True)
class IdxFile:
    """One of the four files.

    Attributes:
        name: of the uncompressed file.
        num_axes: 3 for images (N, H, W), 1 for labels (N,).
        num_bytes: of MNIST's, uncompressed; no more is unpacked.
        sha256: of the same.
    """

    name: str
    num_axes: int
    num_bytes: int
    sha256: str


FILES = (
    IdxFile(
        "train-images-idx3-ubyte",
        3,
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    IdxFile(
        "train-labels-idx1-ubyte",
        1,
        60_008,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    IdxFile(
        "t10k-images-idx3-ubyte",
        3,
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    IdxFile(
        "t10k-labels-idx1-ubyte",
        1,
        10_008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)

# Where torchvision keeps them, so that the two can share a folder.
RAW = Path("MNIST", "raw")


def candidates(folder: Path, file: IdxFile) -> list[Path]:
    """Where the file lies in this folder: torchvision's layout or flat, raw or ``.gz``."""
    places = [folder / RAW / file.name, folder / file.name]
    return [
        path
        for place in places
        for path in (place, place.with_name(place.name + ".gz"))
        if os.path.isfile(path)  # noqa: PTH113 - pathlib raises for a name too long
    ]


def sha256_of(values: Bytes) -> str:
    """The hash of the uncompressed file of these values."""
    return hashlib.sha256(encode_idx(values)).hexdigest()


def read_verified(path: Path, file: IdxFile) -> Bytes:
    """Read MNIST's own file.

    Raises:
        MissingInput: it cannot be read.
        BadInput: it is no IDX file, or not MNIST's.
    """
    values = read_idx(path, file.num_axes, file.num_bytes)
    expect_hash(str(path), values, file)
    return values


def expect_hash(what: str, values: Bytes, file: IdxFile) -> None:
    """Raises BadInput, with both hashes, unless the values are MNIST's."""
    got = sha256_of(values)
    if got != file.sha256:
        raise BadInput(f"{what}: expected MNIST's SHA-256 {file.sha256}, got {got}")


def place(folder: Path, file: IdxFile, values: Bytes) -> Path:
    """Put a verified file where torchvision would look for it, in one step.

    Raises:
        CannotCreate, CannotWrite: the folder or the file cannot be made.
    """
    path = folder / RAW / file.name
    make_folder(path.parent)
    replace_file(path, encode_idx(values))
    return path
