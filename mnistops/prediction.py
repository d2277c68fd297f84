"""Prediction: settings and pictures of one's own to what a trained network takes them for."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnistops.checkpoint import load_checkpoint
from mnistops.classifier import Classifier, expect_one_channel, load_classifier
from mnistops.data.conversion.convert import NoInk, as_digit
from mnistops.data.picture import read_picture
from mnistops.device import open_device
from mnistops.errors import BadInput, MnistopsError
from mnistops.evaluation import BatchEvaluated, outputs_in_batches, to_probabilities
from mnistops.networks.spec import MNIST_SIZE, ImageSize, image_size
from mnistops.settings.tree import Settings
from mnistops.validation import checkpoint_path

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class PictureRead:
    """So many of the pictures are read, or found to be bad."""

    num_done: int
    num_pictures: int


@dataclass(frozen=True)
class Failure:
    """A picture that nothing could be said of."""

    path: Path
    error: MnistopsError


@dataclass(frozen=True)
class Predicted:
    """What a picture is taken for.

    Attributes:
        image: that the network saw, (1, H, W), ink 255 on 0.
        probabilities: by class, in 0..1.
    """

    path: Path
    image: NDArray[np.uint8]
    probabilities: tuple[float, ...]

    @property
    def ranking(self) -> tuple[int, ...]:
        """The classes, the likeliest first."""
        classes = range(len(self.probabilities))
        return tuple(sorted(classes, key=lambda label: -self.probabilities[label]))


@dataclass(frozen=True)
class Prediction:
    """A network's word on pictures, in their order.

    Attributes:
        network: its name.
        class_names: by class; None where the numbers are the names.
    """

    checkpoint: Path
    network: str
    pictures: tuple[Predicted, ...]
    failures: tuple[Failure, ...]
    class_names: tuple[str, ...] | None = None

    def name_of(self, label: int) -> str:
        """The name of a class, for people."""
        return self.class_names[label] if self.class_names else str(label)


def predict(
    settings: Settings, paths: Sequence[Path]
) -> Generator[PictureRead | BatchEvaluated, None, Prediction]:
    """Run a checkpoint over pictures, each made an image as MNIST's are.

    The checkpoint is `validate`'s. A picture that is bad does not keep the others from being done.

    Args:
        paths: of the pictures, one digit on each.

    Raises:
        MnistopsError: the checkpoint or the network cannot be had, or takes no such images.
        NotFinite: an output of the network is no number.
    """
    device = open_device(settings.device)
    checkpoint = load_checkpoint(checkpoint_path(settings))
    classifier = load_classifier(checkpoint, settings.network)
    size = _size(classifier, settings)
    images: list[NDArray[np.uint8]] = []
    read, failures = [], []
    for number, path in enumerate(paths, start=1):
        try:
            images.append(_image_of(path, size))
        except MnistopsError as error:
            failures.append(Failure(path, error))
        else:
            read.append(path)
        yield PictureRead(number, len(paths))
    pictures: list[Predicted] = []
    names = None
    if images:
        outputs = yield from outputs_in_batches(
            classifier.module.to(device), _batch(images).to(device), checkpoint.normalization
        )
        names = checkpoint.names_of(outputs.shape[1])
        rows = map(tuple, to_probabilities(outputs).tolist())
        pictures += map(Predicted, read, images, rows)
    return Prediction(checkpoint.path, classifier.name, tuple(pictures), tuple(failures), names)


def _image_of(path: Path, size: ImageSize) -> NDArray[np.uint8]:
    try:
        return as_digit(read_picture(path), size[1:])
    except NoInk as error:
        raise BadInput(f"{path}: {error}") from None


def _batch(images: list[NDArray[np.uint8]]) -> "torch.Tensor":
    import torch

    return torch.from_numpy(np.stack(images))


def _size(classifier: Classifier, settings: Settings) -> ImageSize:
    """The images that the network takes."""
    size = classifier.image_size or image_size(settings.network.input_size) or MNIST_SIZE
    expect_one_channel(classifier.name, size)
    return size
