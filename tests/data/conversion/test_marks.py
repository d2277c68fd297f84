"""Which of the marks on a sheet are the digit."""

import numpy as np
import pytest

from mnistops.data.conversion.marks import Mask, digit_mask
from tests.drawn_digits import drawn, on_sheet

SHEET = (300, 300)


def of(ink: np.ndarray) -> Mask:
    return digit_mask(ink, ink > 0.3)


DIGIT = on_sheet(drawn(3, 120, 8), *SHEET, 90, 80)
ALONE = of(DIGIT)


def test_a_digit_alone_is_all_there_is() -> None:
    assert ((DIGIT > 0.3) == ALONE).all()


def other(rows: slice, columns: slice) -> np.ndarray:
    ink = np.zeros(SHEET)
    ink[rows, columns] = 1
    return ink


def frame() -> np.ndarray:
    ink = np.ones(SHEET)
    ink[:10] = ink[-10:] = ink[:, :10] = ink[:, -10:] = 0
    ink[18:-18, 18:-18] = 0
    return ink


@pytest.mark.parametrize(
    "ink",
    [
        other(np.s_[255:], np.s_[:]),
        other(np.s_[:], np.s_[:40]),
        frame(),
        other(np.s_[120:123], np.s_[200:203]),
        other(np.s_[20:60], np.s_[20:60]),
    ],
    ids=["table", "shadow", "frame", "speck", "stamp"],
)
def test_other_things_are_no_part_of_it(ink: np.ndarray) -> None:
    assert (of(np.maximum(DIGIT, ink)) == ALONE).all()


def test_a_stroke_that_stands_off_is_part_of_it() -> None:
    bar = other(np.s_[75:83], np.s_[120:190])
    assert (of(np.maximum(DIGIT, bar)) == (np.maximum(DIGIT, bar) > 0.3)).all()


def test_of_two_digits_the_one_in_the_middle_is_meant() -> None:
    right = on_sheet(drawn(2, 120, 8), *SHEET, 90, 180)
    middle = on_sheet(drawn(3, 120, 8), *SHEET, 90, 60)
    assert (of(np.maximum(middle, right))[:, 175:] == False).all()  # noqa: E712


def test_a_broken_stroke_is_one_mark() -> None:
    broken = DIGIT.copy()
    broken[::9] = 0
    assert (of(broken) == (broken > 0.3)).all()


def test_a_digit_that_reaches_over_the_edge_is_a_digit() -> None:
    ink = DIGIT[100:, 100:]
    assert of(ink).sum() > 0.9 * (ink > 0.3).sum()
