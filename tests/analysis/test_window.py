"""Windows: the sizes that a sliding kernel gives, against torch's own pooling."""

from collections.abc import Sequence

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch.nn import functional

from mnistops.analysis.window import Shape, ShapeMismatch, Window, broadcast, same_padding, times


@given(
    size=st.integers(1, 40),
    kernel=st.integers(1, 6),
    stride=st.integers(1, 5),
    padding=st.integers(0, 3),
    dilation=st.integers(1, 4),
    ceil_mode=st.booleans(),
)
def test_output_sizes_are_torchs(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> None:
    assume(2 * padding <= kernel)
    window = Window((kernel,), (stride,), ((padding, padding),), (dilation,), ceil_mode)
    images = torch.zeros(1, 1, size)
    try:
        expected = torch.max_pool1d(images, kernel, stride, padding, dilation, ceil_mode).shape[-1]
    except RuntimeError:
        with pytest.raises(ShapeMismatch, match="expected an input of at least"):
            window.output_size((size,))
    else:
        assert window.output_size((size,)) == (expected,)


@given(
    size=st.integers(1, 20),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 3),
    before=st.integers(0, 4),
    after=st.integers(0, 4),
)
def test_uneven_padding_is_that_of_a_padded_input(
    size: int, kernel: int, stride: int, before: int, after: int
) -> None:
    assume(size + before + after >= kernel)
    window = Window((kernel,), (stride,), ((before, after),), (1,))
    images = functional.pad(torch.zeros(1, 1, size), (before, after))
    convolved = torch.conv1d(images, torch.zeros(1, 1, kernel), None, stride)
    assert window.output_size((size,)) == tuple(convolved.shape[2:])


@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 30))
def test_same_padding_keeps_the_size(kernel: int, dilation: int, size: int) -> None:
    padding = same_padding((kernel,), (dilation,))
    assert Window((kernel,), (1,), padding, (dilation,)).output_size((size,)) == (size,)
    assert padding[0][0] <= padding[0][1] <= padding[0][0] + 1


@given(st.integers(1, 6), st.integers(1, 3), st.integers(1, 12))
def test_same_padding_is_torchs(kernel: int, dilation: int, size: int) -> None:
    ((before, after),) = same_padding((kernel,), (dilation,))
    weight = torch.arange(1.0, kernel + 1).reshape(1, 1, -1)
    images = torch.arange(1.0, size + 1).reshape(1, 1, -1)
    same = torch.conv1d(images, weight, padding="same", dilation=dilation)
    padded = torch.conv1d(functional.pad(images, (before, after)), weight, dilation=dilation)
    assert torch.equal(same, padded)


def test_the_smallest_input_fits_once() -> None:
    window = Window((3, 5), (2, 2), ((1, 1), (0, 1)), (2, 1))
    assert window.smallest_input() == (3, 4)
    assert window.output_size((3, 4)) == (1, 1)
    with pytest.raises(
        ShapeMismatch,
        match=r"^expected an input of at least 3 x 4 pixels, got 2 x 4 "
        r"\(the output would be 0 x 1\)$",
    ):
        window.output_size((2, 4))


@given(st.lists(st.lists(st.integers(1, 3), max_size=4).map(tuple), min_size=1, max_size=3))
def test_broadcasting_is_torchs(shapes: Sequence[Shape]) -> None:
    try:
        expected = sum((torch.zeros(shape) for shape in shapes), torch.zeros(())).shape
    except RuntimeError:
        with pytest.raises(ShapeMismatch, match=r"^expected equal shapes, got "):
            broadcast(*shapes)
    else:
        assert broadcast(*shapes) == tuple(expected)


def test_sizes_are_written_with_a_cross() -> None:
    assert times((28, 28)) == "28 x 28"
    assert times((7,)) == "7"
