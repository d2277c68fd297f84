"""ImageSet: images and labels as tensors, and the data set that settings name.

N images, C = 1 channel, H x W pixels.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from mnistops.analysis.window import times
from mnistops.data.class_folders import Labelled, PicturesRead
from mnistops.data.files import FILES
from mnistops.data.known import KNOWN, MNIST
from mnistops.data.normalization import Normalization
from mnistops.data.own import read_own
from mnistops.data.sources import FetchEvent, fetch
from mnistops.disk import cache_folder
from mnistops.errors import BadInput, UsageError
from mnistops.settings.sections import DataSettings

# The hold-out is the same for every run, so that runs can be compared.
HOLDOUT_SEED = 0

DataEvent = FetchEvent | PicturesRead


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
        name: of a known one, or the user's own folder.
        folder: where its files are.
        class_names: by label; None where the numbers are the names.
    """

    name: str
    folder: Path
    train: ImageSet
    test: ImageSet
    class_names: tuple[str, ...] | None = None

    @property
    def is_known(self) -> bool:
        """Whether it is as it was published, by its hashes."""
        return self.name in KNOWN

    @property
    def num_classes(self) -> int:
        """Those that have names, or one more than the highest label to train on."""
        return len(self.class_names) if self.class_names else self.train.num_classes

    def renamed(self, class_names: tuple[str, ...]) -> "Dataset":
        """The same images, numbered by names among which their own are."""
        numbers = torch.tensor([class_names.index(name) for name in self.class_names or ()])
        train, test = (
            ImageSet(held.images, numbers[held.labels]) for held in (self.train, self.test)
        )
        return replace(self, train=train, test=test, class_names=class_names)


@dataclass(frozen=True)
class Splits:
    """Images to train on, to choose by if any are set aside for that, and to test on.

    Attributes:
        normalization: of the images to train on, alone.
        class_names: by label; None where the numbers are the names.
    """

    train: ImageSet
    holdout: ImageSet | None
    test: ImageSet
    normalization: Normalization
    class_names: tuple[str, ...] | None = None

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
        if dataset.name == MNIST:
            order = torch.arange(len(train))
        else:
            generator = torch.Generator().manual_seed(HOLDOUT_SEED)
            order = torch.randperm(len(train), generator=generator)
        begin, end = fold * num_holdout, (fold + 1) * num_holdout
        aside = order[begin:end].sort().values
        rest = torch.cat([order[:begin], order[end:]]).sort().values
        holdout = ImageSet(train.images[aside], train.labels[aside])
        train = ImageSet(train.images[rest], train.labels[rest])
    return Splits(train, holdout, dataset.test, train.normalization(), dataset.class_names)


def open_dataset(settings: DataSettings) -> Generator[DataEvent, None, Dataset]:
    """The images that the settings name; a known set is fetched where it is not there yet.

    Raises:
        UsageError: a known set is asked for transposed.
        MnistopsError: of `mnistops.data.sources.fetch`, or of `mnistops.data.own.read_own`.
    """
    name = settings.dataset
    if name in KNOWN:
        if settings.transpose:
            raise UsageError(
                f"--transpose: expected a folder of your own as --dataset, got {name}",
                "it is known how its images lie: leave --transpose out",
            )
        folder = settings.dir or default_folder()
        arrays = yield from fetch(name, folder, settings.dir is not None, settings.offline)
        values = [arrays[file.name] for file in FILES]
        train, test = (_image_set(Labelled(*values[i : i + 2])) for i in (0, 2))
        return Dataset(name, folder, train, test, KNOWN[name].class_names)
    own = yield from read_own(name, settings.transpose)
    train, test = _image_set(own.train), _image_set(own.test)
    if train.image_size != test.image_size:
        raise BadInput(
            f"{name}: expected test images of {times(train.image_size[1:])}, as for training, "
            f"got {times(test.image_size[1:])}"
        )
    return Dataset(name, Path(name), train, test, own.class_names)


def default_folder() -> Path:
    """In the per-user cache folder, shared by all runs."""
    return cache_folder() / "data"


def _image_set(held: Labelled) -> ImageSet:
    images = torch.from_numpy(held.images).contiguous().unsqueeze(1)
    return ImageSet(images, torch.from_numpy(held.labels).long())
