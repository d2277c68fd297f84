"""LayerGraph to receptive fields: which pixels of the input each unit of each layer can see.

Exact arithmetic per axis, after Araujo, Norris and Sim, "Computing Receptive Fields of
Convolutional Neural Networks", Distill 2019, doi:10.23915/distill.00021. Unit ``u`` of a tensor
sees the pixels ``[lo + u*jump, hi + u*jump]``; the input itself has ``jump = 1, lo = hi = 0``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor, prod
from typing import Literal

from mnistops.analysis.footprint import Footprint, footprints
from mnistops.analysis.formulas import output_formula, size_formula
from mnistops.analysis.graph import Layer, LayerGraph
from mnistops.analysis.operations import AdaptivePool, Flatten, Sizes, Unsupported
from mnistops.errors import BadInput

Status = Literal["exact", "bound", "whole", "unsupported"]

# Beyond so many pixels of a field along one axis it is not worked out which of them are touched,
# and beyond so many units taken by a layer's units, what each of them can reach.
LARGEST = 1 << 20
LARGEST_REACH = 1 << 15
LARGEST_JUMP = 1 << 62

Reach = tuple[int, int] | None
"""First and last pixel of the input that a unit can see along one axis; None for none.

It can lie well inside the clipped field: a unit that an earlier layer made up as padding sees
nothing, though the field counts what a true unit in its place would have seen.
"""


@dataclass(frozen=True)
class ReceptiveField:
    """What the units of one layer see; per axis (height, width), in pixels of the input.

    Attributes:
        padding: per axis, or (before, after) per axis if they differ anywhere.
        size: pixels from the first to the last that one unit sees, before clipping to the input.
        jump: pixels from one unit's field to the next one's (the effective stride).
        start: the first pixel that unit 0 sees; negative where it lies in the padding.
        effective_padding: ``-start``.
        coverage: the share, 0 to 1, of the pixels inside the field that are touched at all.
        center_share: the share, 0 to 1, of the input inside the clipped field of the centre unit.
        corner_share: the same for unit 0, which sees the corner.
        formula: ``size_in + (kernel-1)*dilation*jump_in = size``, in numbers.
        output_formula: the output size, in numbers.
        status: ``exact``; ``bound`` (every field lies inside the given one); ``whole`` (the unit
            really sees from corner to corner, through a layer that joins all positions);
            ``unsupported`` (a layer on the way has no rule here, and nothing is guessed: the
            values are None).
        is_window: whether the layer takes more than its own unit; an activation does not.
    """

    name: str
    path: str
    input_size: Sizes
    kernel_size: Sizes | None
    padding: tuple[int, ...] | tuple[tuple[int, int], ...] | None
    dilation: Sizes | None
    stride: tuple[int | float, ...] | None
    output_size: Sizes
    output_formula: str
    is_window: bool
    size: Sizes | None = None
    jump: tuple[int | float, ...] | None = None
    start: Sizes | None = None
    effective_padding: Sizes | None = None
    coverage: float | None = None
    center_share: float | None = None
    corner_share: float | None = None
    formula: str = "unsupported"
    status: Status = "unsupported"


@dataclass(frozen=True)
class Extent:
    """What the units of a tensor see along one axis, in pixels of the input.

    Attributes:
        touched: bit i is set if pixel ``lo + i`` is touched; None where it is not worked out.
    """

    jump: int | Fraction = 1
    lo: int | Fraction = 0
    hi: int | Fraction = 0
    touched: int | None = 1

    def behind(self, taken: Footprint) -> "Extent":
        """The extent of a layer whose units take this footprint of ours."""
        lo = self.lo + taken.first * self.jump
        hi = self.hi + taken.last * self.jump
        touched = None
        if self.touched is not None and taken.is_exact and hi - lo < LARGEST:
            touched, taps = self.touched, 1
            while taps < taken.kernel_size:  # twice as many at each turn
                more = min(taps, taken.kernel_size - taps)
                touched |= touched << int(more * taken.dilation * self.jump)
                taps += more
        return Extent(self.jump * taken.stride, lo, hi, touched)

    @property
    def first(self) -> int:
        """The first pixel that unit 0 sees."""
        return ceil(self.lo)

    @property
    def size(self) -> int:
        """Pixels from first to last, the most that fit in where only a bound is known."""
        return floor(self.hi - self.lo) + 1

    def share(self, unit: int, pixels: int) -> float:
        """The share of the axis' pixels that lie inside the field of this unit."""
        first, last = ceil(self.lo + unit * self.jump), floor(self.hi + unit * self.jump)
        return max(0, min(last, pixels - 1) - max(first, 0) + 1) / pixels


@dataclass(frozen=True)
class _View:
    """What is known of a tensor: its units per axis, and what they see of the input.

    Attributes:
        units: one each along axes that were flattened into features.
        extents: None behind a layer that has no rule here.
        reaches: of every unit along each axis; None where they are too many.
        is_joined: whether a layer on the way joined all positions into one unit.
    """

    units: Sizes
    extents: tuple[Extent, ...] | None
    reaches: tuple[list[Reach] | None, ...]
    is_exact: bool = True
    is_joined: bool = False

    def behind(self, layer: Layer, taken: tuple[Footprint, ...]) -> "_View":
        units = tuple(1 for _ in self.units)
        if not isinstance(layer.operation, Flatten) and len(layer.output_shape) > 1:
            units = layer.output_shape[1:]
        extents, reaches = self.extents, self.reaches
        if isinstance(layer.operation, Unsupported):
            extents = None
        elif extents is not None and taken:
            extents = tuple(one.behind(axis) for one, axis in zip(extents, taken, strict=True))
            reaches = tuple(map(_reach_behind, reaches, taken, units))
        joins = isinstance(layer.operation, Flatten | AdaptivePool) and prod(units) == 1
        return _View(
            units,
            extents,
            reaches,
            self.is_exact and all(axis.is_exact for axis in taken),
            self.is_joined or joins,
        )


def receptive_fields(graph: LayerGraph) -> tuple[ReceptiveField, ...]:
    """The receptive field of every layer, in the order they run.

    A layer without a rule here makes its own row and all behind it ``unsupported``. A norm counts
    as acting on each pixel by itself: the statistics it may take over an image are not followed.

    Raises:
        BadInput: strides multiply beyond all measure.
    """
    pixels = graph.input_shape[1:]
    reaches: list[list[Reach]] = [[(i, i) for i in range(n)] for n in pixels]
    view = _View(pixels, tuple(Extent() for _ in pixels), tuple(reaches))
    rows = []
    for layer in graph.layers:
        taken = footprints(layer.operation, view.units)
        behind = view.behind(layer, taken)
        if behind.extents and max(extent.jump for extent in behind.extents) > LARGEST_JUMP:
            raise BadInput(
                f"{graph.network}: {layer.label}: expected a jump of at most 2**62 pixels"
            )
        rows.append(_row(layer, taken, view, behind, pixels))
        view = behind
    return tuple(rows)


def _row(
    layer: Layer, taken: tuple[Footprint, ...], before: _View, view: _View, pixels: Sizes
) -> ReceptiveField:
    pads = tuple(axis.padding for axis in taken)
    row = ReceptiveField(
        name=layer.name,
        path=layer.path,
        input_size=before.units,
        kernel_size=tuple(axis.kernel_size for axis in taken) or None,
        padding=(tuple(a for a, _ in pads) if all(a == b for a, b in pads) else pads) or None,
        dilation=tuple(axis.dilation for axis in taken) or None,
        stride=tuple(_number(axis.stride) for axis in taken) or None,
        output_size=view.units,
        output_formula=output_formula(layer.operation, taken, before.units, view.units),
        is_window=bool(taken) or isinstance(layer.operation, Unsupported),
    )
    if view.extents is None or before.extents is None:
        return row
    sizes_in = tuple(extent.size for extent in before.extents)
    sizes = tuple(extent.size for extent in view.extents)
    jumps_in = tuple(_number(extent.jump) for extent in before.extents)
    return replace(
        row,
        size=sizes,
        jump=tuple(_number(extent.jump) for extent in view.extents),
        start=tuple(extent.first for extent in view.extents),
        effective_padding=tuple(-extent.first for extent in view.extents),
        coverage=_coverage(view.extents),
        center_share=_share(view.extents, [(n - 1) // 2 for n in view.units], pixels),
        corner_share=_share(view.extents, [0 for _ in view.units], pixels),
        formula=size_formula(taken, sizes_in, jumps_in, sizes),
        status=_status(view, pixels),
    )


def _coverage(extents: tuple[Extent, ...]) -> float | None:
    touched = [extent.touched.bit_count() for extent in extents if extent.touched is not None]
    if len(touched) < len(extents):
        return None
    return prod(touched) / prod(extent.size for extent in extents)


def _status(view: _View, pixels: Sizes) -> Status:
    if not view.is_exact:
        return "bound"
    whole = [(0, n - 1) for n in pixels]
    sees_all = [reach and reach[0] for reach in view.reaches] == whole
    return "whole" if view.is_joined and sees_all else "exact"


def _share(extents: tuple[Extent, ...], unit: Sequence[int], pixels: Sizes) -> float:
    return prod(one.share(u, n) for one, u, n in zip(extents, unit, pixels, strict=True))


def _reach_behind(reach: list[Reach] | None, taken: Footprint, units: int) -> list[Reach] | None:
    """What each unit of a layer can see, from what the units it takes can see."""
    if reach is None or units * taken.kernel_size > LARGEST_REACH:
        return None
    behind: list[Reach] = []
    for unit in range(units):
        seen = [seen for v in taken.taken_by(unit, len(reach)) if (seen := reach[v])]
        behind.append((min(a for a, _ in seen), max(b for _, b in seen)) if seen else None)
    return behind


def _number(value: int | Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
