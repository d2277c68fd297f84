"""frame.js: a drawing framed in a real browser, against what Python makes of pictures."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from mnistops.data.conversion.frame import framed
from mnistops.report.template import TEMPLATES

pytestmark = pytest.mark.slow

FRAMED = """([height, width, values, size]) =>
  Array.from(framed({height, width, values: Float64Array.from(values)}, size))"""


@pytest.fixture(scope="module")
def scripted(chromium: Browser) -> Iterator[Page]:
    """A page with the script and nothing else."""
    page = chromium.new_page()
    page.add_script_tag(path=TEMPLATES / "frame.js")
    yield page
    page.close()


@st.composite
def drawings(draw: st.DrawFn) -> NDArray[np.float64]:
    """Ink (H, W) in a few rectangles, symmetric ones among them."""
    height, width = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    ink = np.zeros((height, width))
    for _ in range(draw(st.integers(1, 4))):
        rows, columns = (
            sorted(draw(st.tuples(st.integers(0, side - 1), st.integers(0, side - 1))))
            for side in (height, width)
        )
        ink[rows[0] : rows[1] + 1, columns[0] : columns[1] + 1] = draw(st.integers(1, 255)) / 255
    ink[height // 2, width // 2] = 1
    return ink


@given(drawings(), st.tuples(st.integers(7, 40), st.integers(7, 40)))
@settings(max_examples=150)
def test_pixels_are_those_of_predict(
    scripted: Page, ink: NDArray[np.float64], size: tuple[int, int]
) -> None:
    expected = framed(ink, size)
    found = scripted.evaluate(FRAMED, [*ink.shape, ink.flatten().tolist(), list(size)])
    difference = np.abs(np.reshape(found, size) - expected.astype(int))
    assert difference.max() <= 1, difference
