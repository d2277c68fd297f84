"""Shapes of operations against torch's own functions, and what they refuse."""

from fractions import Fraction
from typing import Literal

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from mnistops.analysis.operations import (
    AdaptivePool,
    Convolution,
    Dropout,
    Flatten,
    Identity,
    Interpolate,
    Join,
    Linear,
    MatMul,
    Operation,
    Pointwise,
    Pool,
    Reduce,
    TransposedConvolution,
    Unsupported,
)
from mnistops.analysis.rearrangements import PixelShuffle
from mnistops.analysis.window import Shape, ShapeMismatch, Window

SIZES = st.integers(1, 9)
PAIRS = st.tuples(SIZES, SIZES)
ONE_BY_ONE = Window((1,), (1,), ((0, 0),), (1,))


def shape_of(tensor: Tensor) -> Shape:
    return tuple(tensor.shape)


@st.composite
def windows(draw: st.DrawFn, axes: int) -> Window:
    """Windows with the same padding before and after, at most half the kernel."""
    kernel = tuple(draw(st.integers(1, 4)) for _ in range(axes))
    padding = tuple((p, p) for p in (draw(st.integers(0, k // 2)) for k in kernel))
    stride = tuple(draw(st.integers(1, 3)) for _ in range(axes))
    dilation = tuple(draw(st.integers(1, 3)) for _ in range(axes))
    return Window(kernel, stride, padding, dilation, draw(st.booleans()))


@given(st.data(), st.integers(1, 3), st.sampled_from((1, 2)))
def test_convolutions_are_torchs(data: st.DataObject, axes: int, groups: int) -> None:
    window = data.draw(windows(axes))
    window = Window(window.kernel_size, window.stride, window.padding, window.dilation)
    sizes = tuple(data.draw(st.integers(1, 6)) for _ in range(axes))
    taken = (3, 2 * groups, *sizes)
    operation = Convolution(window, 2 * groups, 4, groups)
    weight = torch.zeros(4, 2, *window.kernel_size, device="meta")
    convolve = (functional.conv1d, functional.conv2d, functional.conv3d)[axes - 1]
    padding = [before for before, _ in window.padding]
    fits = all(
        n + 2 * p > d * (k - 1)
        for n, p, d, k in zip(sizes, padding, window.dilation, window.kernel_size, strict=True)
    )
    if not fits:
        with pytest.raises(ShapeMismatch, match="expected an input of at least"):
            operation.output_shape(taken)
        return
    images = torch.zeros(taken, device="meta")
    convolved = convolve(images, weight, None, window.stride, padding, window.dilation, groups)
    assert operation.output_shape(taken) == shape_of(convolved)


@given(st.data(), st.integers(1, 3), st.sampled_from((1, 2)))
def test_transposed_convolutions_are_torchs(data: st.DataObject, axes: int, groups: int) -> None:
    window = data.draw(windows(axes))
    window = Window(window.kernel_size, window.stride, window.padding, window.dilation)
    sizes = tuple(data.draw(st.integers(1, 5)) for _ in range(axes))
    # torch wants it smaller than stride or dilation.
    more = tuple(
        data.draw(st.integers(0, max(stride, dilation) - 1))
        for stride, dilation in zip(window.stride, window.dilation, strict=True)
    )
    taken = (3, 2 * groups, *sizes)
    operation = TransposedConvolution(window, more, 2 * groups, 4, groups)
    arguments = (window.stride, [p for p, _ in window.padding], more, groups, window.dilation)
    kind = ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")[axes - 1]
    weight = torch.zeros(2 * groups, 4 // groups, *window.kernel_size)
    try:
        expected = shape_of(getattr(torch, kind)(torch.zeros(taken), weight, None, *arguments))
    except RuntimeError:
        expected = (0,)
    if 0 in expected:  # torch does not refuse every image without pixels
        with pytest.raises(ShapeMismatch, match="expected an output of at least one unit"):
            operation.output_shape(taken)
    else:
        assert operation.output_shape(taken) == expected


@given(st.data(), st.integers(1, 3))
def test_max_pools_are_torchs(data: st.DataObject, axes: int) -> None:
    window = data.draw(windows(axes))
    taken = (2, 3, *(data.draw(SIZES) for _ in range(axes)))
    pool = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)[axes - 1]
    padding = [before for before, _ in window.padding]
    arguments = (window.kernel_size, window.stride, padding, window.dilation, window.ceil_mode)
    try:
        pooled = pool(torch.zeros(taken), *arguments)
    except RuntimeError:
        with pytest.raises(ShapeMismatch, match="expected an input of at least"):
            Pool(window, "max").output_shape(taken)
    else:
        assert Pool(window, "max").output_shape(taken) == shape_of(pooled)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.none() | st.integers(1, 9)), min_size=1, max_size=3)
)
def test_adaptive_pools_are_torchs(axes: list[tuple[int, int | None]]) -> None:
    taken, bins = (2, 3, *(n for n, _ in axes)), tuple(count for _, count in axes)
    kinds = (torch.nn.AdaptiveAvgPool1d, torch.nn.AdaptiveAvgPool2d, torch.nn.AdaptiveAvgPool3d)
    assume(len(bins) > 1 or bins[0] is not None)
    pooled = kinds[len(bins) - 1](bins if len(bins) > 1 else bins[0])(torch.zeros(taken))
    assert AdaptivePool(bins, "avg").output_shape(taken) == shape_of(pooled)


@given(
    kind=st.sampled_from(("nearest", "nearest-exact", "linear", "cubic")),
    sizes=PAIRS,
    wanted=PAIRS,
    scales=st.none() | st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_resized_images_are_torchs(
    kind: Literal["nearest", "nearest-exact", "linear", "cubic"],
    sizes: tuple[int, int],
    wanted: tuple[int, int],
    scales: tuple[int, int] | None,
) -> None:
    mode = {"linear": "bilinear", "cubic": "bicubic"}.get(kind, kind)
    images = torch.zeros(2, 3, *sizes)
    if scales is None:
        resized = functional.interpolate(images, size=wanted, mode=mode)
        operation = Interpolate(kind, wanted, (None, None))
    else:  # in eighths, which are floats without a rounding
        assume(all(n * s >= 8 for n, s in zip(sizes, scales, strict=True)))
        factors = tuple(s / 8 for s in scales)
        resized = functional.interpolate(images, scale_factor=factors, mode=mode)
        # The sizes are what the scales gave at some other size: they do not count.
        operation = Interpolate(kind, wanted, tuple(map(Fraction, factors)))
    assert operation.output_shape(shape_of(images)) == shape_of(resized)


@given(st.integers(1, 3), st.integers(1, 12), SIZES, SIZES, st.booleans())
def test_pixel_shuffles_are_torchs(
    factor: int, channels: int, height: int, width: int, is_reverse: bool
) -> None:
    images = torch.zeros(2, channels, height, width)
    shuffle = functional.pixel_unshuffle if is_reverse else functional.pixel_shuffle
    operation = PixelShuffle(factor, is_reverse)
    try:
        shuffled = shuffle(images, factor)
    except RuntimeError:
        with pytest.raises(ShapeMismatch, match=f"expected multiples of {factor}, got {channels}"):
            operation.output_shape(shape_of(images))
    else:
        assert operation.output_shape(shape_of(images)) == shape_of(shuffled)


@given(st.lists(st.integers(1, 5), min_size=2, max_size=5).map(tuple))
def test_flatten_is_torchs(shape: Shape) -> None:
    assert Flatten().output_shape(shape) == shape_of(torch.zeros(shape).flatten(1))


@given(st.lists(st.integers(1, 5), min_size=2, max_size=5).map(tuple), st.integers(1, 6))
def test_linear_layers_on_any_number_of_axes_are_torchs(shape: Shape, features: int) -> None:
    projected = functional.linear(torch.zeros(shape), torch.zeros(features, shape[-1]))
    assert Linear(shape[-1], features).output_shape(shape) == shape_of(projected)


@given(st.tuples(SIZES, SIZES, SIZES, SIZES), st.sampled_from(("both", "left", "right")))
def test_products_of_matrices_are_torchs(sizes: Shape, waiting: str) -> None:
    batch, rows, inner, columns = sizes
    left, right = (batch, rows, inner), (batch, inner, columns)
    expected = shape_of(torch.bmm(torch.zeros(left), torch.zeros(right)))
    match waiting:
        case "both":
            assert MatMul().output_shape(left, right) == expected
        case "left":
            assert MatMul(right=right).output_shape(left) == expected
        case _:
            assert MatMul(left=left).output_shape(right) == expected


@given(st.lists(SIZES, min_size=1, max_size=4).map(tuple), st.data(), st.booleans())
def test_reductions_are_torchs(shape: Shape, data: st.DataObject, keeps_dims: bool) -> None:
    dims = tuple(sorted(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))))
    reduced = torch.zeros(shape).sum(dims, keeps_dims)
    assert Reduce(dims, keeps_dims).output_shape(shape) == shape_of(reduced)


@pytest.mark.parametrize("operation", [Join((2,)), Dropout(0.5), Identity()], ids=str)
def test_some_keep_every_shape(operation: Join | Dropout | Identity) -> None:
    assert operation.output_shape((2, 3, 5)) == (2, 3, 5)


def test_what_has_no_rule_gives_the_shape_seen_and_no_other() -> None:
    operation = Unsupported(((2, 3, 4), (2, 3)), (2, 9))
    assert operation.output_shape((2, 3, 4), (2, 3)) == (2, 9)
    with pytest.raises(
        ShapeMismatch, match=r"^expected 3 x 4 and 3, the one shape seen, got 3 x 5 and 3$"
    ):
        operation.output_shape((2, 3, 5), (2, 3))


@pytest.mark.parametrize(
    ("operation", "shapes", "message"),
    [
        (Linear(9, 2), [(2, 8)], "expected 9 features, got 8"),
        (Linear(9, 2), [(2, 1, 3, 3)], "expected 9 features, got 1 x 3 x 3"),
        (Convolution(ONE_BY_ONE, 3, 2), [(2, 2, 5)], "expected 3 channels, got 2"),
        (
            Convolution(ONE_BY_ONE, 3, 4, groups=2),
            [(2, 3, 5)],
            r"expected channels in a multiple of 2 \(groups\), got 3",
        ),
        (
            Convolution(ONE_BY_ONE, 4, 3, groups=2),
            [(2, 4, 5)],
            r"expected channels in a multiple of 2 \(groups\), got 3",
        ),
        (Convolution(ONE_BY_ONE, 3, 4), [(2, 3)], "expected channels and 1 axes, got 3"),
        (Pool(ONE_BY_ONE, "avg"), [(2, 3)], "expected channels and 1 axes, got 3"),
        (AdaptivePool((1, 1), "avg"), [(2, 3, 4)], "expected channels and 2 axes, got 3 x 4"),
        (
            Interpolate("nearest", (4,), (None,)),
            [(2, 3, 4, 5)],
            "expected channels and 1 axes, got 3 x 4 x 5",
        ),
        (PixelShuffle(2), [(2, 6, 3, 3)], "expected multiples of 2, got 6 x 3 x 3"),
        (PixelShuffle(2, is_reverse=True), [(2, 1, 4, 3)], "multiples of 2, got 1 x 4 x 3"),
        (MatMul(), [(2, 3, 4), (2, 5, 3)], "expected factors that fit, got 2 x 3 x 4 by 2 x 5 x 3"),
        (MatMul(), [(2, 3, 4), (1, 4, 3)], "expected factors that fit, got 2 x 3 x 4 by 1 x 4 x 3"),
        (Pointwise(None), [(2, 3, 4), (2, 3, 5)], "expected equal shapes, got 3 x 4 and 3 x 5"),
    ],
)
def test_misfits_are_said(operation: Operation, shapes: list[Shape], message: str) -> None:
    with pytest.raises(ShapeMismatch, match=message + "$"):
        operation.output_shape(*shapes)


@given(st.lists(st.integers(1, 3), max_size=4).map(tuple), st.lists(st.integers(1, 3)).map(tuple))
def test_pointwise_operations_broadcast_their_constants_too(shape: Shape, constant: Shape) -> None:
    try:
        with torch.device("meta"):  # shapes alone: the real ones would not fit into memory
            expected = shape_of(torch.zeros(shape) + torch.zeros(constant))
    except RuntimeError:
        with pytest.raises(ShapeMismatch, match=r"^expected equal shapes, got "):
            Pointwise(None, constants=(constant,)).output_shape(shape)
    else:
        assert Pointwise(None, constants=(constant,)).output_shape(shape) == expected
        assert Pointwise(None).output_shape(constant, shape) == expected
