"""The four files of a data set: their names, where they lie in a folder, MNIST's own hashes."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from mnistops.data.idx import Bytes, encode_idx, read_idx
from mnistops.disk import make_folder, replace_file
from mnistops.errors import BadInput

RAW = Path("MNIST", "raw")


@dataclass(frozen=True)
class IdxFile:
    """One of the four files.

    Attributes:
        name: of the uncompressed file.
        num_axes: 3 for images (N, H, W), 1 for labels (N,).
        num_bytes: of the published one, uncompressed; no more is unpacked.
        sha256: of the same, or of the ``.gz`` that it is published as.
        of: the data set, for people.
        raw: where torchvision keeps it, so that the two can share a folder.
        is_packed: whether the hash is of the ``.gz``; then nothing else will do.
    """

    name: str
    num_axes: int
    num_bytes: int
    sha256: str
    of: str = "MNIST"
    raw: Path = RAW
    is_packed: bool = False

    @property
    def kept_name(self) -> str:
        """Of the file that is kept."""
        return f"{self.name}.gz" if self.is_packed else self.name


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


def candidates(folder: Path, file: IdxFile) -> list[Path]:
    """Where the file lies in this folder: torchvision's layout or flat, raw or ``.gz``."""
    places = [folder / file.raw / file.name, folder / file.name]
    return [
        path
        for place in places
        for path in (place, place.with_name(place.name + ".gz"))
        if path.suffix == ".gz" or not file.is_packed
        if os.path.isfile(path)  # noqa: PTH113 - pathlib raises for a name too long
    ]


def read_verified(path: Path, file: IdxFile) -> Bytes:
    """Read a published file.

    Raises:
        MissingInput: it cannot be read.
        BadInput: it is no IDX file, or not the published one.
    """
    values = read_idx(path, file.num_axes, file.num_bytes)
    expect_hash(str(path), path.read_bytes() if file.is_packed else encode_idx(values), file)
    return values


def expect_hash(what: str, content: bytes, file: IdxFile) -> None:
    """Raises BadInput, with both hashes, unless this is what is kept of the published file."""
    got = hashlib.sha256(content).hexdigest()
    if got != file.sha256:
        raise BadInput(f"{what}: expected {file.of}'s SHA-256 {file.sha256}, got {got}")


def place(folder: Path, file: IdxFile, content: bytes) -> Path:
    """Put the content of a verified file where torchvision would look for it, in one step.

    Raises:
        CannotCreate, CannotWrite: the folder or the file cannot be made.
    """
    path = folder / file.raw / file.kept_name
    make_folder(path.parent)
    replace_file(path, content)
    return path
