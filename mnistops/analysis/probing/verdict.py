"""Verdict: what the gradients say of a row, and how it is judged."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor

from mnistops.analysis.graph import IMAGES
from mnistops.analysis.probing.growth import Slide, slides
from mnistops.analysis.probing.run import Run
from mnistops.analysis.probing.shadow import NotProbed, Shadow
from mnistops.analysis.receptive_field import ReceptiveField
from mnistops.analysis.window import Shape, Sizes, times

Box = tuple[tuple[int, int] | None, ...]
"""Per axis the first and the last pixel; None for nothing at all."""

_INSIDE = "at the given size: inside the clipped field"
_CLIPPED = "clipped by the edge: no larger than stated"


@dataclass(frozen=True)
class Verdict:
    """What the gradients say of one row.

    Attributes:
        expected: the field that the row states for the unit that was probed; None where it states
            no more than sizes.
        seen: what the unit really sees; None where it was not probed.
        reason: why it was not probed, what differs, or what was asserted less than equality; empty
            for a row that only repeats what it takes, which is not probed.
    """

    name: str
    path: str
    verdict: Literal["agrees", "differs", "not probed"]
    expected: Box | None = None
    seen: Box | None = None
    reason: str = ""


@dataclass(frozen=True)
class Judge:
    """Who holds rows against the module's calls at the given size and at a larger one.

    Attributes:
        margin: pixels at the edges of the input, per axis, that fields must keep clear of.
    """

    given: Run
    grown: Run
    margin: Sizes

    def verdict(self, row: ReceptiveField, place: int | None) -> Verdict:
        """Of one row, whose call stands in this place of the events."""
        verdict = Verdict(row.name, row.path, "not probed")
        if not row.is_window:
            return verdict
        try:
            return self._judged(verdict, row, place)
        except NotProbed as reason:
            return replace(verdict, reason=str(reason))

    def _judged(self, verdict: Verdict, row: ReceptiveField, place: int | None) -> Verdict:
        if row.status == "unsupported":
            raise NotProbed("unsupported")
        if place is None:
            raise NotProbed("the call was not seen again")
        here = self.given.events[place].shadow
        if isinstance(here, str):
            raise NotProbed(here)
        if row.status == "whole":
            expected: Box = tuple((0, n - 1) for n in self.given.sizes)
            seen = self._seen_by_middle(here, _any_positions(here.shape, row.output_size))
            return _compared(verdict, seen == expected, "does not see it all", expected, seen)
        dims = _positions(here.shape, row.output_size)
        there = self.grown.events[place].shadow if place < len(self.grown.events) else None
        if slides(row) and dims and isinstance(there, Shadow) and not there.is_joined:
            unclipped = self._unclipped(verdict, row, there, dims)
            if unclipped is not None:
                return unclipped
        return self._inside(verdict, row, here, dims)

    def _inside(
        self, verdict: Verdict, row: ReceptiveField, here: Shadow, dims: Sequence[int]
    ) -> Verdict:
        """At the given size."""
        if row.center_field is None:
            raise NotProbed("its field follows no rule of position")
        seen = self._seen_by_middle(here, dims)
        pairs = zip(seen, row.center_field, strict=True)
        inside = all(s is None or (e and e[0] <= s[0] and s[1] <= e[1]) for s, e in pairs)
        reason = _INSIDE if inside else "outside its clipped field"
        return replace(_compared(verdict, inside, "", row.center_field, seen), reason=reason)

    def _seen_by_middle(self, here: Shadow, dims: Sequence[int]) -> Box:
        units = {dim: (here.shape[dim] - 1) // 2 for dim in dims}
        return _box(self.given.touched(here, units))

    def _unclipped(
        self, verdict: Verdict, row: ReceptiveField, there: Shadow, dims: Sequence[int]
    ) -> Verdict | None:
        """At the larger size; None where its only unit does not lie clear of the edges."""
        along = slides(row)
        units = [
            self._unit(slide, n, there.shape[dim], row.status == "bound")
            for slide, n, dim in zip(along, self.grown.sizes, dims, strict=True)
        ]
        touched = self.grown.touched(there, dict(zip(dims, units, strict=True)))
        seen = _box(touched)
        firsts = [math.floor(slide.first(u)) for slide, u in zip(along, units, strict=True)]
        expected = tuple((lo, lo + s.size - 1) for lo, s in zip(firsts, along, strict=True))
        is_clear = self._is_clear(expected)
        if row.status == "bound":
            return _within_bounds(verdict, row, seen, is_clear and self._is_clear(seen))
        if not is_clear and 1 in row.output_size:
            return None
        if not is_clear:
            raise NotProbed(
                f"its field does not fit into an input of {times(self.grown.sizes)} pixels"
            )
        if seen != expected:
            return _compared(verdict, False, "another field", expected, seen)
        share = touched.sum().item() / math.prod(slide.size for slide in along)
        covers = row.coverage is None or math.isclose(share, row.coverage)
        got = f"touches {share} of its field, expected {row.coverage}"
        return _compared(verdict, covers, got, expected, seen)

    @staticmethod
    def _unit(slide: Slide, pixels: int, units: int, is_bound: bool) -> int:
        """The one to probe, of so many in the larger input."""
        # Bounds are stated of the units that the given input has; of one, no jump is known.
        count = slide.units if is_bound or slide.units == 1 else units
        return slide.unit_near((pixels - 1) / 2, count)

    def _is_clear(self, box: Box) -> bool:
        """Whether a box of the larger input keeps clear of its edges."""
        spans = zip(box, self.grown.sizes, self.margin, strict=True)
        return all(s is None or (spare <= s[0] and s[1] < n - spare) for s, n, spare in spans)


def _within_bounds(verdict: Verdict, row: ReceptiveField, seen: Box, is_clear: bool) -> Verdict:
    least, most = row.least_size or (), row.size or ()
    sizes = tuple(span[1] - span[0] + 1 if span else 0 for span in seen)
    got = f"sees {times(sizes)} pixels, expected {times(least)} to {times(most)}"
    if any(size > high for size, high in zip(sizes, most, strict=True)):
        return _compared(verdict, False, got, None, seen)
    if not is_clear:
        return replace(_compared(verdict, True, "", None, seen), reason=_CLIPPED)
    # A unit that sees nothing along one axis sees nothing at all.
    blind = not any(sizes) and min(least) == 0
    fits = all(size >= low for size, low in zip(sizes, least, strict=True))
    return _compared(verdict, blind or fits, got, None, seen)


def _compared(
    verdict: Verdict, agrees: bool, otherwise: str, expected: Box | None, seen: Box
) -> Verdict:
    """The verdict; ``otherwise`` is the reason where it differs."""
    word: Literal["agrees", "differs"] = "agrees" if agrees else "differs"
    reason = "" if agrees else otherwise
    return replace(verdict, verdict=word, expected=expected, seen=seen, reason=reason)


def _positions(shape: Shape, units: Sizes) -> tuple[int, ...]:
    """The dimensions that run along the axes of the input; none for one vector of an image."""
    ndim = len(units) + 2
    if shape[0] == IMAGES and len(shape) == 2 and set(units) == {1}:
        return ()
    for dims in (tuple(range(2, ndim)), tuple(range(1, ndim - 1))):
        if len(shape) == ndim and shape[0] == IMAGES and tuple(shape[d] for d in dims) == units:
            return dims
    raise NotProbed(f"its positions are not told apart in {times(shape[1:])}")


def _any_positions(shape: Shape, units: Sizes) -> tuple[int, ...]:
    """The same; where they are not known, all dimensions but the last, which holds features."""
    try:
        return _positions(shape, units)
    except NotProbed:
        return tuple(range(len(shape) - 1))


def _box(touched: Tensor) -> Box:
    """First and last pixel touched, along each axis."""
    pixels = touched.nonzero()
    if not len(pixels):
        return (None,) * touched.dim()
    return tuple(zip(pixels.amin(0).tolist(), pixels.amax(0).tolist(), strict=True))
