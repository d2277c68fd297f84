"""Shapes of operations, and what they refuse."""

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from mnistops.analysis.operations import (
    Convolution,
    Linear,
    ShapeMismatch,
    Window,
    same_padding,
)


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


@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 30))
def test_same_padding_keeps_the_size(kernel: int, dilation: int, size: int) -> None:
    padding = same_padding((kernel,), (dilation,))
    assert Window((kernel,), (1,), padding, (dilation,)).output_size((size,)) == (size,)
    assert padding[0][0] <= padding[0][1] <= padding[0][0] + 1


def test_the_smallest_input_fits_once() -> None:
    window = Window((3, 5), (2, 2), ((1, 1), (0, 1)), (2, 1))
    assert window.smallest_input() == (3, 4)
    assert window.output_size((3, 4)) == (1, 1)
    with pytest.raises(ShapeMismatch, match="at least 3 x 4 pixels, got 2 x 4"):
        window.output_size((2, 4))


@pytest.mark.parametrize(
    ("operation", "shape", "message"),
    [
        (Linear(9, 2), (8,), "expected 9 features, got 8"),
        (Linear(9, 2), (1, 3, 3), "expected 9 features, got 1 x 3 x 3"),
        (
            Convolution(Window((1,), (1,), ((0, 0),), (1,)), 3, 2),
            (2, 5),
            "expected 3 channels, got 2",
        ),
        (
            Convolution(Window((1,), (1,), ((0, 0),), (1,)), 3, 4, groups=2),
            (3, 5),
            r"expected channels in a multiple of 2 \(groups\), got 3",
        ),
        (
            Convolution(Window((1,), (1,), ((0, 0),), (1,)), 3, 4),
            (3,),
            "expected channels and 1 axes, got 3",
        ),
    ],
)
def test_misfits_are_said(
    operation: Linear | Convolution, shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ShapeMismatch, match=message):
        operation.output_shape(shape)
