"""Frame: a digit's ink at the size and place that MNIST's digits have.

Of an image of 28 x 28 pixels a digit's longer side takes 20, and its centre of mass stands at
(14, 14), pixels being counted from 0. Other images keep these proportions.
"""

import numpy as np
from numpy.typing import NDArray

Ink = NDArray[np.float64]
"""Ink (H, W): from none, 0, to full ink, 1."""

MNIST_SIDE = 28
DIGIT_SIDE = 20

FAINT = 0.1
"""Where a digit ends: ink above it counts."""

_TIE = 1e-6
"""Halves are rounded up, also where the rounding of sums has taken a little of them."""


def framed(ink: Ink, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A digit's ink, of any size, as an image (H, W) in which 255 is full ink.

    It is cropped to what is not faint, scaled with its proportions kept, and moved by whole pixels.

    Args:
        ink: some of it not faint.
        size: the image's height and width.
    """
    ink = cropped(ink)
    scale = scale_of(ink.shape, size)
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    small = shares(ink.shape[0], height) @ ink @ shares(ink.shape[1], width).T
    image = np.zeros(size)
    row, column = _start(small.sum(1), size[0]), _start(small.sum(0), size[1])
    image[row : row + height, column : column + width] = small
    return np.round(255 * image.clip(0, 1)).astype(np.uint8)


def cropped(ink: Ink) -> Ink:
    """The ink without the rows and columns around it that are faint all along."""
    rows, columns = (np.flatnonzero((ink > FAINT).any(axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def scale_of(shape: tuple[int, ...], size: tuple[int, int]) -> float:
    """How many of an image's pixels one pixel of a digit (H, W) becomes."""
    share = DIGIT_SIDE / MNIST_SIDE
    return min(share * side / own for side, own in zip(size, shape, strict=True))


def shares(old: int, new: int) -> NDArray[np.float64]:
    """How much each of so many new pixels takes of each old one, (new, old).

    A new pixel that covers several is their mean, by area; smaller ones lie on lines between them.
    """
    step = old / new
    edges, pixels = np.arange(new + 1) * step, np.arange(old)
    if step >= 1:
        ends = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
        by_area: NDArray[np.float64] = np.maximum(ends, 0) / step
        return by_area
    centres = np.clip(edges[:-1] + step / 2 - 0.5, 0, old - 1)
    linear: NDArray[np.float64] = np.maximum(1 - np.abs(centres[:, None] - pixels), 0)
    return linear


def _start(sums: NDArray[np.float64], side: int) -> int:
    """Where the first of these rows or columns goes, for their centre of mass to be in the middle.

    It is rounded, as MNIST's was, and none of them goes beyond the image.
    """
    centre = (sums @ np.arange(len(sums))) / sums.sum()
    return int(np.clip(np.floor(side / 2 - centre + 0.5 + _TIE), 0, side - len(sums)))
