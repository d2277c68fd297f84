"""Merging: what values see that are put together of several tensors, added or side by side."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial, reduce
from math import prod
from operator import add

from mnistops.analysis.fields.extent import Extent
from mnistops.analysis.fields.grid import Grid, combined
from mnistops.analysis.fields.grid import concatenated as end_to_end
from mnistops.analysis.fields.layout import Factor, Layout
from mnistops.analysis.fields.reach import Reach, laid_end_to_end
from mnistops.analysis.fields.sight import Part, Sight, Trace, all_of
from mnistops.analysis.window import Shape, Sizes

# Values told apart by channel, at most.
MOST_LABELS = 1 << 14


def put_together(sights: Sequence[Sight], given: Shape, is_product: bool) -> Sight:
    """Tensors broadcast to one shape, value by value.

    In a product, a tensor that is the same in all positions is a gate: it is left out.
    """
    ranked = [_of_rank(sight, len(given)) for sight in sights]
    is_gated = any(sight.is_gated for sight in sights)
    if is_product:
        is_gate = gates(ranked)
        is_gated |= any(is_gate)
        ranked = [sight for sight, gate in zip(ranked, is_gate, strict=True) if not gate]
    aligned, layout = _aligned(ranked, given)
    offsets = _offsets(ranked)
    if all(len(sight.parts) == 1 for sight in aligned):
        together = replace(aligned[0], parts=(all_of(s.parts[0] for s in aligned),))
    else:
        together = reduce(_both, aligned)
    return replace(
        together,
        shape=given,
        layout=layout,
        is_joined=any(sight.is_joined for sight in ranked),
        is_gated=is_gated,
        is_partial=any(sight.is_partial for sight in ranked),
        offsets=offsets,
    )


def gates(factors: Sequence[Sight | None]) -> list[bool]:
    """Which factors of a product are the same in all positions, beside one that is not."""
    if not any(sight and sight.layout.varies() for sight in factors):
        return [False] * len(factors)
    return [bool(s and s.is_joined and not s.layout.varies()) for s in factors]


def concatenated(
    sights: Sequence[Sight], dim: int, parts: Sequence[int | None], given: Shape
) -> Sight:
    """Tensors one after another along a dimension.

    Args:
        parts: the size of each part that sees nothing of the input; None for one that is given.
    """
    if any(sight.layout.axes(dim) or sight.varies_along(dim) for sight in sights):
        return _lengthened(sights, dim, parts, given)
    like = [(*given[:dim], sight.shape[dim], *given[dim + 1 :]) for sight in sights]
    shapes = like[0] if len(set(like)) == 1 else given
    aligned, layout = _aligned(sights, shapes)
    pieces, sizes = _pieces(aligned, dim, parts)
    every: list[Part] = []
    grids = []
    for sight in pieces:
        grids.append(sight.labels.mapped(partial(add, len(every))))
        every += sight.parts
    distinct = list(dict.fromkeys(every))
    labels = Grid.of(0, len(given))
    if len(distinct) > 1:
        joined = end_to_end(grids, dim, sizes)
        labels = joined.mapped(lambda label: distinct.index(every[label]))
    result = replace(
        aligned[0],
        shape=given,
        layout=layout.replaced(dim, (None, given[dim])),
        labels=labels,
        parts=tuple(distinct),
        is_joined=any(sight.is_joined for sight in sights),
        is_gated=any(sight.is_gated for sight in sights),
        is_partial=any(sight.is_partial for sight in sights),
        offsets=_offsets(sights),
    )
    return result if prod(labels.shape) <= MOST_LABELS else replace(result.mixed(), is_partial=True)


def _lengthened(
    sights: Sequence[Sight], dim: int, parts: Sequence[int | None], given: Shape
) -> Sight:
    """Positions added to positions: what each reaches is known, but no rule for it."""
    axes = {axis for sight in sights for axis in sight.layout.axes(dim)}
    mixed = [sight.mixed() for sight in sights]
    aligned, layout = _aligned(mixed, None)
    pieces, sizes = _pieces(aligned, dim, parts)
    traces = []
    for axis in range(len(aligned[0].parts[0].traces)):
        each = [sight.parts[0].traces[axis] for sight in pieces]
        reach = laid_end_to_end([trace.reach for trace in each], dim, sizes)
        kept = all_of(sight.parts[0] for sight in aligned).traces[axis].terms
        traces.append(Trace(None if axis in axes else kept, reach))
    return replace(
        aligned[0],
        shape=given,
        layout=layout.replaced(dim, (None, given[dim])),
        parts=(Part(tuple(traces), is_separable=False),),
        is_joined=any(sight.is_joined for sight in sights),
        is_gated=any(sight.is_gated for sight in sights),
        is_partial=any(s.is_partial or len(s.parts) > 1 for s in sights),
    )


def _pieces(
    sights: Sequence[Sight], dim: int, parts: Sequence[int | None]
) -> tuple[list[Sight], Sizes]:
    """Every part in its place, with its size: those that are given, and those that see nothing."""
    waiting, blind = iter(sights), _blind(sights[0])
    pieces = [next(waiting) if size is None else blind for size in parts]
    sizes = [p.shape[dim] if n is None else n for p, n in zip(pieces, parts, strict=True)]
    return pieces, tuple(sizes)


def _of_rank(sight: Sight, ndim: int) -> Sight:
    more = (1,) * (ndim - len(sight.shape))
    if not more:
        return sight
    return replace(
        sight.traced(lambda _, t: Trace(t.terms, t.reach and t.reach.of_rank(ndim))),
        shape=more + sight.shape,
        layout=sight.layout.of_rank(ndim),
        labels=Grid(more + sight.labels.shape, sight.labels.values),
    )


def _blind(sight: Sight) -> Sight:
    """Values that see nothing of the input."""
    nothing: Grid[tuple[int, int] | None] = Grid.of(None, len(sight.shape))
    trace = Trace((Extent((None,), 0),), Reach((nothing,)))
    return replace(
        sight,
        labels=Grid.of(0, len(sight.shape)),
        parts=(Part(tuple(trace for _ in sight.parts[0].traces)),),
    )


def _aligned(sights: Sequence[Sight], given: Shape | None) -> tuple[list[Sight], Layout]:
    """Tensors of one rank, each axis in one dimension of all of them, and that layout.

    Where a tensor has an axis joined that others have not, all its positions see the same; where
    two have an axis in different dimensions, fields along it follow no rule.
    """
    ndim = len(sights[0].shape)
    dims: list[tuple[Factor, ...]] = []
    lost: set[int] = set()
    for dim in range(ndim):
        choices = {s.layout.dims[dim] for s in sights if s.layout.axes(dim)}
        wide = {c for c in choices if prod(n for _, n in c) > 1} or choices
        if len(wide) > 1:
            lost |= {axis for choice in wide for axis, _ in choice if axis is not None}
        size = given[dim] if given else max(s.shape[dim] for s in sights)
        chosen = wide.pop() if len(wide) == 1 else ((None, size),)
        dims.append(chosen if prod(n for _, n in chosen) == size else ((None, size),))
    layout = Layout(tuple(dims))
    for sight in sights:
        for dim in range(ndim):
            lost |= {
                axis
                for axis in sight.layout.axes(dim)
                if sight.layout.units(axis) > 1 and layout.where(axis) != dim
            }
    seen_twice = [a for d in range(ndim) for a in layout.axes(d)]
    lost |= {axis for axis in seen_twice if seen_twice.count(axis) > 1}
    for axis in lost:
        layout = Layout(
            tuple(tuple((None if a == axis else a, n) for a, n in f) for f in layout.dims)
        )
    jumps = enumerate(_jumps(sights))
    single = {axis for axis, its in jumps if len(its) > 1 and layout.units(axis) == 1}
    return [_adapted(sight, layout, lost, single) for sight in sights], layout


def _jumps(sights: Sequence[Sight]) -> list[set[Fraction]]:
    """The jumps that there are along each axis."""
    axes = range(len(sights[0].parts[0].traces))
    parts = [part for sight in sights for part in sight.parts]
    return [{t.jump for part in parts for t in part.traces[axis].terms or ()} for axis in axes]


def _adapted(sight: Sight, layout: Layout, lost: set[int], single: set[int]) -> Sight:
    """A tensor as one of several that are put together.

    Args:
        lost: axes along which fields follow no rule then.
        single: axes along which there is one unit left, so that no jump needs to be kept.
    """

    def adapt(axis: int, trace: Trace) -> Trace:
        if axis in lost:
            return Trace(None, trace.reach)
        if axis in single or (sight.layout.units(axis) == 1 and layout.units(axis) > 1):
            return trace.constant()
        return trace

    return sight.traced(adapt)


def _both(first: Sight, second: Sight) -> Sight:
    pairs: Grid[tuple[int, int]] = combined(
        (first.labels.mapped(lambda a: (a, -1)), second.labels.mapped(lambda b: (-1, b))),
        lambda a, b: (a[0], b[1]),
    )
    kinds = list(dict.fromkeys(pairs.values))
    parts = [first.parts[a].joined_with(second.parts[b]) for a, b in kinds]
    distinct = list(dict.fromkeys(parts))
    labels = pairs.mapped(lambda pair: distinct.index(parts[kinds.index(pair)]))
    if len(distinct) == 1:
        labels = Grid.of(0, len(first.shape))
    return replace(first, labels=labels, parts=tuple(distinct))


def _offsets(sights: Sequence[Sight]) -> tuple[Fraction | None, ...]:
    """Per axis the most that centres lie apart; None where jumps differ or nothing is known."""
    offsets: list[Fraction | None] = []
    for axis in range(len(sights[0].parts[0].traces)):
        terms = [
            term
            for sight in sights
            if sight.layout.units(axis) > 1
            for part in sight.parts
            for term in part.traces[axis].terms or (None,)
        ]
        fields = [term.at(0) if term is not None else None for term in terms]
        jumps = {term.jump for term in terms if term is not None}
        centers = [Fraction(f.lo + f.hi, 2) for f in fields if f is not None]
        known = len(jumps) == 1 and len(centers) == len(fields)
        offsets.append(max(centers) - min(centers) if known else Fraction(0) if not terms else None)
    return tuple(offsets)
