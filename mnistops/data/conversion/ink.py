"""Ink: how far each pixel of a picture stands out from the paper around it.

Paper and ink may be either way round, and the light may be uneven. H x W pixels; a coarse grid of
at most 64 cells along an axis, each a square of pixels, holds what changes slowly.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnistops.data.conversion.frame import Ink, shares

Grey = NDArray[np.float64]
"""Shades (H, W) from black, 0, to white, 1."""

CELLS = 64
REACH = 1 / 3
"""The side of a neighbourhood, as a share of the picture's longer side: no stroke is as wide."""
NEAR_THE_EDGE = 1 / 8
"""The share of a picture along each of its edges where a pixel counts for less."""

# A picture is cropped tightly if along so much of its edge the contrast is so strong.
TIGHT, STRONG = 0.65, 0.75

NUM_SURE_PIXELS = 20
"""Ink is as dark as the pixel that so many are at least as dark as; fewer are dust."""

DIMMEST = 1 / 4
"""The darkest shadow in which ink is as strong as in full light, as a share of that."""

DEVIATIONS = 3
"""What stands out by fewer standard deviations of the paper's own noise is no ink."""


def ink_of(grey: Grey) -> Ink:
    """How far each pixel stands out from its background, which counts as 0.

    It is the share of the paper's light that is lost, since a shadow dims paper and ink alike. What
    is light on dark is turned into its negative first.
    """
    window = 2 * int(max(_cells(grey, np.mean).shape) * REACH / 2) + 1
    shades = grey if _is_dark_on_light(grey, window) else 1 - grey
    return _without_noise(_drop(shades, _enlarged(_paper(shades, window), shades.shape)))


def level_of(ink: Ink) -> float:
    """How dark the ink of a picture is, from 0; dust and what lies along the edges aside."""
    counted = (ink * edge_weights(ink.shape)).ravel()
    place = max(0, counted.size - NUM_SURE_PIXELS)
    return float(np.partition(counted, place)[place])


def centrality(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """What each pixel counts: 1 in the middle of the picture, 0 at its edges, linear between."""
    rows, columns = (1 - np.abs(2 * np.arange(size) + 1 - size) / size for size in shape)
    return np.minimum(rows[:, None], columns)


def edge_weights(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """What each pixel counts: 1, but less the nearer it is to an edge of the picture."""
    return (centrality(shape) / (2 * NEAR_THE_EDGE)).clip(max=1)


def edge(pixels: NDArray[Any]) -> NDArray[Any]:
    """The pixels along the edge of a picture; those in its corners twice."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _is_dark_on_light(grey: Grey, window: int) -> bool:
    """Whether pixels are, for the most part, more like the lightest around them than the darkest.

    For ink is the lesser part of what is around it. A picture that is cropped tightly may hold more
    ink than paper: there, only what lies along its edge is asked.
    """
    shades = _cells(grey, np.mean)
    lightest = _maximum(_cells(grey, np.max), window)
    darkest = -_maximum(-_cells(grey, np.min), window)
    contrast = lightest - darkest
    if edge(contrast > STRONG * contrast.max()).mean() > TIGHT:
        return bool(2 * edge(shades).mean() >= lightest.max() + darkest.min())
    weights = contrast * edge_weights(contrast.shape)
    return bool(((2 * shades - lightest - darkest) * weights).sum() >= 0)


def _paper(shades: Grey, window: int) -> Grey:
    """The paper's own shade in each cell, ink being darker.

    It is the closing, in which nothing dark is left that is narrower than the window: it follows
    shadows.
    """
    return -_maximum(-_maximum(_cells(shades, np.mean), window), window)


def _drop(shades: Grey, paper: Grey) -> Ink:
    """How much darker than the paper, as a share of its light; below 0 if lighter.

    Light that is too dim to see ink in, against the brightest, does not make up for it.
    """
    return (paper - shades) / np.maximum(paper, max(paper.max() * DIMMEST, 1 / 255))


def _without_noise(drop: Ink) -> Ink:
    """What is left of it above the noise, whose size the quarter with the least ink tells."""
    least, less = np.quantile(drop, (0.1, 0.25), method="lower")
    # Of normal noise, these quantiles lie 1.282 and 0.674 deviations below its middle.
    deviation = (less - least) / (1.282 - 0.674)
    left: Ink = drop - max(0.0, less + (0.674 + DEVIATIONS) * deviation)
    return left.clip(min=0)


def _cells(grey: Grey, of: Callable[..., Grey]) -> Grey:
    """The mean, the darkest or the lightest of each cell; a cell over the edge repeats the edge."""
    side = -(-max(grey.shape) // CELLS)
    (height, width), (rows, columns) = grey.shape, (-(-size // side) for size in grey.shape)
    whole = np.pad(grey, ((0, rows * side - height), (0, columns * side - width)), mode="edge")
    return of(whole.reshape(rows, side, columns, side), axis=(1, 3))


def _enlarged(cells: Grey, shape: tuple[int, ...]) -> Grey:
    """Cells as pixels: between the cells' centres linear, beyond the outermost constant."""
    side = -(-max(shape) // CELLS)
    rows, columns = (
        shares(count, count * side)[:size] for size, count in zip(shape, cells.shape, strict=True)
    )
    enlarged: Grey = rows @ cells @ columns.T
    return enlarged


def _maximum(cells: Grey, window: int) -> Grey:
    largest: Grey = ndimage.maximum_filter(cells, window, mode="nearest")
    return largest
