"""Layouts against numpy: every value keeps its place along the axes of the input."""

from collections.abc import Iterator
from math import prod

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mnistops.analysis.fields.layout import Factor, Layout
from mnistops.analysis.window import Shape

Coordinates = NDArray[np.int64]


def shape_of(layout: Layout) -> Shape:
    return tuple(prod(n for _, n in factors) for factors in layout.dims)


def coordinates(layout: Layout, axis: int, shape: Shape) -> Coordinates:
    """Where each value of a tensor of this shape stands along an axis, as the layout tells it."""
    flat = [factor for factors in layout.dims for factor in factors]
    place = next(i for i, (a, _) in enumerate(flat) if a == axis)
    sizes = [n for _, n in flat]
    places: Coordinates = np.indices(sizes)[place]
    return places.reshape(shape)


@st.composite
def factor_lists(draw: st.DrawFn) -> list[Factor]:
    """Up to three axes, each in one piece, and features and images between them."""
    axes = draw(st.permutations(range(draw(st.integers(0, 3)))))
    others = draw(st.lists(st.none(), min_size=not axes, max_size=2))
    kinds = draw(st.permutations([*axes, *others]))
    return [(kind, draw(st.sampled_from((1, 2, 3, 4, 6)))) for kind in kinds]


def grouped(draw: st.DrawFn, factors: list[Factor]) -> Iterator[tuple[Factor, ...]]:
    """The factors in dimensions, with dimensions of size 1 among them."""
    waiting: list[Factor] = []
    for factor in factors:
        waiting.append(factor)
        if draw(st.booleans()):
            yield tuple(waiting)
            waiting = []
            if draw(st.booleans()):
                yield ()
    yield tuple(waiting)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    return Layout(tuple(grouped(draw, draw(factor_lists()))))


@st.composite
def shapes(draw: st.DrawFn, values: int) -> Shape:
    """Any shape of so many values."""
    sizes = []
    while values > 1 and draw(st.booleans()):
        sizes.append(draw(st.sampled_from([n for n in range(1, values + 1) if values % n == 0])))
        values //= sizes[-1]
    return (*sizes, values)


def expect_kept(old: Layout, new: Shape) -> frozenset[int]:
    """Every axis stands where numpy puts it, or is said to be split; these are returned."""
    layout, split = old.reshaped(new)
    assert shape_of(layout) == new
    axes = {axis for dim in range(len(old.dims)) for axis in old.axes(dim)}
    kept = [axis for dim in range(len(layout.dims)) for axis in layout.axes(dim)]
    assert len(kept) == len(set(kept))
    assert split <= axes
    assert set(kept) <= axes - split
    # An axis with one unit may be left without a dimension; no other is.
    assert all(layout.units(axis) == old.units(axis) for axis in axes - split)
    for axis in kept:
        before = coordinates(old, axis, shape_of(old))
        assert np.array_equal(coordinates(layout, axis, new), before.reshape(new))
    return split


@given(layouts(), st.data())
def test_reshaping_is_numpys(layout: Layout, data: st.DataObject) -> None:
    expect_kept(layout, data.draw(shapes(prod(shape_of(layout)))))


@given(factor_lists(), st.data())
def test_whole_axes_are_kept_however_they_are_grouped(
    factors: list[Factor], data: st.DataObject
) -> None:
    @st.composite
    def layouts_of_them(draw: st.DrawFn) -> Layout:
        return Layout(tuple(grouped(draw, factors)))

    old, new = data.draw(layouts_of_them()), data.draw(layouts_of_them())
    assert expect_kept(old, shape_of(new)) == frozenset()


def test_images_become_tokens_and_images_again() -> None:
    images = Layout.of_images((2, 8, 14, 7))
    assert images.dims == (((None, 2),), ((None, 8),), ((0, 14),), ((1, 7),))
    tokens, split = images.reshaped((2, 8, 98))
    assert tokens.dims == (((None, 2),), ((None, 8),), ((0, 14), (1, 7)))
    assert not split
    assert tokens.reshaped((2, 8, 14, 7)) == (images, frozenset())


def test_windows_of_attention_split_their_axis() -> None:
    images = Layout.of_images((2, 8, 14, 7))
    windows, split = images.reshaped((2, 8, 2, 7, 7))
    assert split == {0}
    assert windows.dims[2:] == (((None, 2),), ((None, 7),), ((1, 7),))


def test_features_may_be_split_into_heads() -> None:
    tokens = Layout((((None, 2),), ((0, 14), (1, 7)), ((None, 12),)))
    heads, split = tokens.reshaped((2, 98, 3, 4))
    assert heads.dims == (((None, 2),), ((0, 14), (1, 7)), ((None, 3),), ((None, 4),))
    assert not split


def test_what_is_cut_across_dimensions_is_scrambled() -> None:
    layout, split = Layout.of_images((2, 3, 4, 5)).reshaped((2, 5, 4, 3))
    assert split == {0, 1}
    assert layout.dims == (((None, 2),), ((None, 5),), ((None, 4),), ((None, 3),))


def test_axes_with_one_unit_keep_a_dimension_of_their_own() -> None:
    pooled = Layout.of_images((2, 8, 1, 1))
    vector, split = pooled.reshaped((2, 8))
    assert not split
    assert {vector.where(0), vector.where(1)} == {1}
    again, _ = vector.reshaped((2, 8, 1, 1))
    assert shape_of(again) == (2, 8, 1, 1)
    assert {again.units(0), again.units(1)} == {1}


def test_dimensions_are_asked_about() -> None:
    tokens = Layout((((None, 2),), ((0, 14), (1, 7)), ((None, 12),)))
    assert tokens.axes(1) == (0, 1)
    assert tokens.axes(2) == ()
    assert tokens.only_axis(1) is None
    assert tokens.only_axis(2) is None
    assert (tokens.where(1), tokens.where(2)) == (1, None)
    assert (tokens.units(0), tokens.units(1), tokens.units(2)) == (14, 7, 1)
    images = Layout.of_images((2, 3, 5, 4))
    assert [images.only_axis(dim) for dim in range(4)] == [None, None, 0, 1]
    assert [images.where(axis) for axis in range(2)] == [2, 3]


def test_one_unit_along_each_axis_does_not_vary() -> None:
    assert Layout.of_images((2, 3, 5, 1)).varies()
    assert not Layout.of_images((2, 3, 1, 1)).varies()
    assert not Layout.of_images((2, 3)).varies()


def test_dimensions_come_and_go() -> None:
    images = Layout.of_images((2, 3, 5, 4))
    assert images.permuted((0, 2, 3, 1)).dims == (
        ((None, 2),),
        ((0, 5),),
        ((1, 4),),
        ((None, 3),),
    )
    assert images.without((1, 3)).dims == (((None, 2),), ((0, 5),))
    assert images.replaced(2, (0, 2)).dims[2] == ((0, 2),)
    assert images.replaced(2).dims == (((None, 2),), ((None, 3),), (), ((1, 4),))
    assert Layout.of_images((2, 3)).of_rank(4).dims == ((), (), ((None, 2),), ((None, 3),))
    assert images.of_rank(4) == images
