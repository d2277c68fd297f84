"""Layout: which dimension of a tensor runs along which axis of the input."""

from collections.abc import Iterable
from dataclasses import dataclass

from mnistops.analysis.window import Shape, Sizes

Factor = tuple[int | None, int]
"""An axis of the input, or None for images and features, and how many there are along it."""


@dataclass(frozen=True)
class Layout:
    """Per dimension the factors that it is made of, the slowest first.

    Tokens, for one, are a dimension made of two axes: ``((0, 14), (1, 14))``.
    """

    dims: tuple[tuple[Factor, ...], ...]

    @classmethod
    def of_images(cls, shape: Shape) -> "Layout":
        """(N, C, axis 0, axis 1, ...)."""
        return cls(tuple(((d - 2 if d > 1 else None, n),) for d, n in enumerate(shape)))

    def axes(self, dim: int) -> tuple[int, ...]:
        """The axes that run in this dimension."""
        return tuple(axis for axis, _ in self.dims[dim] if axis is not None)

    def only_axis(self, dim: int) -> int | None:
        """The axis that this dimension is, if it is nothing else."""
        factors = self.dims[dim]
        return factors[0][0] if len(factors) == 1 else None

    def where(self, axis: int) -> int | None:
        """The dimension in which this axis runs."""
        return next((d for d in range(len(self.dims)) if axis in self.axes(d)), None)

    def units(self, axis: int) -> int:
        """How many units there are along this axis; 1 where all were joined."""
        return next((n for factors in self.dims for a, n in factors if a == axis), 1)

    def is_mixed(self, axis: int) -> bool:
        """Whether the dimension of this axis runs through images or features too."""
        dim = self.where(axis)
        return dim is not None and any(a is None and n > 1 for a, n in self.dims[dim])

    def varies(self) -> bool:
        """Whether there is more than one unit along any axis."""
        return any(a is not None and n > 1 for factors in self.dims for a, n in factors)

    def replaced(self, dim: int, *factors: Factor) -> "Layout":
        """With this dimension made of other factors."""
        return Layout((*self.dims[:dim], factors, *self.dims[dim + 1 :]))

    def permuted(self, dims: Sizes) -> "Layout":
        """Dimensions in another order."""
        return Layout(tuple(self.dims[dim] for dim in dims))

    def without(self, dims: Iterable[int]) -> "Layout":
        """Less these dimensions."""
        dropped = set(dims)
        return Layout(tuple(f for d, f in enumerate(self.dims) if d not in dropped))

    def of_rank(self, ndim: int) -> "Layout":
        """With dimensions of size 1 in front."""
        return Layout(((),) * (ndim - len(self.dims)) + self.dims)

    def reshaped(self, new: Shape) -> tuple["Layout", frozenset[int]]:
        """The factors in other dimensions, and the axes that could not be kept whole."""
        waiting = [factor for factors in self.dims for factor in factors]
        dims: list[tuple[Factor, ...]] = []
        split: set[int] = set()
        for place, size in enumerate(new):
            factors: list[Factor] = []
            left = size
            while waiting and left > 1:
                axis, n = waiting[0]
                if left % n == 0:
                    factors.append(waiting.pop(0))
                    left //= n
                elif n % left == 0:  # a part of it: features may be split, axes may not
                    split |= set() if axis is None else {axis}
                    factors.append((axis, left))
                    waiting[0] = (axis, n // left)
                    left = 1
                else:
                    return self._scrambled(new)
            # Axes with one unit go to a dimension of size 1, if there is one for them.
            ones = size == 1 or place + 1 == len(new) or new[place + 1] != 1
            while ones and waiting and waiting[0][1] == 1:
                factors.append(waiting.pop(0))
                ones = size > 1
            dims.append(tuple(factors))
        kept = [tuple((None if a in split else a, n) for a, n in factors) for factors in dims]
        return Layout(tuple(kept)), frozenset(split)

    def _scrambled(self, new: Shape) -> tuple["Layout", frozenset[int]]:
        every = frozenset(axis for dim in range(len(self.dims)) for axis in self.axes(dim))
        return Layout(tuple(((None, size),) for size in new)), every
