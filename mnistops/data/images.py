"""ImageSet: images and labels as tensors, and the data set that settings name.

N images, C = 1 channel, H x W pixels.
"""

import os
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from mnistops.analysis.window import times
from mnistops.data.files import FILES, IdxFile, candidates
from mnistops.data.idx import Bytes, read_idx
from mnistops.data.normalization import Normalization
from mnistops.data.sources import FetchEvent, fetch_mnist
from mnistops.disk import cache_folder
from mnistops.errors import BadInput, MissingInput
from mnistops.settings.sections import DataSettings

# The hold-out is the same for every run, so that runs can be compared.
HOLDOUT_SEED = 0
MNIST = "mnist"


@dataclass(frozen=True)
class ImageSet:
    """Images (N, 1, H, W) as unsigned bytes and their labels (N,), on one device."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def image_size(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    @property
    def num_classes(self) -> int:
        """One more than the highest label."""
        return int(self.labels.max()) + 1

    def to(self, device: torch.device) -> "ImageSet":
        """The same images there."""
        return ImageSet(self.images.to(device), self.labels.to(device))

    def normalization(self) -> Normalization:
        """Mean and standard deviation of these images' pixels, in 0..1, from exact counts.

        Images of one single grey are only shifted: there is nothing to divide by.
        """
        counts = torch.bincount(self.images.flatten().cpu(), minlength=256).tolist()
        total = sum(counts)
        mean = sum(value * count for value, count in enumerate(counts)) / total
        variance = sum((value - mean) ** 2 * count for value, count in enumerate(counts)) / total
        return Normalization(mean / 255, variance**0.5 / 255 or 1.0)


@dataclass(frozen=True)
class Dataset:
    """A data set, on the CPU.

    Attributes:
        name: ``mnist``, or the user's own folder.
        folder: where its files are.
    """

    name: str
    folder: Path
    train: ImageSet
    test: ImageSet

    @property
    def is_mnist(self) -> bool:
        """Whether it is the published one, by its hashes."""
        return self.name == MNIST


@dataclass(frozen=True)
class Splits:
    """Images to train on, to choose by if any are set aside for that, and to test on.

    Attributes:
        normalization: of the images to train on, alone.
    """

    train: ImageSet
    holdout: ImageSet | None
    test: ImageSet
    normalization: Normalization

    def to(self, device: torch.device) -> "Splits":
        """The same images there."""
        holdout = self.holdout.to(device) if self.holdout else None
        return replace(
            self, train=self.train.to(device), holdout=holdout, test=self.test.to(device)
        )


def split(dataset: Dataset, num_holdout: int, fold: int = 0) -> Splits:
    """Set aside training images, always the same ones.

    Of MNIST they follow each other: it is ordered by writer, and its test images are of others.
    Drawn at random they would be of writers that are trained on, and flatter what learns these by
    heart.

    Args:
        fold: which ones, from 0: no image is in two folds.
    """
    train, holdout = dataset.train, None
    if num_holdout:
        if dataset.is_mnist:
            order = torch.arange(len(train))
        else:
            generator = torch.Generator().manual_seed(HOLDOUT_SEED)
            order = torch.randperm(len(train), generator=generator)
        begin, end = fold * num_holdout, (fold + 1) * num_holdout
        aside = order[begin:end].sort().values
        rest = torch.cat([order[:begin], order[end:]]).sort().values
        holdout = ImageSet(train.images[aside], train.labels[aside])
        train = ImageSet(train.images[rest], train.labels[rest])
    return Splits(train, holdout, dataset.test, train.normalization())


def open_dataset(settings: DataSettings) -> Generator[FetchEvent, None, Dataset]:
    """The images that the settings name; MNIST is fetched where it is not there yet.

    Raises:
        MnistopsError: of `mnistops.data.sources.fetch_mnist`, or, for the user's own folder,
            MissingInput and BadInput for files that are not there or not what they should be.
    """
    if settings.dataset == MNIST:
        folder = settings.dir or default_folder()
        arrays = yield from fetch_mnist(folder, settings.dir is not None, settings.offline)
    else:
        folder = Path(settings.dataset)
        arrays = {file.name: _read_own(folder, file) for file in FILES}
    train_images, train_labels, test_images, test_labels = (arrays[file.name] for file in FILES)
    train = _image_set(folder, "train", train_images, train_labels)
    test = _image_set(folder, "t10k", test_images, test_labels)
    if train.image_size != test.image_size:
        raise BadInput(
            f"{folder}: expected test images of {times(train.image_size[1:])}, as for training, "
            f"got {times(test.image_size[1:])}"
        )
    return Dataset(settings.dataset, folder, train, test)


def default_folder() -> Path:
    """In the per-user cache folder, shared by all runs."""
    return cache_folder() / "data"


def _read_own(folder: Path, file: IdxFile) -> Bytes:
    """A file of the user's own data set, which has no known hash."""
    found = candidates(folder, file)
    if not found:
        hint = f"--dataset takes mnist, or a folder with {', '.join(f.name for f in FILES)}"
        if not os.path.isdir(folder):  # noqa: PTH112 - as in `candidates`
            raise MissingInput(f"--dataset {folder}: expected a folder, got none there", hint)
        raise MissingInput(f"{folder / file.name}: expected it there, raw or .gz, got none", hint)
    return read_idx(found[0], file.num_axes)


def _image_set(folder: Path, prefix: str, images: Bytes, labels: Bytes) -> ImageSet:
    if len(images) != len(labels):
        raise BadInput(
            f"{folder}: expected as many {prefix} labels as images, {len(images):,}, "
            f"got {len(labels):,}"
        )
    return ImageSet(torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels).long())
