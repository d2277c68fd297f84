"""Strokes that are too thin are widened, and no others."""

import numpy as np
import pytest

from mnistops.data.conversion.strokes import THIN, WIDENED, stroke_width, widened


def line(width: int) -> np.ndarray:
    """A horizontal line, 200 pixels long."""
    ink = np.zeros((60, 220))
    ink[30 : 30 + width, 10:210] = 1
    return ink


@pytest.mark.parametrize("width", [1, 3, 10])
def test_width_is_that_of_a_line(width: int) -> None:
    assert stroke_width(line(width) > 0) == pytest.approx(width, rel=0.06)


def test_of_a_ring_too() -> None:
    rows, columns = np.mgrid[:201, :201] - 100
    distance = np.hypot(rows, columns)
    width = stroke_width((distance < 80) & (distance >= 72))
    assert width == pytest.approx(8, rel=0.2)  # a slanted outline of pixels is a bit longer


def test_thin_ones_are_widened() -> None:
    unit = 10.0
    wide = widened(line(4), unit)
    assert stroke_width(wide > 0.5) == pytest.approx(WIDENED * unit, rel=0.15)
    assert wide.max() == 1 and wide.sum(1).argmax() == pytest.approx(wide.shape[0] / 2, abs=3)


def test_others_stay() -> None:
    ink = line(int(THIN * 10) + 2)
    assert widened(ink, 10) is ink
