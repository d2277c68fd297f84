"""The growth of the input: large enough for every field, in step with every stride."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from mnistops.analysis.probing.growth import LARGEST, Slide, grown_sizes, margins, slides
from tests.analysis.probing.probed import (
    Calls,
    assert_all_equal,
    conv,
    probed,
    rows_of,
)


def test_what_takes_no_larger_input_is_probed_at_its_own() -> None:
    def forward(images: Tensor, a: nn.Module, b: nn.Module) -> Any:
        return b(a(images).view(-1, 2, 10, 10))

    pairs = probed(Calls(forward, conv(3), conv(3)), (2, 12, 12))
    assert_all_equal(pairs[:1], "exact")
    last = pairs[-1][1]
    assert last.verdict == "agrees"
    assert last.reason == "at the given size: inside the clipped field"


def test_a_slide_finds_the_unit_nearest_to_a_pixel() -> None:
    slide = Slide(size=3, start=-1, jump=2, units=5)
    assert [slide.first(unit) for unit in (0, 1, 4)] == [-1, 1, 7]
    assert [slide.unit_near(pixel, 5) for pixel in (-9, 0, 4, 5, 99)] == [0, 0, 2, 2, 4]
    assert Slide(3, -1, 0, 1).unit_near(50, 1) == 0


@given(
    st.integers(1, 9), st.integers(-5, 5), st.integers(1, 4), st.integers(1, 9), st.integers(-9, 60)
)
def test_no_unit_is_nearer(size: int, start: int, jump: int, units: int, pixel: int) -> None:
    slide = Slide(size, start, jump, units)
    gaps = [abs(slide.first(unit) + (size - 1) / 2 - pixel) for unit in range(units)]
    assert gaps[slide.unit_near(pixel, units)] == min(gaps)


def test_a_row_of_positions_has_slides() -> None:
    (row,) = rows_of(nn.Conv2d(2, 2, (3, 5), stride=(1, 2), padding=(0, 1)), (2, 12, 20))
    assert slides(row) == [Slide(3, 0, 1, 10), Slide(5, -1, 2, 9)]
    assert slides(replace(row, status="whole")) == []
    assert slides(replace(row, output_size=(10,))) == []


def test_the_margin_is_what_is_not_shown() -> None:
    # Pixels 2 to 8 by steps of 3: the last window ends at pixel 6, so 3 of 10 lie behind it.
    def forward(images: Tensor) -> Any:
        return functional.max_pool2d(images[:, :, 2:-1, 2:-1], 2, 3)

    rows = rows_of(Calls(forward), (1, 10, 10))
    assert margins((10, 10), rows) == (3, 3)


def test_a_larger_input_holds_the_field_and_keeps_the_phase() -> None:
    rows = rows_of(nn.Sequential(conv(5, stride=3), conv(5, stride=2)), (2, 30, 31))
    assert [row.size for row in rows] == [(5, 5), (17, 17)]
    height, width = grown_sizes((30, 31), rows, (0, 0))
    assert ((height - 30) % 6, (width - 31) % 6) == (0, 0)
    assert min(height, width) >= 17 + 6 * 6


def test_an_input_that_would_be_too_large_stays_as_it_is() -> None:
    (row,) = rows_of(conv(3), (2, 9, 9))
    assert grown_sizes((9, 9), [replace(row, jump=(LARGEST, 1))], (0, 0)) == (9, 9)
