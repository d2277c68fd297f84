"""Stand-ins for windows: each unit sees the pixels that torch's own gradients tell."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from mnistops.analysis.probing.windows import slid
from tests.analysis.probing.probed import (
    Calls,
    assert_all_equal,
    assert_sees_as_torch,
    conv,
    probed,
    touched,
)


def test_pools_into_equal_bins_keep_their_length_as_the_input_grows() -> None:
    module = nn.Sequential(conv(3, padding=1), nn.AdaptiveAvgPool2d(7), nn.Conv2d(2, 2, 3))
    assert_all_equal(probed(module, (2, 14, 14)), "exact", "exact", "exact")


@pytest.mark.parametrize(
    "options",
    [
        {"stride": 2},
        {"padding": (1, 2), "dilation": (2, 1)},
        {"stride": (3, 1), "dilation": 2, "padding": 2},
        {"padding": "same", "dilation": (1, 2)},
        {"padding": "valid"},
    ],
)
def test_a_convolution_sees_what_torchs_sees(options: dict[str, Any]) -> None:
    assert_sees_as_torch(conv((3, 2), **options), (2, 9, 8))


@pytest.mark.parametrize(
    "options",
    [
        {"stride": 2},
        {"stride": (3, 2), "padding": (1, 0), "output_padding": 1},
        {"stride": (1, 2), "padding": 1, "dilation": (2, 1)},
    ],
)
def test_a_transposed_convolution_sees_what_torchs_sees(options: dict[str, Any]) -> None:
    assert_sees_as_torch(nn.ConvTranspose2d(2, 2, (3, 2), **options), (2, 5, 4))


@pytest.mark.parametrize("ceil_mode", [False, True])
def test_an_average_pool_sees_what_torchs_sees(ceil_mode: bool) -> None:
    assert_sees_as_torch(nn.AvgPool2d(3, (2, 3), 1, ceil_mode), (2, 8, 9))
    assert_sees_as_torch(nn.AdaptiveAvgPool2d((3, 4)), (2, 8, 9))


def test_a_maximum_may_come_from_the_whole_window() -> None:
    images = torch.zeros(1, 1, 9, 9, dtype=torch.double)
    pool = nn.MaxPool2d(3, 2, padding=1, dilation=2)
    found = touched(pool, (1, 9, 9), (1, 2))
    before = pool(images)[0, 0, 1, 2]
    for row, column in ((r, c) for r in range(9) for c in range(9)):
        one = images.clone()
        one[0, 0, row, column] = 1
        assert (pool(one)[0, 0, 1, 2] > before) == found[row, column]


@given(
    st.integers(1, 12), st.integers(1, 4), st.integers(1, 3), st.integers(0, 3), st.integers(1, 3)
)
def test_slid_is_the_mean_over_each_window(
    n: int, kernel: int, stride: int, before: int, dilation: int
) -> None:
    values = torch.arange(1.0, n + 1, dtype=torch.double)[None, None, :].expand(2, 3, n)
    taps = [range(u * stride - before, 99, dilation)[:kernel] for u in range(4)]
    expected = [sum(t + 1 for t in each if 0 <= t < n) / kernel for each in taps]
    found = slid(values, 1, 4, kernel, stride, before, dilation)
    assert found.shape == (2, 3, 4)
    torch.testing.assert_close(found[1, 2].tolist(), [float(value) for value in expected])


def test_groups_of_channels_stay_apart() -> None:
    def forward(images: Tensor, a: nn.Module, b: nn.Module) -> Any:
        both = torch.cat([images, a(images)], 1)
        return b(both)[:, :2]

    grouped = nn.Conv2d(4, 4, 1, groups=2)
    found = touched(Calls(forward, conv(3, padding=1), grouped), (2, 9, 9), (4, 4))
    assert found.nonzero().tolist() == [[4, 4]]
