"""Shapes of what only moves values about, against torch's own views, pads and concatenations."""

from math import prod

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch.nn import functional

from mnistops.analysis.rearrangements import (
    Concatenate,
    Expand,
    Pad,
    Permute,
    Rearrangement,
    Reshape,
    Select,
)
from mnistops.analysis.window import Shape, ShapeMismatch

SHAPES = st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple)


@given(SHAPES, SHAPES)
def test_a_reshape_takes_as_many_values_and_no_others(old: Shape, new: Shape) -> None:
    try:
        expected = tuple(torch.zeros(old).reshape(new).shape)
    except RuntimeError:
        assert prod(old) != prod(new)
        with pytest.raises(ShapeMismatch, match=r"^expected as many values as in "):
            Reshape(new).output_shape(old)
    else:
        assert Reshape(new).output_shape(old) == expected


@given(SHAPES, st.data())
def test_a_permutation_is_torchs(shape: Shape, data: st.DataObject) -> None:
    dims = tuple(data.draw(st.permutations(range(len(shape)))))
    assert Permute(dims).output_shape(shape) == tuple(torch.zeros(shape).permute(dims).shape)


@given(SHAPES, SHAPES)
def test_an_expansion_is_torchs(old: Shape, new: Shape) -> None:
    old = old[-len(new) :]
    try:
        expected = tuple(torch.zeros(old).expand(new).shape)
    except RuntimeError:
        with pytest.raises(ShapeMismatch, match=r"^expected to expand to "):
            Expand(new).output_shape(old)
    else:
        assert Expand(new).output_shape(old) == expected


@given(SHAPES, st.data())
def test_a_selection_is_torchs(shape: Shape, data: st.DataObject) -> None:
    dim = data.draw(st.integers(0, len(shape) - 1))
    indices = data.draw(st.lists(st.integers(0, 7), max_size=8))
    try:
        expected = tuple(
            torch.zeros(shape).index_select(dim, torch.tensor(indices, dtype=torch.long)).shape
        )
    except (IndexError, RuntimeError):
        least = max(indices) + 1
        with pytest.raises(
            ShapeMismatch, match=rf"^expected at least {least} entries, got {shape[dim]}$"
        ):
            Select(dim, tuple(indices)).output_shape(shape)
    else:
        assert Select(dim, tuple(indices)).output_shape(shape) == expected


@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.integers(-3, 4), st.integers(-3, 4)),
        min_size=1,
        max_size=4,
    )
)
def test_a_pad_is_torchs(dims: list[tuple[int, int, int]]) -> None:
    shape = tuple(n for n, _, _ in dims)
    padding = tuple((before, after) for _, before, after in dims)
    if min(n + before + after for n, before, after in dims) < 1:
        with pytest.raises(ShapeMismatch, match=r"^expected something left, got "):
            Pad(padding).output_shape(shape)
        return
    # torch counts the dimensions from the last one.
    backwards = [margin for pair in reversed(padding) for margin in pair]
    assume(all(n + min(a, 0) + min(b, 0) >= 0 for n, a, b in dims))  # torch cuts first
    expected = tuple(functional.pad(torch.zeros(shape), backwards).shape)
    assert Pad(padding).output_shape(shape) == expected


@given(SHAPES, st.data())
def test_a_concatenation_is_torchs(shape: Shape, data: st.DataObject) -> None:
    dim = data.draw(st.integers(0, len(shape) - 1))
    parts = data.draw(
        st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=4).filter(
            lambda parts: any(depends for _, depends in parts)
        )
    )
    shapes = [(*shape[:dim], size, *shape[dim + 1 :]) for size, _ in parts]
    expected = tuple(torch.cat([torch.zeros(s) for s in shapes], dim).shape)
    operation = Concatenate(dim, tuple(None if depends else size for size, depends in parts))
    waiting = [s for s, (_, depends) in zip(shapes, parts, strict=True) if depends]
    assert operation.output_shape(*waiting) == expected


@pytest.mark.parametrize(
    ("operation", "shapes", "message"),
    [
        (Reshape((2, 12)), [(2, 3, 5)], "expected as many values as in 12, got 3 x 5"),
        (Expand((2, 3, 4)), [(2, 3, 2)], "expected to expand to 2 x 3 x 4, got 2 x 3 x 2"),
        (Select(2, range(1, 7, 2)), [(2, 3, 5)], "expected at least 6 entries, got 5"),
        (Pad(((0, 0), (-1, -2))), [(2, 3)], "expected something left, got 2 x 0"),
        (
            Concatenate(1, (None, None)),
            [(2, 3, 4), (2, 5, 6)],
            "expected shapes that differ in one dimension, got 3 x 4 and 5 x 6",
        ),
    ],
)
def test_misfits_are_said(operation: Rearrangement, shapes: list[Shape], message: str) -> None:
    with pytest.raises(ShapeMismatch, match=rf"^{message}$"):
        operation.output_shape(*shapes)
