"""The user's own data set: four IDX files, or pictures in a folder for each class; only read."""

import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from mnistops.data.class_folders import TEST, TRAIN, Labelled, PicturesRead, read_class_folders
from mnistops.data.files import FILES, IdxFile, candidates
from mnistops.data.idx import Bytes, read_idx
from mnistops.data.known import KNOWN
from mnistops.errors import BadInput, MissingInput, suggestion


@dataclass(frozen=True)
class OwnSet:
    """What is there.

    Attributes:
        class_names: None where the numbers are the names.
    """

    train: Labelled
    test: Labelled
    class_names: tuple[str, ...] | None


def read_own(source: str, is_transposed: bool) -> Generator[PicturesRead, None, OwnSet]:
    """Read a folder of the user's, or files that begin as the last part of its name says.

    Args:
        source: a folder, or ``FOLDER/PREFIX`` for ``FOLDER/PREFIX-train-images-idx3-ubyte``, ...
        is_transposed: whether the rows of its images are columns, as EMNIST's are.

    Raises:
        MissingInput, BadInput: what should be there is not, or not what it should be.
    """
    place = Path(source)
    if any(idx_paths(place, file) for file in FILES):
        arrays = [_read_file(place, file) for file in FILES]
        train, test = _labelled(place, TRAIN, *arrays[:2]), _labelled(place, "t10k", *arrays[2:])
        names = None
    else:
        _expect_class_folders(source)
        train, test, names = yield from read_class_folders(place)
    if is_transposed:
        train, test = (Labelled(held.images.swapaxes(1, 2), held.labels) for held in (train, test))
    return OwnSet(train, test, names)


def is_there(source: str) -> bool:
    """Whether there is a folder, or a file, that this may name."""
    is_folder = os.path.isdir(source)  # noqa: PTH112 - pathlib raises for a name too long
    return is_folder or any(idx_paths(Path(source), file) for file in FILES)


def idx_paths(place: Path, file: IdxFile) -> list[Path]:
    """Where an own file may lie: as a published one's, or as EMNIST's are called."""
    name = file.name.replace("t10k", "test")
    bases = [place / name, *(Path(f"{place}-{called}") for called in (file.name, name))]
    others = [path for base in bases for path in (base, base.with_name(base.name + ".gz"))]
    found = [*candidates(place, file), *others]
    return [path for path in dict.fromkeys(found) if os.path.isfile(path)]  # noqa: PTH113


def _read_file(place: Path, file: IdxFile) -> Bytes:
    found = idx_paths(place, file)
    if not found:
        raise MissingInput(f"{place / file.name}: expected it there, raw or .gz, got none", _hint())
    return read_idx(found[0], file.num_axes)


def _labelled(place: Path, prefix: str, images: Bytes, labels: Bytes) -> Labelled:
    if len(images) != len(labels):
        raise BadInput(
            f"{place}: expected as many {prefix} labels as images, {len(images):,}, "
            f"got {len(labels):,}"
        )
    return Labelled(images, labels)


def _expect_class_folders(source: str) -> None:
    """Raises MissingInput unless there are folders to train and to test on."""
    if not is_there(source):
        near = suggestion(source, KNOWN)
        raise MissingInput(
            f"--dataset {source}: expected a folder, got none there", near or _hint()
        )
    splits = [name for name in (TRAIN, TEST) if Path(source, name).is_dir()]
    if len(splits) < 2:
        got = f"{splits[0]} alone" if splits else "neither"
        raise MissingInput(
            f"{source}: expected four IDX files, or the folders {TRAIN} and {TEST}, got {got}",
            f"pictures go into {TRAIN}/CLASS and {TEST}/CLASS: which of them are for testing is "
            "yours to say",
        )


def _hint() -> str:
    files = ", ".join(file.name for file in FILES)
    return (
        f"--dataset takes {', '.join(KNOWN)}, a folder with {files}, or one with "
        f"{TRAIN}/CLASS/*.png and {TEST}/CLASS/*.png"
    )
