"""Footprint: which units of its input one unit of a layer takes, along one dimension."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import floor, gcd

from mnistops.analysis.operations import (
    AdaptivePool,
    Convolution,
    Interpolate,
    Operation,
    Pool,
    TransposedConvolution,
)
from mnistops.analysis.rearrangements import Pad, PixelShuffle, Select
from mnistops.analysis.window import Shape, Window

# A longer period than this is not followed unit by unit.
LONGEST_PERIOD = 1 << 12


@dataclass(frozen=True)
class Footprint:
    """Unit ``q*period + r`` takes the units ``q*advance + t``, for every t in ``taps[r]``.

    A plain window has a period of 1.

    Attributes:
        taps: per unit of a period, which is as long as this.
        kernel_size: for the table, as are stride, padding and dilation; None for what has none.
        is_periodic: False where nothing is known of units that an input of this size does not have.
        clamps: whether a unit outside the input stands for the outermost one; else it is made up.
    """

    taps: tuple[Sequence[int], ...]
    advance: int
    kernel_size: int | None = None
    stride: Fraction | int = 1
    padding: tuple[int, int] = (0, 0)
    dilation: int = 1
    is_periodic: bool = True
    clamps: bool = False

    @property
    def changes_nothing(self) -> bool:
        """Whether each unit takes the one in its own place and no other."""
        return self.advance == len(self.taps) and all(
            list(t) == [r] for r, t in enumerate(self.taps)
        )

    def virtual(self, unit: int) -> list[int]:
        """The units that this one takes, those outside the input included."""
        periods, phase = divmod(unit, len(self.taps))
        return [periods * self.advance + tap for tap in self.taps[phase]]

    def taken_by(self, unit: int, units: int) -> list[int]:
        """The units that this one takes of an input that has so many, made-up ones left out."""
        taken = self.virtual(unit)
        if self.clamps:
            return sorted({min(max(v, 0), units - 1) for v in taken})
        return [v for v in taken if 0 <= v < units]


def sliding(
    kernel_size: int, stride: int = 1, padding: tuple[int, int] = (0, 0), dilation: int = 1
) -> Footprint:
    """The footprint of a plain window."""
    taps = range(-padding[0], -padding[0] + dilation * (kernel_size - 1) + 1, dilation)
    return Footprint((taps,), stride, kernel_size, stride, padding, dilation)


def footprints(operation: Operation, shape: Shape) -> dict[int, Footprint]:
    """The footprint along each dimension in which units take other than their own place."""
    match operation:
        case Convolution(window=window) | Pool(window=window):
            return dict(enumerate(map(sliding, *_columns(window)), start=2))
        case TransposedConvolution(window=window):
            return dict(enumerate(map(_spread, *_columns(window)), start=2))
        case AdaptivePool(bins=bins):
            pairs = zip(shape[2:], bins, strict=True)
            return dict(enumerate((_binned(n, count or n) for n, count in pairs), start=2))
        case Interpolate():
            given = operation.output_shape(shape)
            axes = range(len(operation.sizes))
            return {a + 2: _sampled(operation, a, shape[a + 2], given[a + 2]) for a in axes}
        case PixelShuffle(factor=factor, is_reverse=True):
            return dict.fromkeys((2, 3), sliding(factor, factor))
        case PixelShuffle(factor=factor):
            stride = Fraction(1, factor)
            return dict.fromkeys((2, 3), Footprint(((0,),) * factor, 1, 1, stride))
        case Pad(padding=padding):
            return {
                dim: Footprint(((-before,),), 1, padding=(before, after))
                for dim, (before, after) in enumerate(padding)
                if (before, after) != (0, 0)
            }
        case Select(dim=dim, indices=indices) if tuple(indices) != tuple(range(shape[dim])):
            return {dim: _selected(indices)}
        case _:
            return {}


def _columns(window: Window) -> tuple[Sequence[int], ...]:
    return (window.kernel_size, window.stride, window.padding, window.dilation)  # type: ignore[return-value]


def _spread(kernel_size: int, stride: int, padding: tuple[int, int], dilation: int) -> Footprint:
    """Transposed: input i feeds the outputs ``i*stride - padding + t*dilation``."""
    taps = []
    for phase in range(stride):
        starts = [phase + padding[0] - t * dilation for t in range(kernel_size)]
        taps.append(sorted(start // stride for start in starts if start % stride == 0))
    return Footprint(
        tuple(map(tuple, taps)), 1, kernel_size, Fraction(1, stride), padding, dilation
    )


def _binned(units: int, bins: int) -> Footprint:
    """Adaptive pooling: bin i takes the units ``floor(i*n/o)`` to ``ceil((i+1)*n/o) - 1``."""
    taken = [range(i * units // bins, -(-(i + 1) * units // bins)) for i in range(bins)]
    steps = {b.start - a.start for a, b in pairwise(taken)} or {1}
    longest = max(map(len, taken))
    if len(steps) == 1 and min(map(len, taken)) == longest:
        return sliding(longest, steps.pop())
    common = gcd(units, bins)
    period, stride = bins // common, Fraction(units, bins)
    return Footprint(tuple(taken[:period]), units // common, longest, stride)


def _sampled(operation: Interpolate, axis: int, units: int, given: int) -> Footprint:
    """The units that torch reads for each unit of a resized image.

    ``aten/src/ATen/native/UpSample.h``: ``area_pixel_compute_source_index``, ``nearest_idx``. In
    exact fractions: where a place is a whole number, torch's own rounding may fall one short of it.
    """
    scale = operation.scales[axis]
    if units == given:
        return Footprint(((0,),), 1, 1)
    if operation.kind == "nearest" and given == 2 * units:
        step = Fraction(1, 2)
    elif operation.align_corners:
        step = Fraction(units - 1, given - 1) if given > 1 else Fraction(0)
    else:
        step = Fraction(units, given) if scale is None else 1 / scale
    is_periodic = step.denominator <= LONGEST_PERIOD
    period = min(step.denominator, given) if not is_periodic else step.denominator
    taps = tuple(_read(operation, unit * step, step) for unit in range(period))
    return Footprint(
        taps,
        step.numerator,
        max(map(len, taps)),
        step,
        is_periodic=is_periodic,
        clamps=True,
    )


def _read(operation: Interpolate, start: Fraction, step: Fraction) -> tuple[int, ...]:
    """The units read for one that begins at ``start`` units of the input."""
    match operation.kind:
        case "nearest":
            return (floor(start),)
        case "nearest-exact":
            return (floor(start + step / 2),)
    source = start if operation.align_corners else start + (step - 1) / 2
    below = floor(source)
    if source == below:
        return (below,)
    return (below, below + 1) if operation.kind == "linear" else tuple(range(below - 1, below + 3))


def _selected(indices: Sequence[int]) -> Footprint:
    steps = {b - a for a, b in pairwise(indices)} or {1}
    if indices and len(steps) == 1 and steps != {0}:
        step = steps.pop()
        return Footprint(((indices[0],),), step, 1, step)
    return Footprint(tuple((index,) for index in indices) or ((),), 0, 1, is_periodic=False)
