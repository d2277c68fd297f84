"""Propagation: what a layer's values see, from what the values that it takes see."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import product
from math import prod

from mnistops.analysis.fields.extent import Extent
from mnistops.analysis.fields.footprint import Footprint, footprints, sliding
from mnistops.analysis.fields.grid import Grid
from mnistops.analysis.fields.merging import concatenated, put_together
from mnistops.analysis.fields.sight import Sight, Trace, all_of
from mnistops.analysis.operations import (
    AdaptivePool,
    Convolution,
    Dropout,
    Flatten,
    Identity,
    Join,
    Linear,
    MatMul,
    Operation,
    Pointwise,
    Reduce,
    TransposedConvolution,
    Unsupported,
)
from mnistops.analysis.rearrangements import (
    Concatenate,
    Expand,
    Permute,
    PixelShuffle,
    Reshape,
    Select,
)
from mnistops.analysis.window import Shape, Sizes


def behind(operation: Operation, sights: Sequence[Sight]) -> Sight | None:
    """What an operation's values see that takes these tensors; None if there is no rule for it.

    A norm counts as acting on each pixel by itself: the statistics it may take over an image are
    not followed.
    """
    first = replace(sights[0], offsets=())
    given = operation.output_shape(*(sight.shape for sight in sights))
    match operation:
        case Unsupported():
            return None
        case Dropout() | Identity():
            return first
        case Pointwise(multiplies=multiplies):
            return put_together(sights, given, multiplies)
        case Concatenate(dim=dim, parts=parts):
            return concatenated(sights, dim, parts, given)
        case MatMul():
            return _multiplied(operation, sights, given)
        case Reshape() | Permute() | Expand():
            return _rearranged(operation, first, given)
        case Flatten() | Linear() | Join() | Reduce():
            return _gathered(operation, first, given)
        case _:
            return _slid(operation, first, given)


def _rearranged(operation: Reshape | Permute | Expand, sight: Sight, given: Shape) -> Sight:
    if isinstance(operation, Permute):
        return _permuted(sight, operation.dims)
    if isinstance(operation, Expand):
        return put_together([sight], given, is_product=False)
    return _reshaped(sight, given)


def _gathered(operation: Flatten | Linear | Join | Reduce, sight: Sight, given: Shape) -> Sight:
    """All values along some dimensions taken together."""
    match operation:
        case Flatten():
            dims = tuple(range(1, len(sight.shape)))
            return _reshaped(_joined(sight.mixed(), dims, keeps_units=False), given)
        case Linear():
            last = len(given) - 1
            joined = _joined(sight, (last,), keeps_units=False)
            layout = joined.layout.replaced(last, (None, given[last]))
            return replace(joined, shape=given, layout=layout)
        case Join(dims=dims):
            return _joined(sight, dims, keeps_units=True)
        case Reduce(dims=dims, keeps_dims=keeps_dims):
            reduced = _joined(sight, dims, keeps_units=False)
            return reduced if keeps_dims else _dropped(reduced, dims)


def _slid(operation: Operation, sight: Sight, given: Shape) -> Sight:
    before, units = sight.shape, sight.layout
    if isinstance(operation, Convolution | TransposedConvolution):
        sight = _convolved(operation, sight, given[1])
    elif isinstance(operation, PixelShuffle) and operation.is_reverse:
        return _unshuffled(operation.factor, sight, given)
    elif isinstance(operation, PixelShuffle):
        # Neighbouring pixels come from different channels.
        is_partial = sight.is_partial or len(sight.parts) > 1
        sight = _joined(sight.mixed(), (1,), keeps_units=False)
        layout = sight.layout.replaced(1, (None, given[1]))
        sight = replace(sight, layout=layout, is_partial=is_partial)
    for dim, taken in footprints(operation, before).items():
        sight = _along(sight, dim, taken, given[dim], isinstance(operation, Select))
    pools_all = isinstance(operation, AdaptivePool) and prod(given[2:]) == 1
    return replace(sight, shape=given, is_joined=sight.is_joined or (pools_all and units.varies()))


def _unshuffled(factor: int, sight: Sight, given: Shape) -> Sight:
    """Pixels to channels: channel ``c*r*r + dy*r + dx`` takes row dy, column dx of each square."""
    sight = sight.mixed()
    pieces = []
    for offsets in product(range(factor), repeat=2):
        piece = sight
        for dim, offset in zip((2, 3), offsets, strict=True):
            every = Footprint(((offset,),), factor, 1, factor)
            piece = _along(piece, dim, every, given[dim], is_selection=False)
        pieces.append(piece)
    labels = tuple(channel % factor**2 for channel in range(given[1]))
    return _relabelled(
        replace(
            pieces[0],
            shape=given,
            layout=pieces[0].layout.replaced(1, (None, given[1])),
            labels=Grid((1, given[1], 1, 1), labels),
            parts=tuple(piece.parts[0] for piece in pieces),
        )
    )


def _along(sight: Sight, dim: int, taken: Footprint, given: int, is_selection: bool) -> Sight:
    if taken.changes_nothing and sight.shape[dim] == given:
        return sight
    axis, axes, units = sight.layout.only_axis(dim), sight.layout.axes(dim), sight.shape[dim]

    def slide(its_axis: int, trace: Trace) -> Trace:
        terms, reach = trace.terms, trace.reach
        if its_axis == axis:
            terms = _each(terms, lambda term: term.behind(taken))
        elif its_axis in axes:
            terms = None
        return Trace(terms, reach and reach.behind(dim, taken, units, given))

    labels = sight.labels
    if labels.shape[dim] > 1:
        if is_selection:
            labels = labels.along(
                dim, lambda line: [line[taken.virtual(u)[0]] for u in range(given)]
            )
        else:
            sight = sight.mixed()
            labels = sight.labels
    changed = replace(
        sight.traced(slide),
        shape=(*sight.shape[:dim], given, *sight.shape[dim + 1 :]),
        layout=sight.layout.replaced(dim, (axis, given)),
        labels=labels,
    )
    return changed if labels is sight.labels else _relabelled(changed)


def _convolved(
    operation: Convolution | TransposedConvolution, sight: Sight, channels: int
) -> Sight:
    """Each group of channels taken together."""
    taken, groups, axes = sight.shape[1], operation.groups, sight.layout.axes(1)
    if axes and groups == 1:
        sight = _joined(sight, (1,), keeps_units=False)

    def take(axis: int, trace: Trace) -> Trace:
        reach = trace.reach and trace.reach.grouped(1, groups, channels // groups)
        return Trace(None if axis in axes and groups > 1 else trace.terms, reach)

    sight = sight.traced(take)
    if groups == 1 or sight.labels.shape[1] == 1 or prod(sight.labels.shape) > taken:
        layout = sight.layout.replaced(1, (None, channels))
        return replace(sight.mixed(), layout=layout)
    line = sight.labels.values
    size = taken // groups
    members = [frozenset(line[g * size : (g + 1) * size]) for g in range(groups)]
    kinds = list(dict.fromkeys(members))
    labels = [kinds.index(m) for m in members for _ in range(channels // groups)]
    return _relabelled(
        replace(
            sight,
            layout=sight.layout.replaced(1, (None, channels)),
            labels=Grid(tuple(channels if n > 1 else 1 for n in sight.labels.shape), tuple(labels)),
            parts=tuple(all_of(sight.parts[label] for label in kind) for kind in kinds),
        )
    )


def _relabelled(sight: Sight) -> Sight:
    """Parts that no channel has any more left out."""
    used = list(dict.fromkeys(sight.labels.values))
    if len(used) == 1:
        labels = Grid.of(0, len(sight.shape))
        return replace(sight, labels=labels, parts=(sight.parts[used[0]],))
    return replace(
        sight,
        labels=sight.labels.mapped(used.index),
        parts=tuple(sight.parts[label] for label in used),
    )


def _joined(sight: Sight, dims: Sizes, keeps_units: bool) -> Sight:
    """All along these dimensions taken together, into one value or into as many as before."""
    axes = {axis for dim in dims for axis in sight.layout.axes(dim)}
    if any(sight.labels.shape[dim] > 1 for dim in dims):
        sight = sight.mixed()
    joins = any(
        grid.shape[dim] > 1
        for part in sight.parts
        for trace in part.traces
        for grid in (trace.reach.grids if trace.reach else ())
        for dim in dims
    )

    def join(axis: int, trace: Trace) -> Trace:
        if axis in axes:
            whole = sliding(sight.layout.units(axis))
            terms = _each(trace.terms, lambda term: term.behind(whole))
            trace = Trace(terms, trace.reach)
            trace = trace.constant() if keeps_units else trace
        return _reach_joined(trace, dims)

    layout = sight.layout
    for dim in dims:
        size = sight.shape[dim] if keeps_units else 1
        layout = layout.replaced(dim, *([(None, size)] if keeps_units else []))
    shape = tuple(
        1 if dim in dims and not keeps_units else size for dim, size in enumerate(sight.shape)
    )
    is_joined = sight.is_joined or joins
    return replace(sight.traced(join), shape=shape, layout=layout, is_joined=is_joined)


def _reach_joined(trace: Trace, dims: Sizes) -> Trace:
    return Trace(trace.terms, trace.reach and trace.reach.joined(dims))


def _reshaped(sight: Sight, given: Shape) -> Sight:
    layout, split = sight.layout.reshaped(given)

    def see(axis: int, trace: Trace) -> Trace:
        terms = None if axis in split else trace.terms
        return Trace(terms, trace.reach and trace.reach.reshaped(sight.shape, given))

    labels = sight.labels.reshaped(sight.shape, given)
    return replace(sight.traced(see), shape=given, layout=layout, labels=labels)


def _permuted(sight: Sight, dims: Sizes) -> Sight:
    return replace(
        sight.traced(lambda _, t: Trace(t.terms, t.reach and t.reach.permuted(dims))),
        shape=tuple(sight.shape[dim] for dim in dims),
        layout=sight.layout.permuted(dims),
        labels=sight.labels.permuted(dims),
    )


def _dropped(sight: Sight, dims: Sizes) -> Sight:
    kept = tuple(n for dim, n in enumerate(sight.shape) if dim not in dims)
    labels = sight.labels
    label_shape = tuple(n for dim, n in enumerate(labels.shape) if dim not in dims)
    return replace(
        sight.traced(lambda _, t: Trace(t.terms, t.reach and t.reach.without(dims))),
        shape=kept,
        layout=sight.layout.without(dims),
        labels=Grid(label_shape, labels.values),
    )


def _multiplied(operation: MatMul, sights: Sequence[Sight], given: Shape) -> Sight:
    """(B, I, K) by (B, K, J): (B, I, 1) and (B, 1, J) put together."""
    waiting, factors = iter(sights), []
    if operation.left is None:
        factors.append(_joined(next(waiting), (2,), keeps_units=False))
    if operation.right is None:
        factors.append(_joined(next(waiting), (1,), keeps_units=False))
    return put_together(factors, given, is_product=False)


def _each(
    terms: Iterable[Extent] | None, change: Callable[[Extent], Extent | None]
) -> tuple[Extent, ...] | None:
    """All terms changed; None if one of them is not followed."""
    changed = [] if terms is None else [change(term) for term in terms]
    known = tuple(term for term in changed if term is not None)
    return known if terms is not None and len(known) == len(changed) else None
