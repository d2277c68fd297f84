"""Footprint: which units of its input one unit of a layer takes, along one axis."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from mnistops.analysis.operations import (
    AdaptivePool,
    Convolution,
    Flatten,
    Linear,
    Operation,
    Pool,
    Sizes,
)


@dataclass(frozen=True)
class Footprint:
    """The units that a layer's unit ``u`` takes: from ``first + u*stride`` to ``last + u*stride``.

    An inexact one is that of adaptive pooling into bins of different sizes.

    Attributes:
        kernel_size: how many it takes; the most where that varies.
        dilation: units from one taken to the next.
        padding: units that are made up before and after the input.
        is_exact: False where the units taken vary from ``u`` to ``u``; they then lie inside.
    """

    kernel_size: int
    stride: int | Fraction
    padding: tuple[int, int]
    dilation: int
    first: int | Fraction
    last: int | Fraction
    is_exact: bool = True

    def taken_by(self, unit: int, units: int) -> range:
        """The units that this one takes of an input that has so many, padding left out."""
        if not self.is_exact:
            return range(floor(unit * self.stride), ceil((unit + 1) * self.stride))
        first = int(unit * self.stride) - self.padding[0]
        padded = max(0, -(first // self.dilation))
        last = first + self.dilation * (self.kernel_size - 1)
        return range(first + padded * self.dilation, min(last + 1, units), self.dilation)


def footprints(operation: Operation, units: Sizes) -> tuple[Footprint, ...]:
    """The footprint per axis on an input of this many units; empty for what takes just its own."""
    match operation:
        case Convolution(window=window) | Pool(window=window):
            return tuple(
                _sliding(*geometry)
                for geometry in zip(
                    window.kernel_size, window.stride, window.padding, window.dilation, strict=True
                )
            )
        case AdaptivePool(bins=bins):
            return tuple(_binned(n, count or n) for n, count in zip(units, bins, strict=True))
        case Flatten() if set(units) != {1}:
            return tuple(_binned(n, 1) for n in units)
        case Linear():
            return tuple(_sliding(1, 1, (0, 0), 1) for _ in units)
        case _:
            return ()


def _sliding(kernel_size: int, stride: int, padding: tuple[int, int], dilation: int) -> Footprint:
    first = -padding[0]
    last = first + dilation * (kernel_size - 1)
    return Footprint(kernel_size, stride, padding, dilation, first, last)


def _binned(units: int, bins: int) -> Footprint:
    """Adaptive pooling: bin i takes the units ``floor(i*n/o)`` to ``ceil((i+1)*n/o) - 1``."""
    firsts = [i * units // bins for i in range(bins)]
    lengths = [-(-(i + 1) * units // bins) - first for i, first in enumerate(firsts)]
    steps = {b - a for a, b in pairwise(firsts)} or {1}
    longest = max(lengths)
    if len(steps) == 1 and min(lengths) == longest:
        return _sliding(longest, steps.pop(), (0, 0), 1)
    stride = Fraction(units, bins)
    first = min(a - i * stride for i, a in enumerate(firsts))
    last = max(a + n - 1 - i * stride for i, (a, n) in enumerate(zip(firsts, lengths, strict=True)))
    return Footprint(longest, stride, (0, 0), 1, first, last, is_exact=False)
