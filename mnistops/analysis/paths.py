"""Paths: how many ways lead from each pixel of the input to one unit of a layer.

All channels count as one, and a vector (N, F) counts as one unit. The counts are the gradient of
the same network with one channel, all weights 1, and sums in place of maxima and means. Of channels
side by side each counts, whichever of them a layer takes.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mnistops.analysis.fields.footprint import Footprint, footprints
from mnistops.analysis.fields.merging import gates
from mnistops.analysis.fields.sight import Sight
from mnistops.analysis.graph import IMAGES, INPUT, Layer, LayerGraph
from mnistops.analysis.operations import (
    AdaptivePool,
    Convolution,
    Dropout,
    Flatten,
    Identity,
    Interpolate,
    Join,
    Linear,
    Pointwise,
    Pool,
    Reduce,
    TransposedConvolution,
)
from mnistops.analysis.rearrangements import (
    Concatenate,
    Expand,
    Pad,
    Permute,
    PixelShuffle,
    Reshape,
    Select,
)
from mnistops.analysis.receptive_field import sights
from mnistops.analysis.window import Shape, Sizes, times
from mnistops.errors import UsageError

Counts = NDArray[np.float64]
Box = tuple[tuple[int, int], tuple[int, int]]
"""First and last row, first and last column."""

_SLIDING = (
    Convolution,
    TransposedConvolution,
    Pool,
    AdaptivePool,
    Interpolate,
    PixelShuffle,
    Pad,
    Select,
)


def path_counts(graph: LayerGraph, place: int, unit: Sequence[int] | None = None) -> Counts:
    """How many paths lead from each pixel (H, W) to one unit of a layer.

    As in a receptive field, padding is no pixel, and a factor that sees the input as a whole (the
    gate of squeeze and excitation) leads nowhere.

    Args:
        place: of the layer.
        unit: row and column in its output; None takes the centre one.

    Raises:
        UsageError: there is no such unit, or a layer on the way does not go from images to images;
            the error names it.
    """
    if len(graph.input_shape) != 3:
        got = times(graph.input_shape)
        raise UsageError(f"{graph.network}: expected an input of (C, H, W), got {got}")
    layer = graph.layers[place]
    units = _units(graph, layer, layer.given)
    unit = centre(units) if unit is None else tuple(unit)
    if len(unit) != 2 or any(not 0 <= u < n for u, n in zip(unit, units, strict=True)):
        raise UsageError(f"{layer.label}: expected a unit of {times(units)}, got {unit}")
    start = np.zeros(units)
    start[unit] = 1
    reached = {place: start}
    seen = _sights_of_products(graph)
    for at in range(place, INPUT, -1):
        if at in reached:
            layer, counts = graph.layers[at], reached.pop(at)
            for source, more in zip(
                layer.inputs, _given_back(graph, at, counts, seen), strict=True
            ):
                reached[source] = reached[source] + more if source in reached else more
    return reached.get(INPUT, np.zeros(graph.input_shape[1:]))


def missed_pixels(counts: Counts, seen: Sight, unit: Sequence[int], box: Box) -> NDArray[np.bool_]:
    """The pixels (H, W) inside a unit's field that it skips, as gaps between dilated taps do.

    Those are not counted that only a unit in the padding of a layer on the way would see. Where the
    pixels touched are not known to be rows and columns crossed, as where branches of different
    dilations meet, all count that lie between touched ones.

    Args:
        counts: the unit's `path_counts`.
        seen: what the layer's units see.
        box: first and last pixel of the field along each axis, clipped to the input.
    """
    part, skipped = seen.whole, np.zeros(counts.shape, bool)
    fields = [trace.at(u) for trace, u in zip(part.traces, unit, strict=True)]
    if part.is_separable and all(field and field.touched is not None for field in fields):
        for axis, field in enumerate(fields):
            lo, touched = (field.lo, field.touched or 0) if field else (0, 0)
            pixels = [
                p for p in range(box[axis][0], box[axis][1] + 1) if not touched >> (p - lo) & 1
            ]
            skipped[(slice(None),) * axis + (pixels,)] = True
    elif counts.any():
        rows, columns = np.nonzero(counts)
        skipped[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    inside = np.zeros(counts.shape, bool)
    inside[tuple(slice(first, last + 1) for first, last in box)] = True
    missed: NDArray[np.bool_] = inside & skipped & (counts == 0)
    return missed


def centre(units: Sizes) -> Sizes:
    """The centre unit along each axis; of two, the first."""
    return tuple((n - 1) // 2 for n in units)


def _given_back(  # noqa: C901, a table
    graph: LayerGraph, place: int, counts: Counts, seen: Mapping[int, Sight | None]
) -> list[Counts]:
    """The counts of what a layer takes, from those of what it gives."""
    layer = graph.layers[place]
    taken = [_units(graph, layer, shape) for shape in layer.taken]
    match layer.operation:
        case Dropout() | Identity():
            return [counts]
        case Pointwise() | Expand() if len({len(s) for s in (*layer.taken, layer.given)}) == 1:
            gates = _gates(layer, seen)
            sums = zip(taken, gates, strict=True)
            return [_summed(counts, units) * (not is_gate) for units, is_gate in sums]
        case Concatenate(dim=dim, parts=parts) if dim > 0:
            return _apart(counts, dim, parts, layer.taken)
        case Flatten() | Reshape() if len(layer.given) == 2 or taken == [(1, 1)]:
            return [np.full(taken[0], counts.sum())]
        case Linear() if len(layer.given) == 2:
            return [counts]
        case Reduce(dims=dims, keeps_dims=keeps_dims) if 0 not in dims:
            if keeps_dims or set(range(2, len(layer.taken[0]))) <= set(dims):
                return [np.broadcast_to(counts, taken[0])]
        case Join(dims=dims) if 0 not in dims:
            axes = tuple(dim - 2 for dim in dims if dim > 1)
            return [np.broadcast_to(counts.sum(axes, keepdims=True), taken[0])]
        case Permute(dims=dims) if dims == tuple(range(len(dims))):
            return [counts]
        case operation if isinstance(operation, _SLIDING) and len(layer.taken[0]) == 4:
            along = footprints(operation, layer.taken[0])
            if 0 not in along:
                return [_slid_back(counts, along, taken[0])]
    raise _unknown(graph, layer)


def _units(graph: LayerGraph, layer: Layer, shape: Shape) -> Sizes:
    """(H, W) of images (N, C, H, W); (1, 1) of vectors."""
    if len(shape) not in (2, 4) or shape[0] != IMAGES:
        raise _unknown(graph, layer)
    return shape[2:] or (1, 1)


def _unknown(graph: LayerGraph, layer: Layer) -> UsageError:
    taken = " and ".join(times(shape[1:]) for shape in layer.taken)
    return UsageError(
        f"{graph.network}: {layer.label}: expected layers from images (C, H, W) to images or "
        f"vectors to count paths through, got one from {taken} to {times(layer.given[1:])}"
    )


def _slid_back(counts: Counts, along: Mapping[int, Footprint], units: Sizes) -> Counts:
    """Each unit's count given to all units that it takes, along rows and columns."""
    for axis in (0, 1):
        if axis + 2 in along:
            footprint, n = along[axis + 2], units[axis]
            takes = np.zeros((counts.shape[axis], n))
            for unit in range(len(takes)):
                takes[unit, footprint.taken_by(unit, n)] = 1
            counts = takes.T @ counts if axis == 0 else counts @ takes
    return counts


def _summed(counts: Counts, units: Sizes) -> Counts:
    """The counts of a tensor that was broadcast."""
    axes = tuple(axis for axis in (0, 1) if units[axis] == 1)
    return np.broadcast_to(counts.sum(axes, keepdims=True), units) if axes else counts


def _apart(
    counts: Counts, dim: int, parts: Sequence[int | None], taken: Sequence[Shape]
) -> list[Counts]:
    """The counts of each tensor of several that were put one after another."""
    if dim == 1:
        return [counts] * len(taken)
    found, begin, waiting = [], 0, iter(taken)
    for size in parts:
        end = begin + (next(waiting)[dim] if size is None else size)
        if size is None:
            found.append(counts[begin:end] if dim == 2 else counts[:, begin:end])
        begin = end
    return found


def _sights_of_products(graph: LayerGraph) -> Mapping[int, Sight | None]:
    """What layers see, where there is a product of tensors at all."""
    return sights(graph) if any(map(_is_product, graph.layers)) else {}


def _is_product(layer: Layer) -> bool:
    operation = layer.operation
    return isinstance(operation, Pointwise) and operation.multiplies and len(layer.inputs) > 1


def _gates(layer: Layer, seen: Mapping[int, Sight | None]) -> list[bool]:
    """Per input, whether it is a gate."""
    if not _is_product(layer):
        return [False] * len(layer.inputs)
    return gates([seen.get(place) for place in layer.inputs])
