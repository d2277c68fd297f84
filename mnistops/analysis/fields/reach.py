"""Reach: the pixels, along one axis of the input, that each value of a tensor can really see.

It can lie well inside the field of an `Extent`: a unit that a layer made up as padding sees
nothing, though the field counts what a true unit in its place would have seen. And it is known for
every order of values, windows of attention and all, where an extent is not.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from mnistops.analysis.fields.footprint import Footprint
from mnistops.analysis.fields.grid import Grid, combined, concatenated
from mnistops.analysis.window import Shape, Sizes

# Beyond so many values it is not followed what each can reach.
LARGEST = 1 << 17

Span = tuple[int, int] | None
"""First and last pixel; None for none."""


def either(first: Span, second: Span) -> Span:
    """The pixels from the first to the last that one of both reaches."""
    if first is None or second is None or first == second:
        return first or second
    return (min(first[0], second[0]), max(first[1], second[1]))


@dataclass(frozen=True)
class Reach:
    """What each value reaches: the hull of what all the grids say in its place.

    Attributes:
        grids: of different shapes, so that an outer sum of rows and columns need not be laid out.
    """

    grids: tuple[Grid[Span], ...]

    @classmethod
    def of_axis(cls, shape: Shape, dim: int) -> "Reach":
        """That of the input itself along the axis in this dimension."""
        sizes = tuple(n if d == dim else 1 for d, n in enumerate(shape))
        return cls((Grid(sizes, tuple((i, i) for i in range(shape[dim]))),))

    def each(self, change: Callable[[Grid[Span]], Grid[Span]]) -> "Reach":
        """Every grid changed."""
        return merged(map(change, self.grids))

    def behind(self, dim: int, taken: Footprint, units: int, given: int) -> "Reach | None":
        """What a layer's values reach whose units take this footprint of ours along ``dim``."""
        if max(map(len, taken.taps)) * given > LARGEST:
            return None
        units_taken = [taken.taken_by(unit, units) for unit in range(given)]

        def slide(line: list[Span]) -> Sequence[Span]:
            if len(line) == 1 and all(units_taken):
                return line  # the same everywhere, and there is no unit that takes padding alone
            line = line * units if len(line) == 1 else line
            return [_hull(line[v] for v in units) for units in units_taken]

        return self.each(lambda grid: grid.along(dim, slide))

    def joined(self, dims: Iterable[int]) -> "Reach":
        """Every value reaching what all along these dimensions do."""

        def join(grid: Grid[Span]) -> Grid[Span]:
            for dim in dims:
                if grid.shape[dim] > 1:
                    grid = grid.along(dim, lambda line: [_hull(line)])
            return grid

        dims = tuple(dims)
        return self.each(join)

    def grouped(self, dim: int, groups: int, given: int) -> "Reach":
        """Values along ``dim`` taken group by group, so many values made of each group."""

        def take(line: list[Span]) -> Sequence[Span]:
            size = len(line) // groups
            hulls = [_hull(line[g * size : (g + 1) * size]) for g in range(groups)]
            return [hull for hull in hulls for _ in range(given)]

        if groups == 1:
            return self.joined((dim,))
        return self.each(lambda grid: grid.along(dim, take) if grid.shape[dim] > 1 else grid)

    def without(self, dims: Sizes) -> "Reach":
        """Dimensions of size 1 dropped."""

        def drop(grid: Grid[Span]) -> Grid[Span]:
            kept = tuple(n for dim, n in enumerate(grid.shape) if dim not in dims)
            return Grid(kept, grid.values)

        return self.each(drop)

    def permuted(self, dims: Sizes) -> "Reach":
        """Dimensions in another order."""
        return self.each(lambda grid: grid.permuted(dims))

    def reshaped(self, old: Shape, new: Shape) -> "Reach | None":
        """For a tensor of shape ``old`` seen as one of shape ``new``; None if that is too large."""
        if any(len(grid.values) > 1 for grid in self.grids) and prod(new) > 0:
            reach = self.each(lambda grid: grid.reshaped(old, new))
            return reach if all(len(grid.values) <= LARGEST for grid in reach.grids) else None
        return self.each(lambda grid: Grid.of(grid.values[0], len(new)))

    def of_rank(self, ndim: int) -> "Reach":
        """With dimensions of size 1 in front, as torch broadcasts."""
        return self.each(
            lambda grid: Grid((1,) * (ndim - len(grid.shape)) + grid.shape, grid.values)
        )

    @cached_property
    def spans(self) -> frozenset[Span] | None:
        """All that there are; None where they are too many."""
        shape = tuple(map(max, *(grid.shape for grid in self.grids), self.grids[0].shape))
        if prod(shape) > LARGEST:
            return None
        return frozenset(combined(self.grids, either).values)

    def at(self, index: Sequence[int]) -> Span:
        """What the value in this place reaches."""
        return _hull(grid.at(index) for grid in self.grids)


def merged(grids: Iterable[Grid[Span]]) -> Reach:
    """The reach that all of these grids say, those of one shape put into one."""
    by_shape: dict[Shape, Grid[Span]] = {}
    for grid in grids:
        if grid.shape in by_shape:
            grid = combined((by_shape[grid.shape], grid), either)
        by_shape[grid.shape] = grid
    return Reach(tuple(by_shape.values()))


def union(reaches: Iterable["Reach | None"]) -> "Reach | None":
    """What values reach that take all of these; None where one is not known."""
    known = list(reaches)
    if any(reach is None for reach in known):
        return None
    return merged(grid for reach in known if reach is not None for grid in reach.grids)


def laid_end_to_end(reaches: Sequence["Reach | None"], dim: int, sizes: Sizes) -> "Reach | None":
    """Tensors one after another along a dimension."""
    known = [reach for reach in reaches if reach is not None]
    shapes = [grid.shape for reach in known for grid in reach.grids]
    widest = [max(column) for column in zip(*shapes, strict=True)]
    if len(known) < len(reaches) or prod(widest) // widest[dim] * sum(sizes) > LARGEST:
        return None
    grids = [combined(reach.grids, either) for reach in known]
    return Reach((concatenated(grids, dim, sizes),))


def _hull(spans: Iterable[Span]) -> Span:
    result: Span = None
    for span in spans:
        result = either(result, span)
    return result
