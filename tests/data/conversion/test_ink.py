"""Ink is told from paper whichever is the darker, and in any light."""

import numpy as np
import pytest

from mnistops.data.conversion.ink import NUM_SURE_PIXELS, Grey, centrality, edge, ink_of, level_of
from tests.drawn_digits import drawn, on_sheet

DIGIT = on_sheet(drawn(5), 300, 280, 40, 60)
PAPER, PEN = 0.8, 0.2


def picture(light: float | Grey = 1.0) -> Grey:
    return light * (PAPER + (PEN - PAPER) * DIGIT)


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize("pen", [3, 12, 30])
def test_dark_and_light_ink_are_found_alike(digit: int, pen: int) -> None:
    ink = on_sheet(drawn(digit, pen=pen), 300, 300, 30, 30)
    for shades in (1 - ink, ink):  # on black and white, both stand out by all the light there is
        assert np.abs(ink_of(shades) - ink).max() < 0.05


def test_a_digit_that_fills_its_picture_is_found_too() -> None:
    ink = drawn(8, pen=50)[36:-36, 36:-36]
    assert ink.mean() > 0.5  # the lesser part is paper
    assert np.corrcoef(ink_of(1 - ink).ravel(), ink.ravel())[0, 1] > 0.9
    assert np.corrcoef(ink_of(ink).ravel(), ink.ravel())[0, 1] > 0.9


def test_light_that_fades_over_the_picture_makes_little_difference() -> None:
    light = np.linspace(1, 0.5, 280)[None] * np.linspace(1, 0.8, 300)[:, None]
    shadow = np.where(np.arange(280) > 200, 0.5, 1.0)[None]
    clear = ink_of(picture())
    assert clear.max() == pytest.approx(1 - PEN / PAPER, abs=0.02)
    for dimmed in (light, shadow):
        found = ink_of(picture(dimmed))
        assert found[DIGIT == 1].min() > 0.6
        inside = np.s_[60:-60, 60:-60]
        assert np.abs(found - clear)[inside].mean() < 0.03


def test_noise_is_no_ink() -> None:
    noise = np.random.default_rng(1).normal(0, 0.02, DIGIT.shape)
    assert (ink_of(picture() + noise)[DIGIT == 0] == 0).mean() > 0.97


def test_level_is_that_of_the_ink_whatever_the_dust() -> None:
    ink = 0.5 * DIGIT
    ink[150, 20 : 20 + NUM_SURE_PIXELS - 1] = 1
    assert level_of(ink) == 0.5
    assert level_of(np.zeros((3, 2))) == 0


def test_what_lies_along_the_edge_counts_for_less() -> None:
    ink = 0.5 * DIGIT
    ink[:4] = 1
    assert level_of(ink) == 0.5


def test_the_edge_goes_around() -> None:
    assert edge(np.arange(9).reshape(3, 3)).tolist() == [0, 1, 2, 6, 7, 8, 0, 3, 6, 2, 5, 8]


def test_noise_in_the_dark_is_no_ink() -> None:
    dark = np.where(np.arange(280) > 220, 0.02, 1.0)[None]
    noise = np.random.default_rng(2).normal(0, 0.01, DIGIT.shape)
    found = ink_of((picture(dark) + noise).clip(0, 1))
    assert found[:, 240:].max() < 0.3 < found[DIGIT == 1].min()


def test_the_middle_counts_most() -> None:
    weights = centrality((5, 3))
    assert weights[2, 1] == weights.max() == 1
    assert weights[0, 0] == weights.min() == pytest.approx(0.2)
