"""Frame: a digit's ink at the size and place that MNIST's digits have.

Of an image of 28 x 28 pixels a digit's longer side takes 20, and its centre of mass stands at
(14, 14), pixels being counted from 0. Other images keep these proportions.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnistops.data.conversion.ink import Ink

MNIST_SIDE = 28
DIGIT_SIDE = 20

FAINT = 0.1
"""Where a digit ends: the least ink that counts, as a share of full ink."""

THIN, WIDENED = 1.4, 2.0
"""Strokes thinner than 98 % of MNIST's digits have, in its pixels, are drawn so wide."""


def framed(ink: Ink, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A digit's ink, of any size, as an image (1, H, W) in which 255 is full ink.

    Args:
        ink: from 0 to 1, full ink; some of it above one half.
        size: the image's height and width.
    """
    ink = _cropped(ink)
    ink = _cropped(_widened(ink, min(size) / MNIST_SIDE / _scale(ink, size)))
    height, width = (max(1, round(side * _scale(ink, size))) for side in ink.shape)
    small = _shares(ink.shape[0], height) @ ink @ _shares(ink.shape[1], width).T
    image = np.zeros(size)
    row, column = _start(small.sum(1), size[0]), _start(small.sum(0), size[1])
    image[row : row + height, column : column + width] = small
    return np.round(255 * image.clip(0, 1)).astype(np.uint8)[None]


def _cropped(ink: Ink) -> Ink:
    rows, columns = (np.flatnonzero((ink > FAINT).any(axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scale(ink: Ink, size: tuple[int, int]) -> float:
    """New pixels for each old one."""
    share = DIGIT_SIDE / MNIST_SIDE
    return min(share * side / own for side, own in zip(size, ink.shape, strict=True))


def _widened(ink: Ink, unit: float) -> Ink:
    """The ink with thin strokes wider, and then with a margin around.

    Args:
        unit: how many pixels of the ink are one of MNIST's.
    """
    is_stroke = ink > 1 / 2
    width = stroke_width(is_stroke)
    if width >= THIN * unit:
        return ink
    radius = (WIDENED * unit - width) / 2
    margin = int(np.ceil(radius))
    distances = ndimage.distance_transform_edt(~np.pad(is_stroke, margin))
    widened: Ink = np.maximum(np.pad(ink, margin), np.clip(radius + 1 - distances, 0, 1))
    return widened


def stroke_width(is_stroke: NDArray[np.bool_]) -> float:
    """The mean width of strokes, in pixels: twice their area over the length of their outline."""
    solid = np.pad(is_stroke, 1).astype(float)
    steps = np.hypot(np.diff(solid, axis=0)[:, :-1], np.diff(solid, axis=1)[:-1])
    return float(2 * solid.sum() / steps.sum())


def _shares(old: int, new: int) -> NDArray[np.float64]:
    """How much each of so many new pixels takes of each old one, (new, old).

    A new pixel that covers several is their mean, by area; smaller ones lie on lines between them.
    """
    step = old / new
    edges, pixels = np.arange(new + 1) * step, np.arange(old)
    if step >= 1:
        ends = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
        return np.maximum(ends, 0) / step
    centres = np.clip(edges[:-1] + step / 2 - 0.5, 0, old - 1)
    return np.maximum(1 - np.abs(centres[:, None] - pixels), 0)


def _start(sums: NDArray[np.float64], side: int) -> int:
    """Where the first of these rows or columns goes, for their centre of mass to be in the middle.

    It is rounded, as MNIST's was, and none of them goes beyond the image.
    """
    centre = (sums @ np.arange(len(sums))) / sums.sum()
    return int(np.clip(np.floor(side / 2 - centre + 0.5), 0, side - len(sums)))
