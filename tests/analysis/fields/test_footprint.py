"""Footprints: which units a unit takes, against torch run on an identity matrix."""

from collections.abc import Callable
from fractions import Fraction
from math import floor
from typing import Literal

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from mnistops.analysis.fields.footprint import LONGEST_PERIOD, Footprint, footprints, sliding
from mnistops.analysis.operations import (
    AdaptivePool,
    Convolution,
    Flatten,
    Interpolate,
    Linear,
    Operation,
    Pointwise,
    Pool,
    TransposedConvolution,
)
from mnistops.analysis.rearrangements import Pad, Permute, PixelShuffle, Select
from mnistops.analysis.window import Window

Kind = Literal["nearest", "nearest-exact", "linear", "cubic"]
UNITS = st.integers(1, 20)
KINDS = st.sampled_from(("nearest", "nearest-exact", "linear", "cubic"))
SLIDING = {
    "kernel": st.integers(1, 5),
    "stride": st.integers(1, 4),
    "padding": st.integers(0, 3),
    "dilation": st.integers(1, 3),
}


def taken_by_torch(run: Callable[[Tensor], Tensor], units: int) -> list[list[int]]:
    """Per output unit the inputs that it takes.

    Image i is 1 at unit i and 0 elsewhere: (units, 1, units, 1). All channels and columns of what
    comes back are taken together.
    """
    images = torch.eye(units, dtype=torch.float64).reshape(units, 1, units, 1)
    weights = run(images).abs().sum((1, 3))
    return [(column > 1e-6).nonzero().flatten().tolist() for column in weights.T]


def taken_here(footprint: Footprint, units: int, given: int) -> list[list[int]]:
    return [footprint.taken_by(unit, units) for unit in range(given)]


def footprint_of(operation: Operation, units: int) -> Footprint:
    """Along the height of images with one column."""
    return footprints(operation, (2, 1, units, 1))[2]


def column(kernel: int, stride: int, padding: int, dilation: int) -> Window:
    """A window that slides down images with one column."""
    return Window((kernel, 1), (stride, 1), ((padding, padding), (0, 0)), (dilation, 1))


@given(units=UNITS, **SLIDING)
def test_convolutions_are_torchs(
    units: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    assume(units + 2 * padding > dilation * (kernel - 1))
    weight = torch.ones(1, 1, kernel, 1, dtype=torch.float64)
    margins = (padding, 0)
    expected = taken_by_torch(
        lambda x: torch.conv2d(x, weight, None, (stride, 1), margins, (dilation, 1)), units
    )
    operation = Convolution(column(kernel, stride, padding, dilation), 1, 1)
    assert taken_here(footprint_of(operation, units), units, len(expected)) == expected


@given(units=UNITS, ceil_mode=st.booleans(), **SLIDING)
def test_pools_are_torchs(
    units: int, ceil_mode: bool, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    assume(2 * padding <= kernel and units + 2 * padding > dilation * (kernel - 1))
    if dilation == 1:
        pool = torch.nn.AvgPool2d((kernel, 1), (stride, 1), (padding, 0), ceil_mode)
        expected = taken_by_torch(pool, units)
    else:  # in a maximum an identity matrix shows the same
        expected = taken_by_torch(
            lambda x: functional.max_pool2d(
                x, (kernel, 1), (stride, 1), (padding, 0), (dilation, 1), ceil_mode
            ).clamp(min=0),
            units,
        )
    operation = Pool(column(kernel, stride, padding, dilation), "avg")
    assert taken_here(footprint_of(operation, units), units, len(expected)) == expected


@given(units=UNITS, more=st.integers(0, 3), **SLIDING)
def test_transposed_convolutions_are_torchs(
    units: int, more: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    assume(more < max(stride, dilation))
    assume((units - 1) * stride - 2 * padding + dilation * (kernel - 1) + more + 1 > 0)
    weight = torch.ones(1, 1, kernel, 1, dtype=torch.float64)
    expected = taken_by_torch(
        lambda x: torch.conv_transpose2d(
            x, weight, None, (stride, 1), (padding, 0), (more, 0), 1, (dilation, 1)
        ),
        units,
    )
    window = column(kernel, stride, padding, dilation)
    footprint = footprint_of(TransposedConvolution(window, (more, 0), 1, 1), units)
    assert taken_here(footprint, units, len(expected)) == expected


@given(st.integers(1, 30), st.integers(1, 30))
def test_adaptive_bins_are_torchs(units: int, bins: int) -> None:
    pool = torch.nn.AdaptiveAvgPool2d((bins, 1))
    footprint = footprint_of(AdaptivePool((bins, None), "avg"), units)
    assert taken_here(footprint, units, bins) == taken_by_torch(pool, units)


def resized(
    kind: Kind, units: int, size: int | None, scale: float | None, align_corners: bool
) -> tuple[Footprint, list[list[int]], list[list[int]]]:
    """The footprint of a resizing, and what each unit takes here and in torch."""
    mode = {"linear": "bilinear", "cubic": "bicubic"}.get(kind, kind)
    corners = align_corners if kind in ("linear", "cubic") else None
    expected = taken_by_torch(
        lambda x: functional.interpolate(
            x,
            size=None if size is None else (size, 1),
            scale_factor=None if scale is None else (scale, 1.0),
            mode=mode,
            align_corners=corners,
        ),
        units,
    )
    limited = None if scale is None else Fraction(scale).limit_denominator(1 << 16)
    scales = (None, None) if limited is None else (limited, Fraction(1))
    operation = Interpolate(kind, (size or 1, 1), scales, bool(corners))
    footprint = footprint_of(operation, units)
    return footprint, taken_here(footprint, units, len(expected)), expected


def expect_same(
    kind: Kind, step: Fraction, taken: list[list[int]], expected: list[list[int]]
) -> None:
    """Where a unit's place is on an edge, torch's floats may fall to the side below."""
    shift = {"nearest": Fraction(0), "nearest-exact": Fraction(1, 2)}.get(kind)
    assert len(taken) == len(expected)
    for unit, (mine, its) in enumerate(zip(taken, expected, strict=True)):
        on_edge = shift is not None and ((unit + shift) * step).denominator == 1
        assert mine == its or (on_edge and [mine[0] - 1] == its)


@given(KINDS, UNITS, st.integers(1, 40), st.booleans())
def test_images_resized_to_a_size_are_torchs(
    kind: Kind, units: int, size: int, align_corners: bool
) -> None:
    _, taken, expected = resized(kind, units, size, None, align_corners)
    expect_same(kind, Fraction(units, size), taken, expected)


@given(KINDS, UNITS, st.fractions(Fraction(1, 3), 4, max_denominator=10), st.booleans())
def test_images_resized_by_a_scale_are_torchs(
    kind: Kind, units: int, scale: Fraction, align_corners: bool
) -> None:
    size = floor(units * scale)
    assume(size >= 1)
    assume(scale in (1, 2) or size not in (units, 2 * units))  # see below
    footprint, taken, expected = resized(kind, units, None, float(scale), align_corners)
    expect_same(kind, 1 / scale, taken, expected)
    assert footprint.is_periodic


@pytest.mark.parametrize("kind", ["nearest", "linear"])
def test_a_scale_that_changes_no_size_changes_nothing(kind: Kind) -> None:
    _, taken, expected = resized(kind, 10, None, 1.05, False)
    assert expected == [[unit] for unit in range(10)]
    assert taken == expected


def test_a_scale_that_doubles_the_size_doubles_each_unit() -> None:
    _, taken, expected = resized("nearest", 3, None, 2.3, False)
    assert expected == [[0], [0], [1], [1], [2], [2]]
    assert taken == expected


def test_a_period_that_is_too_long_is_not_followed() -> None:
    scale = 40001 / 10000
    footprint, taken, expected = resized("linear", 10, None, scale, False)
    assert Fraction(scale).limit_denominator(1 << 16).numerator > LONGEST_PERIOD
    assert not footprint.is_periodic
    assert taken == expected


@given(st.integers(1, 4), UNITS, st.booleans())
def test_pixel_shuffles_are_torchs(factor: int, units: int, is_reverse: bool) -> None:
    def run(images: Tensor) -> Tensor:
        if is_reverse:
            return functional.pixel_unshuffle(images.expand(-1, -1, -1, factor), factor)
        return functional.pixel_shuffle(images.expand(-1, factor**2, -1, -1), factor)

    units = units * factor if is_reverse else units
    expected = taken_by_torch(run, units)
    shape = (2, 1, units, factor) if is_reverse else (2, factor**2, units, 1)
    both = footprints(PixelShuffle(factor, is_reverse), shape)
    assert both[2] == both[3]
    assert taken_here(both[2], units, len(expected)) == expected


@given(st.integers(1, 9), st.integers(-4, 4), st.integers(-4, 4))
def test_pads_are_torchs(units: int, before: int, after: int) -> None:
    assume(units + before + after > 0 and units + min(before, 0) + min(after, 0) >= 0)
    expected = taken_by_torch(lambda x: functional.pad(x, (0, 0, before, after)), units)
    found = footprints(Pad(((0, 0), (0, 0), (before, after), (0, 0))), (2, 1, units, 1))
    if before == after == 0:
        assert found == {}
    else:
        assert list(found) == [2]
        assert taken_here(found[2], units, len(expected)) == expected


@given(st.integers(1, 12), st.data())
def test_selections_are_torchs(units: int, data: st.DataObject) -> None:
    start, stop = data.draw(st.integers(0, units - 1)), data.draw(st.integers(1, units))
    every = tuple(range(units))
    shift = data.draw(st.integers(-units, units))
    indices = data.draw(
        st.one_of(
            st.just(range(start, stop, data.draw(st.integers(1, 3)))).filter(len),
            st.just(every[::-1]),
            st.just(tuple((i - shift) % units for i in every)),
            st.lists(st.sampled_from(every), min_size=1, max_size=9).map(tuple),
        )
    )
    order = torch.tensor(list(indices))
    expected = taken_by_torch(lambda x: x.index_select(2, order), units)
    found = footprints(Select(2, indices), (2, 1, units, 1))
    if tuple(indices) == every:
        assert found == {}
    else:
        assert taken_here(found[2], units, len(expected)) == expected


def test_a_slice_of_nothing_has_no_units() -> None:
    found = footprints(Select(2, range(0)), (2, 1, 5, 1))
    assert all(footprint.taken_by(0, 5) == [] for footprint in found.values())


def test_a_slice_is_a_window_of_one_unit() -> None:
    assert footprints(Select(2, range(3, 9, 2)), (2, 1, 9)) == {2: Footprint(((3,),), 2, 1, 2)}
    assert footprints(Select(2, range(8, -1, -1)), (2, 1, 9)) == {2: Footprint(((8,),), -1, 1, -1)}
    assert not footprints(Select(2, (1, 0, 2)), (2, 1, 3))[2].is_periodic


@pytest.mark.parametrize(
    "operation", [Flatten(), Pointwise("input"), Linear(4, 2), Permute((0, 1, 3, 2))], ids=str
)
def test_what_leaves_units_in_their_places_has_no_footprint(operation: Operation) -> None:
    assert footprints(operation, (2, 3, 5, 4)) == {}


def test_what_changes_nothing_is_said_to() -> None:
    still = (sliding(1), Footprint(((0,), (1,)), 2))
    moved = (sliding(2), sliding(1, 2), sliding(1, 1, (1, 1)), Footprint(((0,), (1,)), 3))
    assert all(footprint.changes_nothing for footprint in still)
    assert not any(footprint.changes_nothing for footprint in moved)


def test_uneven_bins_repeat() -> None:
    kept, binned = footprints(AdaptivePool((None, 7), "avg"), (2, 1, 5, 10)).values()
    assert kept.changes_nothing
    assert (binned.stride, binned.kernel_size) == (Fraction(10, 7), 3)
    four_of_six = footprint_of(AdaptivePool((4, 1), "avg"), 6)
    assert (len(four_of_six.taps), four_of_six.advance) == (2, 3)
    assert [four_of_six.virtual(unit) for unit in (2, -1)] == [[3, 4], [-2, -1]]


def test_even_bins_are_a_plain_window() -> None:
    assert footprint_of(AdaptivePool((4, 1), "avg"), 12) == sliding(3, 3)
    assert footprint_of(AdaptivePool((4, 1), "avg"), 5) == sliding(2, 1)
