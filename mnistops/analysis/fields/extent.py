"""Extent: the pixels that the units of a tensor see along one axis of the input, in exact integers.

After Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks",
Distill 2019, doi:10.23915/distill.00021: unit ``u`` sees the pixels ``[lo + u*jump, hi + u*jump]``.
Where layers make images larger, fields differ from unit to unit and repeat after a period; each
unit of a period then has a field of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from mnistops.analysis.fields.footprint import LONGEST_PERIOD, Footprint

# Beyond so many pixels of a field it is not worked out which of them are touched.
LARGEST = 1 << 20


@dataclass(frozen=True)
class Field:
    """The pixels that one unit sees, from ``lo`` to ``hi``.

    Attributes:
        touched: bit i is set if pixel ``lo + i`` is touched; None where it is not worked out.
    """

    lo: int = 0
    hi: int = 0
    touched: int | None = 1

    @property
    def size(self) -> int:
        """Pixels from first to last."""
        return self.hi - self.lo + 1

    def moved(self, pixels: int) -> "Field":
        """The same field so many pixels further."""
        return Field(self.lo + pixels, self.hi + pixels, self.touched) if pixels else self

    def contains(self, other: "Field") -> bool:
        """Whether every pixel that the other touches is touched here."""
        if self.touched is None or other.touched is None:
            return self == other
        offset = other.lo - self.lo
        return offset >= 0 and not (other.touched << offset) & ~self.touched


def hull(fields: Iterable[Field | None]) -> Field | None:
    """All pixels that any of them touches; None where none sees anything."""
    seen = [field for field in fields if field is not None]
    if not seen:
        return None
    if len(seen) == 1:
        return seen[0]
    lo, hi = min(field.lo for field in seen), max(field.hi for field in seen)
    touched: int | None = None
    if hi - lo < LARGEST and all(field.touched is not None for field in seen):
        touched = 0
        for field in seen:
            touched |= (field.touched or 0) << (field.lo - lo)
    return Field(lo, hi, touched)


@dataclass(frozen=True)
class Extent:
    """What all units see: unit ``q*period + r`` sees ``fields[r]``, ``q*advance`` pixels further.

    Attributes:
        fields: per unit of a period, which is as long as this; None for one that sees nothing.
        advance: pixels; 0 where all units see the same.
    """

    fields: tuple[Field | None, ...] = (Field(),)
    advance: int = 1

    @property
    def jump(self) -> Fraction:
        """Pixels from one unit's field to the next one's, in the mean."""
        return Fraction(self.advance, len(self.fields))

    @property
    def is_plain(self) -> bool:
        """Whether all units' fields are alike."""
        return len(self.fields) == 1

    def at(self, unit: int) -> Field | None:
        """What this unit sees; it may lie outside the tensor, where padding would be."""
        periods, phase = divmod(unit, len(self.fields))
        field = self.fields[phase]
        return field and field.moved(periods * self.advance)

    def behind(self, taken: Footprint) -> "Extent | None":
        """The extent of a layer whose units take this footprint of ours; None if not followed."""
        if not taken.is_periodic:
            return None
        # Whole periods of ours that whole periods of the footprint advance by.
        repeats = len(self.fields) // gcd(len(self.fields), abs(taken.advance) or len(self.fields))
        period = len(taken.taps) * repeats
        if period > LONGEST_PERIOD:
            return None
        advance = self.advance * (taken.advance * repeats // len(self.fields))
        if self.is_plain and period == 1 and isinstance(taken.taps[0], range):
            return Extent((self._slid(taken.taps[0]),), advance)
        fields = tuple(hull(map(self.at, taken.virtual(unit))) for unit in range(period))
        return Extent(fields, advance).shortened()

    def _slid(self, taps: range) -> Field | None:
        """The hull of our fields at evenly spaced units, in few steps however many they are."""
        field = self.fields[0]
        if field is None:
            return None
        step, ends = self.advance * taps.step, (taps[0] * self.advance, taps[-1] * self.advance)
        lo, hi = field.lo + min(ends), field.hi + max(ends)
        touched = None
        if field.touched is not None and hi - lo < LARGEST:
            touched, count = field.touched, 1
            while count < len(taps):  # twice as many at each turn
                more = min(count, len(taps) - count)
                touched |= touched << (more * abs(step))
                count += more
        return Field(lo, hi, touched)

    def joined(self, units: int) -> Field | None:
        """What a unit sees that takes the first so many of ours."""
        if self.is_plain:
            return self._slid(range(units))
        return hull(self.at(unit) for unit in range(units))

    def union(self, other: "Extent") -> "Extent | None":
        """What units see that take ours and the other's; None where the jumps differ."""
        if self.jump != other.jump:
            return None
        period = lcm(len(self.fields), len(other.fields))
        if period > LONGEST_PERIOD:
            return None
        fields = tuple(hull((self.at(unit), other.at(unit))) for unit in range(period))
        return Extent(fields, int(self.jump * period)).shortened()

    def contains(self, other: "Extent") -> bool:
        """Whether each unit touches all that the other's unit in its place touches."""
        if self.jump != other.jump:
            return False
        for unit in range(lcm(len(self.fields), len(other.fields))):
            mine, its = self.at(unit), other.at(unit)
            if its is not None and (mine is None or not mine.contains(its)):
                return False
        return True

    def shortened(self) -> "Extent":
        """The same with the shortest period there is."""
        count = len(self.fields)
        for period in range(1, count):
            if count % period or self.advance * period % count:
                continue
            advance = self.advance * period // count
            shorter = Extent(self.fields[:period], advance)
            if all(shorter.at(unit) == field for unit, field in enumerate(self.fields)):
                return shorter
        return self
