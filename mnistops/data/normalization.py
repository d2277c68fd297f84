"""Normalization: what makes pixels of mean 0 and deviation 1 of a data set's."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Normalization:
    """Mean and standard deviation of pixels in 0..1."""

    mean: float
    std: float

    def __call__(self, images: "Tensor") -> "Tensor":
        """Images in 0..1, any shape, normalised."""
        return (images - self.mean) / self.std


SEED_NORMALIZATION = Normalization(0.1309, 0.3084)
"""The original code's, over training and test images together; for its checkpoints only."""
