"""Strokes: a hair-thin pen's made as wide as those of MNIST's digits."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnistops.data.conversion.frame import Ink

THIN, WIDENED = 1.4, 2.0
"""Strokes thinner than 98 % of MNIST's digits have, in its pixels, are drawn so wide."""


def widened(ink: Ink, unit: float) -> Ink:
    """The ink with thin strokes wider, and then with a margin around.

    Args:
        ink: some of it above one half.
        unit: how many pixels of the ink are one of MNIST's.
    """
    is_stroke = ink > 1 / 2
    width = stroke_width(is_stroke)
    if width >= THIN * unit:
        return ink
    radius = (WIDENED * unit - width) / 2
    margin = int(np.ceil(radius))
    distances = ndimage.distance_transform_edt(~np.pad(is_stroke, margin))
    wider: Ink = np.maximum(np.pad(ink, margin), np.clip(radius + 1 - distances, 0, 1))
    return wider


def stroke_width(is_stroke: NDArray[np.bool_]) -> float:
    """The mean width of strokes, in pixels: twice their area over the length of their outline."""
    solid = np.pad(is_stroke, 1).astype(float)
    steps = np.hypot(np.diff(solid, axis=0)[:, :-1], np.diff(solid, axis=1)[:-1])
    return float(2 * solid.sum() / steps.sum())
