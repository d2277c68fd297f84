"""Seen: what a row of a receptive-field table says of a tensor, from all that is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any, Literal

from mnistops.analysis.fields.reach import Span
from mnistops.analysis.fields.sight import Part, Sight, Trace
from mnistops.analysis.graph import of_one_image
from mnistops.analysis.window import Sizes

Status = Literal["exact", "bound", "whole", "unsupported"]
Number = int | float

# Of more units than this along an axis, the fields of the first so many stand for all.
MOST_UNITS = 1 << 12


@dataclass(frozen=True)
class Seen:
    """What a row says of a tensor.

    Attributes:
        sizes: per axis the smallest and the largest field.
    """

    sight: Sight
    part: Part
    pixels: Sizes
    status: Status
    sizes: tuple[tuple[int, int], ...] | None

    @classmethod
    def by(cls, sight: Sight, pixels: Sizes) -> "Seen":
        """What is seen by a tensor, of an input with this many pixels per axis."""
        part = sight.whole
        status = _status(sight, part, pixels)
        sizes = [_sizes(trace, sight.layout.units(a)) for a, trace in enumerate(part.traces)]
        known = [(0 if part.has_gaps else least, most) for least, most in filter(None, sizes)]
        return cls(sight, part, pixels, status, tuple(known) if len(known) == len(sizes) else None)

    def differs(self, other: "Seen") -> bool:
        """Whether a row of the one would not do for the other."""
        mine = (self.status, self.sizes, units_of(self.sight), self.sight.is_gated)
        return mine != (other.status, other.sizes, units_of(other.sight), other.sight.is_gated)

    @property
    def jumps(self) -> tuple[Fraction, ...]:
        """Pixels from unit to unit, per axis; 0 where no rule says."""
        terms = [trace.terms[0] if trace.terms else None for trace in self.part.traces]
        return tuple(Fraction(0) if term is None else term.jump for term in terms)

    def union_of(self, others: Sequence["Seen"]) -> str:
        """``union of 7 and 3 = 7``."""
        if len(others) < 2:
            return "unchanged"
        if self.sizes is None or any(one.sizes is None for one in others):
            return "union"
        texts = []
        for axis, (_, size) in enumerate(self.sizes):
            its = dict.fromkeys(one.sizes[axis][1] for one in others if one.sizes)
            texts.append(f"union of {' and '.join(map(str, its))} = {size}")
        return texts[0] if len(set(texts)) == 1 else "; ".join(texts)

    def columns(self, unit: Sequence[int]) -> dict[str, Any]:
        """The columns of the field itself, and of one unit's if it is asked for."""
        if self.sizes is None:
            return {}
        size = tuple(most for _, most in self.sizes)
        columns: dict[str, Any] = {
            "size": size,
            "least_size": tuple(least for least, _ in self.sizes),
            "coverage": self._coverage(size),
        }
        units = [self.sight.layout.units(axis) for axis in range(len(self.pixels))]
        for name, place in (
            ("center", [(n - 1) // 2 for n in units]),
            ("corner", [0] * len(units)),
        ):
            box = self._box(place)
            clipped = box and tuple(map(_clipped, box, self.pixels))
            columns[f"{name}_field"] = clipped
            columns[f"{name}_share"] = clipped and _share(clipped, self.pixels)
        if unit and all(u < n for u, n in zip(unit, units, strict=True)):
            columns["unit_field"] = self._box(unit)
        if not _is_grid(self.sight):
            return columns
        if all(trace.terms for trace in self.part.traces):
            columns["jump"] = tuple(map(number, self.jumps))
        starts = [trace.at(0) for trace in self.part.traces]
        if all(field is not None for field in starts):
            columns["start"] = tuple(field.lo for field in starts if field)
            columns["effective_padding"] = tuple(-field.lo for field in starts if field)
        return columns

    def _box(self, unit: Sequence[int]) -> tuple[Span, ...] | None:
        """First and last pixel per axis of one unit's field; None where no rule says."""
        spans: list[Span] = []
        for trace, u in zip(self.part.traces, unit, strict=True):
            if trace.terms is not None:
                field = trace.at(u)
                spans.append((field.lo, field.hi) if field else None)
            elif trace.reach is not None and trace.reach.spans and len(trace.reach.spans) == 1:
                spans += trace.reach.spans
            else:
                return None
        return tuple(spans)

    def _coverage(self, size: Sizes) -> float | None:
        """The share that is touched, where one number says it for all units."""
        fields = [trace.at(0) for trace in self.part.traces]
        touched = [field.touched for field in fields if field and field.touched is not None]
        plain = all(trace.is_plain for trace in self.part.traces)
        if not self.part.is_separable or not plain or len(touched) < len(size):
            return None
        return prod(bits.bit_count() for bits in touched) / prod(size)


def _sizes(trace: Trace, units: int) -> tuple[int, int] | None:
    """The smallest and the largest field along an axis."""
    if trace.terms is None:
        spans = trace.reach and trace.reach.spans
        lengths = [b - a + 1 for a, b in (span or (0, -1) for span in spans)] if spans else []
    else:
        fields = [trace.at(u) for u in range(1 if trace.is_plain else min(units, MOST_UNITS))]
        lengths = [field.size if field else 0 for field in fields]
    return (min(lengths), max(lengths)) if lengths else None


def _status(sight: Sight, part: Part, pixels: Sizes) -> Status:
    if sight.is_partial:
        return "bound"
    if sight.is_joined and all(map(_reaches_all, part.traces, pixels)):
        return "whole"
    plain = all(trace.is_plain for trace in part.traces)
    return "exact" if plain and _is_grid(sight) else "bound"


def _reaches_all(trace: Trace, pixels: int) -> bool:
    """Whether every unit sees from the first pixel to the last."""
    if trace.reach is None:
        return False
    whole = (0, pixels - 1)
    if any(set(grid.values) == {whole} for grid in trace.reach.grids):
        return True
    return (trace.reach.spans or set()) == {whole}


def units_of(sight: Sight) -> Sizes:
    """Units per axis; where a tensor has another order, its own shape."""
    layout, axes = sight.layout, range(len(sight.parts[0].traces))
    if _is_grid(sight):
        return tuple(layout.units(axis) for axis in axes)
    dims = [layout.where(axis) for axis in axes]
    if None in dims or len(set(dims)) < len(dims):
        return of_one_image(sight.shape)
    return tuple(sight.shape[dim] for dim in dims if dim is not None)


def _is_grid(sight: Sight) -> bool:
    """Whether a value is found by its place along each axis and its channel."""
    layout = sight.layout
    return not any(
        layout.is_mixed(axis) or (trace.terms is None and layout.where(axis) is None)
        for axis, trace in enumerate(sight.whole.traces)
    )


def _clipped(span: Span, pixels: int) -> Span:
    lo, hi = span or (0, -1)
    return (max(lo, 0), min(hi, pixels - 1)) if max(lo, 0) <= min(hi, pixels - 1) else None


def _share(box: Sequence[Span], pixels: Sizes) -> float:
    return prod(
        (b - a + 1) / n for (a, b), n in zip((s or (0, -1) for s in box), pixels, strict=True)
    )


def number(value: int | Fraction) -> Number:
    """A whole number where it is one."""
    return int(value) if value.denominator == 1 else float(value)


def number_or_none(value: Fraction | None) -> Number | None:
    """The same, for what may not be known."""
    return None if value is None else number(value)
