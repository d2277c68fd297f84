"""Batch: which images a step takes, and how each of them is moved."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from mnistops.data.augment import Warp
from mnistops.data.images import ImageSet
from mnistops.training.randomness import Randomness


@dataclass(frozen=True)
class Batch:
    """Some images of a set, on its device.

    Attributes:
        indices: of the images (n,).
        transforms: (n, 3, 3) for `mnistops.data.augment.warp`.
    """

    indices: Tensor
    transforms: Tensor

    def __len__(self) -> int:
        return len(self.indices)


def num_batches(num_images: int, batch_size: int, drop_last: bool) -> int:
    """In an epoch; `drop_last` leaves out a last one that is not whole."""
    whole, partial = divmod(num_images, batch_size)
    return whole + bool(partial and not drop_last)


def batches(
    images: ImageSet, batch_size: int, drop_last: bool, warp: Warp, random: Randomness
) -> list[Batch]:
    """An epoch's batches, in a new order."""
    order = torch.randperm(len(images), generator=random.order).to(images.labels.device)
    if drop_last:
        order = order[: len(order) - len(order) % batch_size]
    # All at once: it takes many small operations, which a step would feel.
    transforms = warp.draw(len(order), *images.image_size[1:], random.warp)
    parts = zip(torch.split(order, batch_size), torch.split(transforms, batch_size), strict=True)
    return [Batch(*part) for part in parts]


def endless_batches(
    images: ImageSet, batch_size: int, warp: Warp, random: Randomness
) -> Iterator[Batch]:
    """Whole batches, epoch after epoch."""
    while True:
        yield from batches(images, batch_size, True, warp, random)
