"""Marks: which of the connected things on a picture are the digit."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnistops.data.conversion.frame import Ink
from mnistops.data.conversion.ink import edge, edge_weights

Mask = NDArray[np.bool_]

NEAR = 1 / 4
"""How far a part of the digit may stand off the main one, as a share of that one's longer side."""
PART = 1 / 20
"""The least ink that a part of the digit has, as a share of the main one's."""
LEAST = 0.1
"""The square of this is what ink counts for whose mark lies along an edge with a whole side."""

_ALL_AROUND = np.ones((3, 3), int)


def digit_mask(ink: Ink, is_ink: Mask) -> Mask:
    """The mark with the most ink, and the parts of the digit that stand apart from it.

    Parts are the marks near it that are not much smaller, as the bar of a five. Ink counts for less
    near an edge of the picture, and for next to nothing if its mark lies along it: so do a table,
    and many a shadow.

    Args:
        is_ink: the pixels to look at, (H, W), one at least.
    """
    labels, count = ndimage.label(is_ink, _ALL_AROUND)
    boxes = [_box(slices) for slices in ndimage.find_objects(labels)]
    sides = np.array([(end - begin).max() for begin, end in boxes])
    on_edge = np.bincount(edge(labels), minlength=count + 1)[1:]
    amounts = ndimage.sum_labels(ink * edge_weights(ink.shape), labels, range(1, count + 1))
    main = int((amounts * np.maximum(1 - on_edge / sides, LEAST) ** 2).argmax())
    begin, end = boxes[main]
    gaps = [np.maximum(begin - other[1], other[0] - end).max() for other in boxes]
    is_near = np.maximum(gaps, 0) <= NEAR * sides[main]
    is_part = is_near & (amounts >= PART * amounts[main])
    mask: Mask = np.concatenate([[False], is_part])[labels]
    return mask


def _box(slices: tuple[slice, ...]) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """First row and column, and those behind the last."""
    return np.array([s.start for s in slices]), np.array([s.stop for s in slices])
