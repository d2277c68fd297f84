"""The seed's pipeline: torchvision's MNIST, transforms of one picture after another, a DataLoader.

Its step is torch's operations one by one, and its loop reads the loss of each for a bar. N images
of C x H x W.
"""

import time
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import SGD
from torch.utils.data import DataLoader, Dataset

from mnistops.benchmark.pipelines import LEARNING_RATE, TimedStep
from mnistops.classifier import Classifier
from mnistops.data.images import ImageSet
from mnistops.data.normalization import Normalization
from mnistops.errors import UsageError
from mnistops.settings.sections import TrainSettings
from mnistops.training.descent import MOMENTUM
from mnistops.training.randomness import Randomness
from mnistops.user_code import users_code

if TYPE_CHECKING:
    from PIL.Image import Image

Example = tuple[Tensor, int]
Transform = Callable[["Image"], Tensor]

NUM_WORKERS = (0, 2)
BATCHES_AHEAD = 2
"""That each worker of a DataLoader prepares before they are asked for."""


class NoTorchvision(UsageError):
    """It cannot be imported here."""


class Pictures(Dataset[Example]):
    """Images of our own as torchvision would give them: pictures of PIL, transformed."""

    def __init__(self, images: ImageSet, transform: Transform) -> None:
        self._images, self._transform = images.to(torch.device("cpu")), transform

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> Example:
        from PIL import Image

        picture = Image.fromarray(self._images.images[index, 0].numpy())
        return self._transform(picture), int(self._images.labels[index])


def open_pictures(
    folder: Path | None, images: ImageSet, normalization: Normalization, settings: TrainSettings
) -> Dataset[Example]:
    """The training images with the seed's transforms.

    Args:
        folder: where torchvision may find MNIST; None for other images.
        images: for torchvision's class where it cannot have them.

    Raises:
        NoTorchvision: it cannot be imported.
    """
    try:
        from torchvision import datasets, transforms
    except Exception as error:  # of another version than torch's it fails in its own ways
        raise NoTorchvision(f"torchvision: expected to import it, got: {error}") from error
    transform = transforms.Compose(
        [
            transforms.RandomPerspective(settings.distortion, p=0.5),
            transforms.RandomRotation(settings.rotation),
            transforms.ToTensor(),
            transforms.Normalize((normalization.mean,), (normalization.std,)),
        ]
    )
    if folder is not None:
        try:
            pictures: Dataset[Example] = datasets.MNIST(folder, transform=transform)
            return pictures
        except RuntimeError:  # the files lie in another way than its own
            pass
    return Pictures(images, transform)


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Inside, nobody is told that there are fewer cores than workers, or that a fork is a fork."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create")
        warnings.filterwarnings("ignore", "This process .* is multi-threaded")
        yield


class ReferencePipeline:
    """The seed's loop over a DataLoader.

    Args:
        classifier: on the device, its dropout the seed's; nobody else trains it.
        num_workers: processes that prepare batches; 0 prepares them in this one.
    """

    def __init__(
        self,
        classifier: Classifier,
        pictures: Dataset[Example],
        batch_size: int,
        num_workers: int,
        device: torch.device,
        random: Randomness,
    ) -> None:
        self.name = f"reference ({num_workers} workers)"
        # Steps until nothing is left of what workers prepared before the first.
        self.num_warm_up = 1 + BATCHES_AHEAD * num_workers
        self._classifier, self._device, self._random = classifier, device, random
        parameters = classifier.module.train().parameters()
        self._optimizer = SGD(parameters, lr=LEARNING_RATE, momentum=MOMENTUM)
        with _no_warnings():
            self._loader = DataLoader(
                pictures,
                batch_size,
                shuffle=True,
                num_workers=num_workers,
                pin_memory=device.type == "cuda",
                prefetch_factor=BATCHES_AHEAD if num_workers else None,
            )

    def steps(self) -> Generator[TimedStep, None, None]:
        """Of `mnistops.benchmark.pipelines.Pipeline`; the workers end with it."""
        batches: Iterator[tuple[Tensor, Tensor]] = iter(())
        while True:
            started = time.perf_counter()
            # Transforms and shuffling draw from torch's global generators too.
            with self._random.of_network():
                batch = next(batches, None)
                if batch is None:
                    with _no_warnings():
                        batches = iter(self._loader)
                    batch = next(batches)
                self._train_on(*batch)
            yield TimedStep(len(batch[1]), time.perf_counter() - started)

    def _train_on(self, images: Tensor, labels: Tensor) -> None:
        """Train on normalised images (n, C, H, W) and their labels (n,)."""
        images, labels = images.to(self._device), labels.to(self._device)
        with users_code(self._classifier.name):
            self._optimizer.zero_grad()
            outputs = self._classifier.module(images)
            # Of the seed's log-probabilities it is the loss that the seed took.
            loss = functional.cross_entropy(outputs, labels)
            loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        value = loss.item()
        if not isfinite(value):
            raise FloatingPointError(value)
        (outputs.argmax(1) == labels).sum().item()
