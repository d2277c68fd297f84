"""One training step: some images through the network, and the weights a little better."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from mnistops.data.augment import Warp
from mnistops.data.images import ImageSet
from mnistops.data.normalization import Normalization
from mnistops.training.randomness import Randomness
from mnistops.user_code import users_code


@dataclass(frozen=True)
class TrainingStep:
    """A step's arithmetic, and all that it needs but the images' indices."""

    network: nn.Module
    optimizer: Optimizer
    images: ImageSet
    normalization: Normalization
    warp: Warp
    random: Randomness

    @property
    def learning_rate(self) -> float:
        """As it stands now."""
        rate: float = self.optimizer.param_groups[0]["lr"]
        return rate

    def __call__(self, indices: Tensor) -> tuple[float, int]:
        """Train on the images with these indices (n,), on their device.

        Returns:
            The batch's mean loss in nats and how many of it were right, before the update.

        Raises:
            FloatingPointError: the loss is no number; nothing was changed but running statistics.
        """
        images = self.warp(self.images.pixels(indices), self.random.warp)
        labels = self.images.labels[indices]
        name = type(self.network).__name__
        with self.random.of_network():
            with users_code(name):
                outputs = self.network(self.normalization(images))
                # Of log-probabilities this takes the same loss as of logits.
                loss = functional.cross_entropy(outputs, labels)
                value = loss.item()
            if not isfinite(value):
                raise FloatingPointError(value)
            with users_code(name):
                self.optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                self.optimizer.step()
        return value, int((outputs.argmax(1) == labels).sum())


def batches(images: ImageSet, batch_size: int, drop_last: bool, random: Randomness) -> list[Tensor]:
    """The indices of an epoch's batches in a new order, on the images' device."""
    order = torch.randperm(len(images), generator=random.order).to(images.labels.device)
    parts = list(torch.split(order, batch_size))
    return parts[:-1] if drop_last and len(parts[-1]) < batch_size else parts


def endless_batches(images: ImageSet, batch_size: int, random: Randomness) -> Iterator[Tensor]:
    """Whole batches, epoch after epoch."""
    while True:
        yield from batches(images, batch_size, True, random)
