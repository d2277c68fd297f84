"""Footprints: which units a unit takes, against torch's own pooling."""

from fractions import Fraction

import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from mnistops.analysis.footprint import footprints
from mnistops.analysis.operations import AdaptivePool, Flatten, Linear, Pointwise, Pool, Window


def taken_by_torch(pooled: torch.Tensor) -> list[list[int]]:
    """Per output unit the inputs it takes, where input i is 1 in row i alone and 0 elsewhere."""
    return [column.nonzero().flatten().tolist() for column in pooled[:, 0].T]


@given(st.integers(1, 30), st.integers(1, 30))
def test_adaptive_bins_are_torchs(units: int, bins: int) -> None:
    (taken,) = footprints(AdaptivePool((bins,), "avg"), (units,))
    pooled = torch.nn.functional.adaptive_avg_pool1d(torch.eye(units).unsqueeze(1), bins)
    assert [list(taken.taken_by(unit, units)) for unit in range(bins)] == taken_by_torch(pooled)


@given(
    units=st.integers(1, 30),
    kernel=st.integers(1, 6),
    stride=st.integers(1, 4),
    padding=st.integers(0, 3),
    dilation=st.integers(1, 4),
)
def test_windows_are_torchs(
    units: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    assume(units + 2 * padding > dilation * (kernel - 1))
    window = Window((kernel,), (stride,), ((padding, padding),), (dilation,))
    (taken,) = footprints(Pool(window, "max"), (units,))
    weight = torch.ones(1, 1, kernel)
    convolved = torch.conv1d(torch.eye(units).unsqueeze(1), weight, None, stride, padding, dilation)
    expected = taken_by_torch(convolved)
    assert [list(taken.taken_by(unit, units)) for unit in range(len(expected))] == expected


def test_what_joins_and_what_does_not() -> None:
    whole = footprints(Flatten(), (5, 3))
    assert [(axis.kernel_size, axis.stride, axis.last) for axis in whole] == [(5, 1, 4), (3, 1, 2)]
    assert footprints(Flatten(), (1, 1)) == ()
    assert footprints(Pointwise("input"), (5, 3)) == ()
    assert [axis.kernel_size for axis in footprints(Linear(4, 2), (1, 1))] == [1, 1]
    kept, binned = footprints(AdaptivePool((None, 1), "max"), (5, 3))
    assert (kept.kernel_size, binned.kernel_size) == (1, 3)


def test_uneven_bins_have_a_bound() -> None:
    (taken,) = footprints(AdaptivePool((7,), "avg"), (10,))
    assert not taken.is_exact
    assert (taken.stride, taken.kernel_size) == (Fraction(10, 7), 3)
    for unit in range(7):
        inside = taken.taken_by(unit, 10)
        assert taken.first + unit * taken.stride <= inside[0]
        assert inside[-1] <= taken.last + unit * taken.stride
