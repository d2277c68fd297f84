"""LayerGraph to receptive fields: which pixels of the input each unit of each layer can see.

The arithmetic stands in `mnistops.analysis.fields`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

from mnistops.analysis.fields.footprint import Footprint, footprints, sliding
from mnistops.analysis.fields.formulas import output_formula, size_formula
from mnistops.analysis.fields.propagation import behind
from mnistops.analysis.fields.reach import Span
from mnistops.analysis.fields.seen import Number, Seen, Status, number, number_or_none, units_of
from mnistops.analysis.fields.sight import Sight
from mnistops.analysis.graph import IMAGES, INPUT, Layer, LayerGraph
from mnistops.analysis.operations import Flatten, Join, Linear, MatMul, Reduce, Unsupported
from mnistops.analysis.window import Sizes
from mnistops.errors import BadInput, UsageError

LARGEST_JUMP = 1 << 62


@dataclass(frozen=True)
class ReceptiveField:
    """What the units of one layer see; per axis (height, width), in pixels of the input.

    Attributes:
        padding: per axis, or (before, after) per axis if they differ anywhere.
        size: pixels from the first to the last that one unit sees, before clipping to the input;
            where units differ, that of the unit that sees most.
        least_size: that of the unit that sees least.
        jump: pixels from one unit's field to the next one's (the effective stride), in the mean.
        start: the first pixel that unit 0 sees; negative where it lies in the padding.
        effective_padding: ``-start``.
        coverage: the share, 0 to 1, of the pixels inside the field that are touched at all.
        center_field: first and last pixel of the centre unit's field, once clipped to the input.
        corner_field: the same of unit 0, which sees the corner.
        center_share: the share, 0 to 1, of the input inside the clipped field of the centre unit.
        corner_share: the same for unit 0.
        unit_field: first and last pixel of the field of the unit that was asked for, not clipped;
            None where there is no such unit.
        misaligned: pixels that the centres of the tensors lie apart which the layer puts together;
            0 where they agree, None where that is not known; None in all where it takes only one.
        is_gated: whether units are also multiplied by numbers that see the input as a whole, as by
            squeeze and excitation; the field is that of the other factor.
        formula: ``size_in + (kernel-1)*dilation*jump_in = size``, in numbers.
        output_formula: the output size, in numbers.
        status: ``exact``; ``bound`` (fields differ from unit to unit: each lies inside this one);
            ``whole`` (each unit really sees from corner to corner, through a layer that joins
            positions); ``unsupported`` (a layer on the way has no rule here, and nothing is
            guessed: the values are None).
        is_window: whether the field, the size or the status can differ from those of what it takes.
    """

    name: str
    path: str
    is_module: bool
    input_size: Sizes
    kernel_size: Sizes | None
    padding: tuple[int, ...] | tuple[tuple[int, int], ...] | None
    dilation: Sizes | None
    stride: tuple[Number, ...] | None
    output_size: Sizes
    output_formula: str
    is_window: bool
    size: Sizes | None = None
    least_size: Sizes | None = None
    jump: tuple[Number, ...] | None = None
    start: Sizes | None = None
    effective_padding: Sizes | None = None
    coverage: float | None = None
    center_field: tuple[Span, ...] | None = None
    corner_field: tuple[Span, ...] | None = None
    center_share: float | None = None
    corner_share: float | None = None
    unit_field: tuple[Span, ...] | None = None
    misaligned: tuple[Number | None, ...] | None = None
    is_gated: bool = False
    formula: str = "unsupported"
    status: Status = "unsupported"


def receptive_fields(graph: LayerGraph, unit: Sizes = ()) -> tuple[ReceptiveField, ...]:
    """The receptive field of every layer, in the order they run.

    A layer without a rule here makes its own row and all behind it ``unsupported``.

    Args:
        unit: one per axis: of each layer that has it, the field of this unit is told too.

    Raises:
        UsageError: no layer has this unit.
        BadInput: strides multiply beyond all measure.
    """
    pixels = graph.input_shape[1:]
    if unit and len(unit) != len(pixels):
        raise UsageError(
            f"--unit: expected {len(pixels)} numbers, as the input has axes, got {len(unit)}"
        )
    seen = sights(graph)
    known: dict[int, Seen] = {}

    def look(place: int) -> Seen | None:
        sight = seen[place]
        if sight is not None and place not in known:
            known[place] = Seen.by(sight, pixels)
        return known.get(place)

    rows = []
    for places in graph.calls():
        steps = [graph.layers[place] for place in places]
        outside = [i for step in steps for i in step.inputs if i not in places]
        earlier = [look(i) for i in outside]
        taken = [_widest([seen[i] for i in step.inputs]) for step in steps]
        rows.append(_row(steps, taken, look(places[-1]), earlier, unit))
    if unit and not any(row.unit_field for row in rows):
        raise UsageError(
            f"--unit {','.join(map(str, unit))}: expected a unit that a layer has, got none",
            "units are counted from 0,0, at the top left",
        )
    return tuple(rows)


def sights(graph: LayerGraph) -> dict[int, Sight | None]:
    """What the values of the network's input and of every layer see; None where no rule says.

    Raises:
        BadInput: strides multiply beyond all measure.
    """
    seen: dict[int, Sight | None] = {INPUT: Sight.of_input((IMAGES, *graph.input_shape))}
    for place, layer in enumerate(graph.layers):
        taken = [sight for i in layer.inputs if (sight := seen[i]) is not None]
        sight = behind(layer.operation, taken) if len(taken) == len(layer.inputs) else None
        if sight is not None and _largest_jump(sight) > LARGEST_JUMP:
            raise BadInput(
                f"{graph.network}: {layer.label}: expected a jump of at most 2**62 pixels"
            )
        seen[place] = sight
    return seen


def _largest_jump(sight: Sight) -> Fraction:
    terms = (t for part in sight.parts for trace in part.traces for t in trace.terms or ())
    return max((abs(term.jump) for term in terms), default=Fraction(0))


def _row(
    steps: Sequence[Layer],
    taken: Sequence[Sight | None],
    seen: Seen | None,
    earlier: Sequence[Seen | None],
    unit: Sizes,
) -> ReceptiveField:
    """The row of one call.

    Args:
        taken: what each step takes, of several the one with the most units.
        seen: what the call gives.
        earlier: all that the call takes from outside.
    """
    windows = [
        (step, before, axes)
        for step, before in zip(steps, taken, strict=True)
        if before is not None and (axes := _geometry(step, before))
    ]
    # Of a call in several steps, the one that has a window, if it is one.
    step, before, axes = windows[0] if len(windows) == 1 else (steps[-1], taken[-1], ())
    units_in = units_of(before) if before else steps[0].input_shape[1:]
    row = _unseen(steps[-1], axes, units_in)
    if seen is None:
        return replace(row, is_window=bool(windows) or _has_no_rule(steps))
    units, known = units_of(seen.sight), [one for one in earlier if one is not None]
    is_window = bool(windows) or any(seen.differs(one) for one in known)
    return replace(
        row,
        **seen.columns(unit),
        output_size=units,
        output_formula=output_formula(step.operation, axes, units_in, units),
        misaligned=tuple(map(number_or_none, seen.sight.offsets)) or None,
        is_gated=seen.sight.is_gated,
        is_window=is_window,
        formula=_formula(seen, known, axes) if is_window else "unchanged",
        status=seen.status,
    )


def _unseen(layer: Layer, axes: Sequence[Footprint], units_in: Sizes) -> ReceptiveField:
    """A row without what is seen."""
    pads = tuple(axis.padding for axis in axes)
    return ReceptiveField(
        name=layer.name,
        path=layer.path,
        is_module=layer.is_module,
        input_size=units_in,
        kernel_size=tuple(axis.kernel_size or 1 for axis in axes) or None,
        padding=(tuple(a for a, _ in pads) if all(a == b for a, b in pads) else pads) or None,
        dilation=tuple(axis.dilation for axis in axes) or None,
        stride=tuple(number(axis.stride) for axis in axes) or None,
        output_size=layer.output_shape[1:],
        output_formula="unsupported",
        is_window=False,
    )


def _has_no_rule(steps: Sequence[Layer]) -> bool:
    return any(isinstance(step.operation, Unsupported) for step in steps)


def _formula(seen: Seen, earlier: Sequence[Seen], axes: Sequence[Footprint]) -> str:
    """The field in numbers."""
    if len(axes) == len(seen.pixels) and seen.sizes and earlier and earlier[0].sizes:
        sizes_in = tuple(most for _, most in earlier[0].sizes)
        return size_formula(axes, sizes_in, earlier[0].jumps, seen.sizes)
    # Of a product with a gate, the field is that of the other factor.
    spatial = [one for one in earlier if one.sight.layout.varies()]
    return seen.union_of(spatial if seen.sight.is_gated and spatial else earlier)


def _widest(sights: Sequence[Sight | None]) -> Sight | None:
    known = [sight for sight in sights if sight is not None]
    if len(known) < len(sights):
        return None
    return max(known, key=lambda sight: prod(units_of(sight)))


def _geometry(layer: Layer, before: Sight) -> tuple[Footprint, ...]:
    """The layer's window along each axis; empty for one that takes each unit in its own place."""
    axes = range(len(before.parts[0].traces))
    if isinstance(layer.operation, Linear):
        dims: tuple[int, ...] = (len(before.shape) - 1,)
    elif isinstance(layer.operation, Reduce | Join):
        dims = layer.operation.dims
    elif isinstance(layer.operation, Flatten):
        dims = tuple(range(1, len(before.shape)))
    elif isinstance(layer.operation, MatMul):
        return ()
    else:
        taken = footprints(layer.operation, before.shape)
        by_axis = {before.layout.only_axis(dim): taken[dim] for dim in taken}
        if set(by_axis) & set(axes):
            return tuple(by_axis.get(axis, sliding(1)) for axis in axes)
        return ()
    joined = {axis for dim in dims for axis in before.layout.axes(dim)}
    units = [before.layout.units(axis) if axis in joined else 1 for axis in axes]
    if set(units) == {1} and not isinstance(layer.operation, Linear):
        return ()
    return tuple(map(sliding, units))
