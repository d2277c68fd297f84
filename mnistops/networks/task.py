"""Task: what a network is to tell apart."""

from dataclasses import dataclass

from mnistops.networks.spec import MNIST_SIZE, ImageSize


@dataclass(frozen=True)
class Task:
    """Images of one size, of so many classes."""

    image_size: ImageSize
    num_classes: int


MNIST_TASK = Task(MNIST_SIZE, 10)
