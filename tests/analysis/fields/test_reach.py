"""Reach against plain arrays of first and last pixels."""

from collections.abc import Sequence
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mnistops.analysis.fields.footprint import Footprint, sliding
from mnistops.analysis.fields.grid import Grid
from mnistops.analysis.fields.reach import (
    LARGEST,
    Reach,
    Span,
    either,
    laid_end_to_end,
    merged,
    union,
)
from mnistops.analysis.window import Shape

Ends = NDArray[np.int64]
"""Of shape (2, *tensor): first pixels and last ones, with their sign changed; both at their
smallest, so that what is reached together is the minimum."""

NOTHING = 99
SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)
SPANS = st.none() | st.tuples(st.integers(0, 5), st.integers(0, 4)).map(lambda s: (s[0], sum(s)))


def ends_of(grid: Grid[Span], shape: Shape) -> Ends:
    ends = [(NOTHING, NOTHING) if span is None else (span[0], -span[1]) for span in grid.values]
    array = np.array(ends, np.int64).T.reshape(2, *grid.shape)
    return np.broadcast_to(array, (2, *shape))


def dense(reach: Reach | None, shape: Shape) -> Ends:
    assert reach is not None
    nearest: Ends = np.min([ends_of(grid, shape) for grid in reach.grids], axis=0)
    return nearest


def span_of(ends: Ends) -> Span:
    return None if ends[0] == NOTHING else (int(ends[0]), -int(ends[1]))


@st.composite
def reaches(draw: st.DrawFn, shape: Shape) -> Reach:
    """One grid or two, each stored along some of the dimensions."""
    grids = []
    for _ in range(draw(st.integers(1, 2))):
        stored = tuple(n if draw(st.booleans()) else 1 for n in shape)
        count = prod(stored)
        spans = draw(st.lists(SPANS, min_size=count, max_size=count))
        grids.append(Grid(stored, tuple(spans)))
    return Reach(tuple(grids))


@st.composite
def shaped(draw: st.DrawFn) -> tuple[Shape, Reach]:
    shape = draw(SHAPES)
    return shape, draw(reaches(shape))


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ((1, 3), (2, 7), (1, 7)),
        ((5, 6), (1, 2), (1, 6)),
        ((1, 9), (3, 4), (1, 9)),
        (None, (3, 4), (3, 4)),
        ((0, 0), None, (0, 0)),
        (None, None, None),
    ],
)
def test_either_span_is_a_hull(first: Span, second: Span, both: Span) -> None:
    assert either(first, second) == both


def test_each_pixel_reaches_itself() -> None:
    reach = Reach.of_axis((2, 3, 4, 5), 3)
    assert [reach.at((1, 2, 3, i)) for i in range(5)] == [(i, i) for i in range(5)]
    assert [grid.shape for grid in reach.grids] == [(1, 1, 1, 5)]


@given(shaped())
def test_every_place_is_the_hull_of_all_grids(case: tuple[Shape, Reach]) -> None:
    shape, reach = case
    expected = dense(reach, shape)
    spans = {index: span_of(expected[:, *index]) for index in np.ndindex(*shape)}
    assert all(reach.at(index) == span for index, span in spans.items())
    assert reach.spans == frozenset(spans.values())


@given(
    case=shaped(),
    data=st.data(),
    window=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 3), st.integers(1, 3)),
    given_units=st.integers(1, 6),
)
def test_windows_reach_what_the_units_in_them_do(
    case: tuple[Shape, Reach],
    data: st.DataObject,
    window: tuple[int, int, int, int],
    given_units: int,
) -> None:
    shape, reach = case
    dim = data.draw(st.integers(0, len(shape) - 1))
    kernel, stride, padding, dilation = window
    taken = data.draw(
        st.sampled_from(
            (
                sliding(kernel, stride, (padding, padding), dilation),
                Footprint(((shape[dim] - 1,),), -1),
                Footprint(((0,), (), (-1, 1)), 2, clamps=True),
            )
        )
    )
    behind = dense(
        reach.behind(dim, taken, shape[dim], given_units),
        (*shape[:dim], given_units, *shape[dim + 1 :]),
    )
    before = dense(reach, shape)
    for unit in range(given_units):
        units = taken.taken_by(unit, shape[dim])
        nothing = np.full_like(before.take([0], dim + 1), NOTHING)
        expected = np.concatenate([nothing, before.take(units, dim + 1)], dim + 1)
        assert np.array_equal(behind.take(unit, dim + 1), expected.min(dim + 1))


@given(shaped(), st.data())
def test_joined_dimensions_reach_all_along_them(
    case: tuple[Shape, Reach], data: st.DataObject
) -> None:
    shape, reach = case
    dims = sorted(data.draw(st.sets(st.integers(0, len(shape) - 1))))
    axes = tuple(dim + 1 for dim in dims)
    expected = dense(reach, shape).min(axes, keepdims=True) if axes else dense(reach, shape)
    joined = reach.joined(dims)
    assert np.array_equal(dense(joined, shape), np.broadcast_to(expected, (2, *shape)))


@given(shaped(), st.data())
def test_dimensions_of_one_are_dropped_and_put_in_front(
    case: tuple[Shape, Reach], data: st.DataObject
) -> None:
    shape, reach = case
    ones = [dim for dim, n in enumerate(shape) if n == 1]
    dims = tuple(sorted(data.draw(st.sets(st.sampled_from(ones))))) if ones else ()
    kept = tuple(n for dim, n in enumerate(shape) if dim not in dims)
    expected = dense(reach, shape).reshape(2, *kept)
    assert np.array_equal(dense(reach.without(dims), kept), expected)
    ranked = (1, 1, *shape)
    assert np.array_equal(
        dense(reach.of_rank(len(ranked)), ranked), dense(reach, shape)[:, None, None]
    )


@given(shaped(), st.data())
def test_permuting_is_numpys(case: tuple[Shape, Reach], data: st.DataObject) -> None:
    shape, reach = case
    dims = tuple(data.draw(st.permutations(range(len(shape)))))
    expected = dense(reach, shape).transpose((0, *(dim + 1 for dim in dims)))
    permuted = reach.permuted(dims)
    assert np.array_equal(dense(permuted, tuple(shape[dim] for dim in dims)), expected)


@given(shaped(), st.data())
def test_reshaping_is_numpys(case: tuple[Shape, Reach], data: st.DataObject) -> None:
    shape, reach = case
    divisors = [n for n in range(1, prod(shape) + 1) if prod(shape) % n == 0]
    first = data.draw(st.sampled_from(divisors))
    new = (first, prod(shape) // first, 1)
    expected = dense(reach, shape).reshape(2, *new)
    assert np.array_equal(dense(reach.reshaped(shape, new), new), expected)


@given(SHAPES, st.data())
def test_a_union_reaches_what_any_does(shape: Shape, data: st.DataObject) -> None:
    parts = data.draw(st.lists(reaches(shape), min_size=1, max_size=3))
    expected = np.min([dense(part, shape) for part in parts], axis=0)
    assert np.array_equal(dense(union(parts), shape), expected)
    assert union([*parts, None]) is None
    everything = merged(grid for part in parts for grid in part.grids)
    assert np.array_equal(dense(everything, shape), expected)
    stored = [grid.shape for grid in everything.grids]
    assert len(stored) == len(set(stored))


@given(SHAPES, st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple), st.data())
def test_tensors_end_to_end_are_numpys(
    shape: Shape, sizes: Sequence[int], data: st.DataObject
) -> None:
    dim = data.draw(st.integers(0, len(shape) - 1))
    shapes = [(*shape[:dim], size, *shape[dim + 1 :]) for size in sizes]
    parts = [data.draw(reaches(part)) for part in shapes]
    pairs = zip(parts, shapes, strict=True)
    expected = np.concatenate([dense(part, part_shape) for part, part_shape in pairs], dim + 1)
    whole = laid_end_to_end(parts, dim, tuple(sizes))
    assert np.array_equal(dense(whole, expected.shape[1:]), expected)
    assert laid_end_to_end([*parts, None], dim, (*sizes, 1)) is None


def test_a_unit_of_padding_reaches_nothing() -> None:
    behind = Reach.of_axis((2, 1, 3), 2).behind(2, sliding(1, 1, (2, 1)), 3, 6)
    assert behind is not None
    assert [behind.at((0, 0, unit)) for unit in range(6)] == [
        None,
        None,
        (0, 0),
        (1, 1),
        (2, 2),
        None,
    ]
    everywhere = Reach((Grid.of((0, 9), 3),)).behind(2, sliding(1, 1, (1, 0)), 3, 4)
    assert everywhere is not None
    assert [everywhere.at((0, 0, unit)) for unit in range(4)] == [None, *[(0, 9)] * 3]


def test_too_many_values_are_not_followed() -> None:
    row = Reach.of_axis((1, 1, 400, 400), 2)
    column = Reach.of_axis((1, 1, 400, 400), 3)
    both = union((row, column))
    assert both is not None
    assert LARGEST < 400 * 400
    assert both.spans is None
    assert both.at((0, 0, 3, 300)) == (3, 300)
    assert row.spans == frozenset((i, i) for i in range(400))
    assert row.behind(2, sliding(401, padding=(200, 200)), 400, 400) is None
    assert row.reshaped((1, 1, 400, 400), (1, 1, 160_000)) is None
    assert laid_end_to_end([both, both], 2, (400, 400)) is None
