"""Grid: one value for each place of a tensor, stored once along dimensions where it is the same."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain, product
from math import prod
from typing import Generic, TypeVar

from mnistops.analysis.window import Shape, Sizes

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Grid(Generic[T]):
    """Values in row-major order.

    Attributes:
        shape: per dimension of the tensor its size, or 1 where all its places have one value.
    """

    shape: Shape
    values: tuple[T, ...]

    @classmethod
    def of(cls, value: T, ndim: int) -> "Grid[T]":
        """One value everywhere."""
        return cls((1,) * ndim, (value,))

    def at(self, index: Sequence[int]) -> T:
        """The value in one place."""
        place = 0
        for position, size in zip(index, self.shape, strict=True):
            place = place * size + (position if size > 1 else 0)
        return self.values[place]

    def mapped(self, function: Callable[[T], U]) -> "Grid[U]":
        """Each value changed."""
        return Grid(self.shape, tuple(map(function, self.values)))

    def permuted(self, dims: Sizes) -> "Grid[T]":
        """Dimensions in another order."""
        shape = tuple(self.shape[dim] for dim in dims)
        if len(self.values) == 1:
            return Grid(shape, self.values)
        source = [0] * len(dims)
        values = []
        for index in product(*map(range, shape)):
            for dim, position in zip(dims, index, strict=True):
                source[dim] = position
            values.append(self.at(source))
        return Grid(shape, tuple(values))

    def expanded(self, shape: Shape) -> "Grid[T]":
        """Stored apart along every dimension in which this shape is not 1."""
        values = self.values
        for dim in reversed(range(len(shape))):
            if self.shape[dim] < shape[dim]:
                block = prod(shape[dim + 1 :])
                rows = (values[i : i + block] for i in range(0, len(values), block))
                values = tuple(chain.from_iterable(row * shape[dim] for row in rows))
        return Grid(shape, values)

    def along(self, dim: int, change: Callable[[list[T]], Sequence[T]]) -> "Grid[T]":
        """The values along one dimension replaced by others, however many."""
        before, after = prod(self.shape[:dim]), prod(self.shape[dim + 1 :])
        size = self.shape[dim]
        lines = [
            change([self.values[(a * size + i) * after + b] for i in range(size)])
            for a in range(before)
            for b in range(after)
        ]
        length = len(lines[0])
        values = tuple(
            lines[a * after + b][i]
            for a in range(before)
            for i in range(length)
            for b in range(after)
        )
        return Grid((*self.shape[:dim], length, *self.shape[dim + 1 :]), values)

    def shrunk(self) -> "Grid[T]":
        """Stored once along dimensions in which all values are the same after all."""
        grid = self
        for dim, size in enumerate(self.shape):
            after = prod(grid.shape[dim + 1 :])
            block = size * after
            rows = [grid.values[i : i + block] for i in range(0, len(grid.values), block)]
            if size > 1 and all(row == row[:after] * size for row in rows):
                values = tuple(value for row in rows for value in row[:after])
                grid = Grid((*grid.shape[:dim], 1, *grid.shape[dim + 1 :]), values)
        return grid

    def reshaped(self, old: Shape, new: Shape) -> "Grid[T]":
        """For a tensor of shape ``old`` that is seen as one of shape ``new``."""
        expanded, shape = list(self.shape), []
        for taken, given in _blocks(old, new):
            if all(self.shape[dim] == 1 for dim in taken):
                shape += [1] * len(given)
            else:
                shape += [new[dim] for dim in given]
                for dim in taken:
                    expanded[dim] = old[dim]
        return Grid(tuple(shape), self.expanded(tuple(expanded)).values).shrunk()


def combined(grids: Iterable[Grid[T]], function: Callable[[T, T], T]) -> Grid[T]:
    """Grids of as many dimensions, value by value; 1 fits every size."""
    return reduce(lambda a, b: _combined(a, b, function), grids)


def _combined(first: Grid[T], second: Grid[T], function: Callable[[T, T], T]) -> Grid[T]:
    shape = tuple(map(max, first.shape, second.shape))
    pairs = zip(first.expanded(shape).values, second.expanded(shape).values, strict=True)
    return Grid(shape, tuple(function(a, b) for a, b in pairs))


def concatenated(grids: Sequence[Grid[T]], dim: int, sizes: Sizes) -> Grid[T]:
    """Grids of tensors that stand one after another along ``dim``, with these sizes there."""
    others = [max(column) for column in zip(*(grid.shape for grid in grids), strict=True)]
    after = prod(others[dim + 1 :])
    expanded = [
        grid.expanded((*others[:dim], size, *others[dim + 1 :])).values
        for grid, size in zip(grids, sizes, strict=True)
    ]
    values: list[T] = []
    for row in range(prod(others[:dim])):
        for part, size in zip(expanded, sizes, strict=True):
            values += part[row * size * after : (row + 1) * size * after]
    return Grid((*others[:dim], sum(sizes), *others[dim + 1 :]), tuple(values))


def _blocks(old: Shape, new: Shape) -> Iterator[tuple[range, range]]:
    """The smallest runs of dimensions, of both shapes, that hold the same values."""
    i = j = 0
    while i < len(old) or j < len(new):
        first, second = i, j
        left = right = 1
        while True:
            if left == right and (i > first or j > second) and left > 1:
                break
            if left <= right and i < len(old):
                left *= old[i]
                i += 1
            elif j < len(new):
                right *= new[j]
                j += 1
            elif i < len(old):
                left *= old[i]
                i += 1
            else:
                break
        yield range(first, i), range(second, j)
