"""Sight: all that is known of what a tensor's values see of the input, layer by layer.

A tensor's values are told apart by their position along the axes of the input, and, where channels
of different origin stand side by side, by their channel. Two things are known of each position:
its field, as if every layer went on outside its input for ever (`Extent`), and the pixels that it
really reaches (`Reach`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, reduce

from mnistops.analysis.fields.extent import Extent, Field, hull
from mnistops.analysis.fields.grid import Grid
from mnistops.analysis.fields.layout import Layout
from mnistops.analysis.fields.reach import Reach, union
from mnistops.analysis.window import Shape


@dataclass(frozen=True)
class Trace:
    """What is seen along one axis.

    Attributes:
        terms: a unit sees what it sees by each of these; their jumps differ. None where fields
            follow no rule of position.
        reach: None where there are too many values to say it of each.
    """

    terms: tuple[Extent, ...] | None
    reach: Reach | None

    def at(self, unit: int) -> Field | None:
        """What one unit sees, by all terms; None for nothing, and where there is no rule."""
        return hull(term.at(unit) for term in self.terms or ())

    @property
    def is_plain(self) -> bool:
        """Whether all units' fields are alike."""
        return self.terms is not None and len(self.terms) == 1 and self.terms[0].is_plain

    def contains(self, other: "Trace") -> bool:
        """Whether each unit touches all that the other's touches."""
        if self.terms is None or other.terms is None:
            return False
        return all(any(mine.contains(its) for mine in self.terms) for its in other.terms)

    def constant(self) -> "Trace":
        """The one unit that is left, seen from many."""
        terms = self.terms and tuple(Extent((term.at(0),), 0) for term in self.terms)
        return Trace(terms, self.reach)


@dataclass(frozen=True)
class Part:
    """What some channels see, per axis.

    Attributes:
        is_separable: whether the pixels touched are rows and columns crossed.
        has_gaps: whether it was put together of parts of which one sees nothing in some places:
            a field may then be smaller than its axes show one by one.
    """

    traces: tuple[Trace, ...]
    is_separable: bool = True
    has_gaps: bool = False

    @property
    def is_blind_somewhere(self) -> bool:
        """Whether some units see nothing along an axis."""
        terms = [term for trace in self.traces for term in trace.terms or ()]
        return self.has_gaps or any(None in term.fields for term in terms)

    def joined_with(self, other: "Part") -> "Part":
        """What a unit sees that takes this part and the other one."""
        reaches = [
            union((mine.reach, its.reach))
            for mine, its in zip(self.traces, other.traces, strict=True)
        ]
        has_gaps = self.is_blind_somewhere or other.is_blind_somewhere
        for larger, smaller in ((self, other), (other, self)):
            pairs = zip(larger.traces, smaller.traces, strict=True)
            if all(a.contains(b) for a, b in pairs):
                traces = tuple(
                    Trace(trace.terms, reach)
                    for trace, reach in zip(larger.traces, reaches, strict=True)
                )
                return Part(traces, larger.is_separable, has_gaps)
        traces = tuple(
            Trace(_union(mine.terms, its.terms), reach)
            for mine, its, reach in zip(self.traces, other.traces, reaches, strict=True)
        )
        differ = sum(a.terms != b.terms for a, b in zip(self.traces, other.traces, strict=True))
        is_separable = self.is_separable and other.is_separable and differ <= 1
        return Part(traces, is_separable, has_gaps)


def all_of(parts: Iterable[Part]) -> Part:
    """What a unit sees that takes all of these.

    The largest first: where one holds all others, the touched pixels are its own.
    """
    distinct = list(dict.fromkeys(parts))
    largest = sorted(distinct, key=lambda part: -sum(map(_length, part.traces)))
    return reduce(Part.joined_with, largest)


def _length(trace: Trace) -> int:
    fields = [term.at(0) for term in trace.terms or ()]
    return max((field.size for field in fields if field), default=0)


def _union(
    first: tuple[Extent, ...] | None, second: tuple[Extent, ...] | None
) -> tuple[Extent, ...] | None:
    if first is None or second is None:
        return None
    terms = list(first)
    for extent in second:
        for place, term in enumerate(terms):
            if term.jump == extent.jump:
                both = term.union(extent)
                if both is None:
                    return None
                terms[place] = both
                break
        else:
            terms.append(extent)
    return tuple(terms)


@dataclass(frozen=True)
class Sight:
    """What the values of a tensor see.

    Attributes:
        labels: which of the parts a value belongs to.
        is_joined: whether a layer on the way joined positions, as a mean over all of them does.
        is_gated: whether a layer on the way was multiplied by numbers that see the input as a
            whole; the fields leave that out.
        is_partial: whether some of the channels were taken of which it is not known how their
            fields differ: the fields given hold those of all.
        offsets: per axis the most that the centres of inputs lie apart which the last layer put
            together, in pixels; None where their jumps differ.
    """

    shape: Shape
    layout: Layout
    labels: Grid[int]
    parts: tuple[Part, ...]
    is_joined: bool = False
    is_gated: bool = False
    is_partial: bool = False
    offsets: tuple[Fraction | None, ...] = ()

    @classmethod
    def of_input(cls, shape: Shape) -> "Sight":
        """The input itself: each pixel sees itself."""
        axes = range(len(shape) - 2)
        traces = tuple(Trace((Extent(),), Reach.of_axis(shape, axis + 2)) for axis in axes)
        return cls(shape, Layout.of_images(shape), Grid.of(0, len(shape)), (Part(traces),))

    @cached_property
    def whole(self) -> Part:
        """What a unit sees, all its channels together."""
        return all_of(self.parts)

    def varies_along(self, dim: int) -> bool:
        """Whether values of one part reach other pixels in another place along this dimension."""
        reaches = [trace.reach for part in self.parts for trace in part.traces]
        return any(grid.shape[dim] > 1 for reach in reaches if reach for grid in reach.grids)

    def traced(self, change: Callable[[int, Trace], Trace]) -> "Sight":
        """With every part's traces changed."""
        parts = tuple(
            replace(part, traces=tuple(change(axis, t) for axis, t in enumerate(part.traces)))
            for part in self.parts
        )
        return replace(self, parts=parts)

    def mixed(self) -> "Sight":
        """All channels taken together."""
        if len(self.parts) == 1:
            return self
        return replace(self, labels=Grid.of(0, len(self.shape)), parts=(self.whole,))
