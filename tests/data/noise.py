"""Random images to warp."""

import torch
from torch import Tensor


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(num_images: int, height: int, width: int) -> Tensor:
    """Images in which no two pixels are alike."""
    return torch.rand(num_images, 1, height, width, generator=generator(9)) + 1
