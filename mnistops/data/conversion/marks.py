"""Marks: which of the connected things on a picture are the digit."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnistops.data.conversion.frame import Ink
from mnistops.data.conversion.ink import centrality, edge

Mask = NDArray[np.bool_]

NEAR = 1 / 4
"""How far a part of the digit may stand off the main one, as a share of that one's longer side."""
LEAST_PART, LARGEST_PART = 1 / 20, 4 / 3
"""The least ink that a part of the digit has, and its longest side, as shares of the main one's."""
LEAST = 0.1
"""The square of this is what ink counts for whose mark lies along an edge with a whole side."""

_ALL_AROUND = np.ones((3, 3), int)


def digit_mask(ink: Ink, is_ink: Mask) -> Mask:
    """The mark with the most ink, and the parts of the digit that stand apart from it.

    Parts are the marks near it that are neither much smaller nor larger, as the bar of a five; what
    reaches beyond the picture is none, unless the digit does. Ink counts for less the farther it is
    from the middle, and for next to nothing if its mark lies along an edge of the picture: so do a
    table, and many a shadow.

    Args:
        is_ink: the pixels to look at, (H, W), one at least.
    """
    # One pixel of paper is no gap: in a faint stroke there are many.
    labels, count = ndimage.label(ndimage.maximum_filter(is_ink, 2), _ALL_AROUND)
    labels *= is_ink
    boxes = [_box(slices) for slices in ndimage.find_objects(labels)]
    sides = np.array([(end - begin).max() for begin, end in boxes])
    on_edge = np.bincount(edge(labels), minlength=count + 1)[1:]
    amounts = ndimage.sum_labels(ink * centrality(ink.shape), labels, range(1, count + 1))
    main = int((amounts * np.maximum(1 - on_edge / sides, LEAST) ** 2).argmax())
    begin, end = boxes[main]
    gaps = np.array([np.maximum(begin - other[1], other[0] - end).max() for other in boxes])
    is_part = (
        (gaps <= NEAR * sides[main])
        & (amounts >= LEAST_PART * amounts[main])
        & (sides <= LARGEST_PART * sides[main])
        & ((on_edge == 0) | (on_edge[main] > 0))
    )
    is_part[main] = True
    mask: Mask = np.concatenate([[False], is_part])[labels]
    return mask


def _box(slices: tuple[slice, ...]) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """First row and column, and those behind the last."""
    return np.array([s.start for s in slices]), np.array([s.stop for s in slices])
