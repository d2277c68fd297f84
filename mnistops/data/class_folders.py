"""Pictures in a folder for each class: ``train/CLASS/*.png`` and ``test/CLASS/*.png``."""

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnistops.analysis.window import times
from mnistops.data.idx import LARGEST, Bytes
from mnistops.data.picture import SUFFIXES, read_picture
from mnistops.errors import BadInput, MissingInput

TRAIN, TEST = "train", "test"

# What file managers leave; names that begin with a dot are passed over as well.
_LITTER = {"Thumbs.db", "desktop.ini"}
_STEP = 500


@dataclass(frozen=True)
class PicturesRead:
    """So many of the pictures are read."""

    num_done: int
    num_pictures: int


@dataclass(frozen=True)
class Labelled:
    """Images (N, H, W) and the numbers of their classes (N,)."""

    images: Bytes
    labels: "np.typing.NDArray[np.integer]"


def read_class_folders(
    folder: Path,
) -> Generator[PicturesRead, None, tuple[Labelled, Labelled, tuple[str, ...]]]:
    """Images to train on, images to test on, and the names of the classes.

    Classes are numbered in the order of their names by code point, and pictures come in the order
    of theirs, class by class.

    Raises:
        MissingInput: a folder or a picture is not there, or cannot be read.
        BadInput: something else than pictures is in a folder, or they have several sizes.
    """
    train, test = (_list_split(folder, split) for split in (TRAIN, TEST))
    if len(train) < 2:
        raise BadInput(
            f"{folder / TRAIN}: expected folders of two classes or more, got {len(train)}",
            f"pictures go into {folder / TRAIN}/CLASS, a folder for each class",
        )
    for name in train:
        if not train[name]:
            raise BadInput(f"{folder / TRAIN / name}: expected a picture or more, got none")
    for name in test:
        if name not in train:
            raise BadInput(
                f"{folder / TEST / name}: expected one of the classes in {folder / TRAIN}, "
                "got another"
            )
    if not any(test.values()):
        raise BadInput(f"{folder / TEST}: expected a picture or more, got none")
    names = tuple(train)
    paths = [[path for name in names for path in held.get(name, ())] for held in (train, test)]
    images = yield from _read(paths[0] + paths[1])
    labels = [
        np.repeat(np.arange(len(names)), [len(held.get(name, ())) for name in names])
        for held in (train, test)
    ]
    num_train = len(paths[0])
    return Labelled(images[:num_train], labels[0]), Labelled(images[num_train:], labels[1]), names


def _list_split(folder: Path, split: str) -> Mapping[str, Sequence[Path]]:
    """The pictures of each class, all in order."""
    classes = {}
    for entry in _entries(folder / split):
        path = Path(entry.path)
        if not entry.is_dir():
            raise BadInput(f"{path}: expected a folder for each class, got a file beside them")
        if not entry.name.isprintable():
            raise BadInput(f"{folder / split}: expected printable names, got {entry.name!r:.80}")
        classes[entry.name] = list(_pictures(path))
    return classes


def _pictures(folder: Path) -> Iterator[Path]:
    for entry in _entries(folder):
        path = Path(entry.path)
        if not entry.is_file() or path.suffix.lower() not in SUFFIXES:
            raise BadInput(
                f"{path}: expected a picture ({', '.join(SUFFIXES)}), got something else"
            )
        yield path


def _entries(folder: Path) -> "list[os.DirEntry[str]]":
    """What is in a folder, but for what nobody put there, by the code points of its name."""
    try:
        with os.scandir(folder) as found:
            kept = [item for item in found if item.name[0] != "." and item.name not in _LITTER]
    except OSError as error:
        raise MissingInput(f"{folder}: expected a folder, got: {error.strerror}") from None
    return sorted(kept, key=lambda item: item.name)


def _read(paths: Sequence[Path]) -> Generator[PicturesRead, None, Bytes]:
    """The pictures (N, H, W), which all have the size of the first."""
    first = read_picture(paths[0])
    num_bytes = len(paths) * first.size
    if num_bytes > LARGEST:
        raise BadInput(
            f"{paths[0]}: expected {len(paths):,} pictures of at most {LARGEST:,} pixels in all, "
            f"got {times(first.shape)}, or {num_bytes:,}"
        )
    images = np.empty((len(paths), *first.shape), np.uint8)
    for number, path in enumerate(paths):
        if number % _STEP == 0:
            yield PicturesRead(number, len(paths))
        picture = read_picture(path)
        if picture.shape != first.shape:
            raise BadInput(
                f"{path}: expected a picture of {times(first.shape)} (height x width), "
                f"as {paths[0]}, got {times(picture.shape)}",
                "pictures are not resized here: bring all to one size",
            )
        images[number] = picture if picture.dtype == np.uint8 else picture >> 8
    yield PicturesRead(len(paths), len(paths))
    return images
