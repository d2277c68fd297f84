"""Ink: how far each pixel of a picture stands out from the paper around it.

Paper and ink may be either way round, and the light may be uneven. H x W pixels; a coarse grid of
at most 64 cells along an axis, each a square of pixels, holds what changes slowly.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnistops.data.conversion.frame import Ink

Grey = NDArray[np.float64]
"""Shades (H, W) from black, 0, to white, 1."""

CELLS = 64
REACH = 1 / 3
"""The side of a neighbourhood, as a share of the picture's longer side: no stroke is as wide."""
NEAR_THE_EDGE = 1 / 8
"""The share of a picture along each of its edges where a pixel counts for less."""

# A picture is cropped tightly if along so much of its edge the contrast is so strong.
TIGHT, STRONG = 0.4, 0.75

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


def edge_weights(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """What each pixel counts: 1, but less the nearer it is to an edge of the picture."""
    rows, columns = (
        np.minimum(np.arange(size) + 0.5, size - np.arange(size) - 0.5) / size for size in shape
    )
    return np.minimum(1, np.minimum(rows[:, None], columns) / NEAR_THE_EDGE)


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

    It is the closing, in which nothing dark is left that is narrower than the window, so it follows
    shadows. Near an edge of the picture that gets darker outwards it is too light: the mean of the
    paper around takes its place there.
    """
    cells = _cells(shades, np.mean)
    closing = -_maximum(-_maximum(cells, window), window)
    inside = edge_weights(cells.shape)
    darkest = _drop(_cells(shades, np.min), closing) * inside
    is_ink = _drop(cells, closing) > max(darkest.max() / 2, 0.2)
    is_paper = 1 - _maximum(is_ink.astype(float), 3)  # beside ink a cell may hold some of it
    side = 2 * (window // 4) + 1
    shares, sums = (
        ndimage.uniform_filter(values, side, mode="constant")
        for values in (is_paper, is_paper * cells)
    )
    mean = np.divide(sums, shares, out=closing.copy(), where=shares > 0.5 / side**2)
    return closing - (1 - inside) * np.maximum(closing - mean, 0)


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
    return np.maximum(drop - max(0.0, less + (0.674 + DEVIATIONS) * deviation), 0)


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
        _between((np.arange(size) + 0.5) / side - 0.5, count)
        for size, count in zip(shape, cells.shape, strict=True)
    )
    enlarged: Grey = rows @ cells @ columns.T
    return enlarged


def _between(places: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """How much each place takes of each of so many values, which stand at 0, 1, 2, ...."""
    inside = np.clip(places, 0, count - 1)
    return np.maximum(1 - np.abs(inside[:, None] - np.arange(count)), 0)


def _maximum(cells: Grey, window: int) -> Grey:
    largest: Grey = ndimage.maximum_filter(cells, window, mode="nearest")
    return largest
