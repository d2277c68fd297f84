"""Grids against numpy's arrays."""

from collections.abc import Iterator
from math import prod

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mnistops.analysis.fields.grid import Grid, combined, concatenated
from mnistops.analysis.window import Shape

Array = NDArray[np.int64]
SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


def dense(grid: Grid[int], shape: Shape) -> Array:
    """The value in each place of a tensor of this shape."""
    return np.broadcast_to(np.array(grid.values, np.int64).reshape(grid.shape), shape)


@st.composite
def grids(draw: st.DrawFn, shape: Shape) -> Grid[int]:
    """Few values, for a tensor of this shape, so that some are the same along a dimension."""
    stored = tuple(n if draw(st.booleans()) else 1 for n in shape)
    count = prod(stored)
    values = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    return Grid(stored, tuple(values))


@st.composite
def factored(draw: st.DrawFn) -> tuple[Shape, Shape]:
    """Two shapes with as many values, dimensions of size 1 among them."""
    factors = draw(st.lists(st.sampled_from((2, 2, 3, 4)), max_size=4))

    def shape(factors: list[int]) -> Iterator[int]:
        size = 1
        for factor in factors:
            size *= factor
            if draw(st.booleans()):
                yield size
                size = 1
                if draw(st.booleans()):
                    yield 1
        yield size

    return tuple(shape(factors)), tuple(shape(draw(st.permutations(factors))))


@given(SHAPES, st.data())
def test_each_place_has_its_value(shape: Shape, data: st.DataObject) -> None:
    grid = data.draw(grids(shape))
    array = dense(grid, shape)
    assert all(grid.at(index) == array[index] for index in np.ndindex(*shape))
    assert np.array_equal(dense(grid.mapped(lambda value: 7 - value), shape), 7 - array)


def test_one_value_stands_everywhere() -> None:
    grid = Grid.of("a", 3)
    assert grid == Grid((1, 1, 1), ("a",))
    assert grid.at((5, 0, 9)) == "a"


@given(SHAPES, st.data())
def test_permuting_is_numpys(shape: Shape, data: st.DataObject) -> None:
    grid = data.draw(grids(shape))
    dims = tuple(data.draw(st.permutations(range(len(shape)))))
    permuted = dense(grid.permuted(dims), tuple(shape[dim] for dim in dims))
    assert np.array_equal(permuted, dense(grid, shape).transpose(dims))


@given(SHAPES, st.data())
def test_expanding_stores_what_was_meant(shape: Shape, data: st.DataObject) -> None:
    grid = data.draw(grids(shape))
    expanded = grid.expanded(shape)
    assert expanded.shape == shape
    assert np.array_equal(dense(expanded, shape), dense(grid, shape))


@given(SHAPES, st.data())
def test_shrinking_stores_no_value_twice_along_a_dimension(
    shape: Shape, data: st.DataObject
) -> None:
    grid = data.draw(grids(shape))
    array = dense(grid, shape)
    shrunk = grid.shrunk()
    assert np.array_equal(dense(shrunk, shape), array)
    is_constant = [bool((array == array.take([0], dim)).all()) for dim in range(len(shape))]
    expected = tuple(1 if same else n for same, n in zip(is_constant, shape, strict=True))
    assert shrunk.shape == expected


@given(SHAPES, st.data())
def test_lines_change_one_by_one(shape: Shape, data: st.DataObject) -> None:
    grid = data.draw(grids(shape)).expanded(shape)
    dim = data.draw(st.integers(0, len(shape) - 1))
    array = dense(grid, shape)
    assert np.array_equal(
        dense(grid.along(dim, lambda line: line[::-1]), shape), np.flip(array, dim)
    )
    summed = grid.along(dim, lambda line: [sum(line)])
    assert np.array_equal(dense(summed, summed.shape), array.sum(dim, keepdims=True))
    picks = data.draw(st.lists(st.integers(0, shape[dim] - 1), min_size=1, max_size=5))
    picked = grid.along(dim, lambda line: [line[i] for i in picks])
    assert np.array_equal(dense(picked, picked.shape), array.take(picks, dim))


@given(factored(), st.data())
def test_reshaping_is_numpys(shapes: tuple[Shape, Shape], data: st.DataObject) -> None:
    old, new = shapes
    grid = data.draw(grids(old))
    reshaped = grid.reshaped(old, new)
    assert np.array_equal(dense(reshaped, new), dense(grid, old).reshape(new))
    assert reshaped == reshaped.shrunk()


def test_reshaping_lays_out_no_more_than_it_must() -> None:
    rows = Grid((1, 1, 4, 1), (0, 1, 2, 3))
    assert rows.reshaped((9, 5, 4, 7), (45, 2, 2, 7)) == Grid((1, 2, 2, 1), (0, 1, 2, 3))
    assert rows.reshaped((9, 5, 4, 7), (9, 5, 1, 4, 7, 1)).values == (0, 1, 2, 3)
    tokens = rows.reshaped((9, 5, 4, 7), (9, 5, 28))
    assert tokens.shape == (1, 1, 28)
    assert tokens.values == tuple(i // 7 for i in range(28))


@given(SHAPES, st.integers(1, 3), st.data())
def test_combining_is_value_by_value(shape: Shape, count: int, data: st.DataObject) -> None:
    parts = [data.draw(grids(shape)) for _ in range(count)]
    highest = combined(parts, max)
    expected = np.max([dense(part, shape) for part in parts], axis=0)
    assert np.array_equal(dense(highest, shape), expected)


@given(SHAPES, st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple), st.data())
def test_concatenating_is_numpys(shape: Shape, sizes: Shape, data: st.DataObject) -> None:
    dim = data.draw(st.integers(0, len(shape) - 1))
    shapes = [(*shape[:dim], size, *shape[dim + 1 :]) for size in sizes]
    parts = [data.draw(grids(part)) for part in shapes]
    whole = concatenated(parts, dim, sizes)
    arrays = [dense(part, part_shape) for part, part_shape in zip(parts, shapes, strict=True)]
    expected = np.concatenate(arrays, dim)
    assert np.array_equal(dense(whole, expected.shape), expected)
