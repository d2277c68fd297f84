"""Pictures become images as MNIST's are, whatever they are of, and however they were made."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from mnistops.data.conversion.convert import NoInk, as_digit
from mnistops.data.conversion.frame import framed
from mnistops.data.picture import Levels
from tests.drawn_digits import drawn, on_sheet, photographed

Bytes = NDArray[np.uint8]
SHEET = on_sheet(drawn(5), 320, 300, 50, 60)


def scanned(ink: NDArray[np.float64] = SHEET, paper: float = 1.0, pen: float = 0.0) -> Bytes:
    return np.round(255 * (paper + (pen - paper) * ink)).astype(np.uint8)


def difference(picture: Levels, other: Levels | None = None) -> float:
    """How far what is made of two pictures differs, in bytes per pixel of ink.

    A centre of mass is rounded to a pixel, so the smallest change may move it by one.
    """
    one, two = (
        as_digit(p)[0].astype(int) for p in (picture, scanned() if other is None else other)
    )
    moves = [(rows, columns) for rows in (-1, 0, 1) for columns in (-1, 0, 1)]
    least = min(np.abs(np.roll(one, move, (0, 1)) - two).sum() for move in moves)
    return float(least / (two > 0).sum())


@pytest.mark.parametrize("digit", range(10))
def test_of_a_clear_drawing_nothing_but_its_size_and_place_is_changed(digit: int) -> None:
    ink = drawn(digit, pen=20)
    image = as_digit(scanned(on_sheet(ink, 400, 300, 30, 50)))
    assert (image.shape, image.dtype.name) == ((1, 28, 28), "uint8")
    assert np.abs(image[0].astype(int) - framed(ink, (28, 28))).max() <= 3


def test_dark_on_light_or_light_on_dark() -> None:
    assert difference(255 - scanned()) == 0


@pytest.mark.parametrize("times", [2, 3, 7])
def test_any_size(times: int) -> None:
    assert difference(scanned().repeat(times, 0).repeat(times, 1)) < 6


def test_a_small_one() -> None:
    small = scanned().reshape(80, 4, 75, 4).mean((1, 3)).round().astype(np.uint8)
    assert difference(small) < 35


@pytest.mark.parametrize(("row", "column"), [(2, 3), (80, 100), (92, 108)])
def test_anywhere_on_the_sheet(row: int, column: int) -> None:
    assert difference(scanned(on_sheet(drawn(5), 320, 300, row, column))) < 1


@pytest.mark.parametrize(("paper", "pen"), [(0.9, 0.5), (0.4, 0.1), (0.1, 0.6), (0.5, 0.42)])
def test_any_shade_of_paper_and_pen(paper: float, pen: float) -> None:
    assert difference(scanned(paper=paper, pen=pen)) < 12


def test_sixteen_bits() -> None:
    assert difference(scanned().astype(np.uint16) * 257) == 0


@pytest.mark.parametrize("seed", range(6))
def test_a_photograph(seed: int) -> None:
    """In uneven light, of rough paper, with the camera's noise."""
    assert difference(photographed(SHEET, seed)) < 25


def table(picture: Bytes) -> Bytes:
    around = np.full((440, 420), 40, np.uint8)
    around[60:380, 70:370] = picture
    return around


def shadow(picture: Bytes) -> Bytes:
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    return np.round(picture * np.where(rows + columns > 520, 0.35, 1)).astype(np.uint8)


def frame(picture: Bytes) -> Bytes:
    framed = picture.copy()
    framed[5:12, 5:-5] = framed[-12:-5, 5:-5] = framed[5:-5, 5:12] = framed[5:-5, -12:-5] = 60
    return framed


def margin(picture: Bytes) -> Bytes:
    ruled = picture.copy()
    ruled[:, 22:25] = 120
    return ruled


@pytest.mark.parametrize("change", [table, shadow, frame, margin])
@pytest.mark.parametrize("seed", range(3))
def test_what_else_a_photograph_shows(change: Callable[[Bytes], Bytes], seed: int) -> None:
    assert difference(change(photographed(SHEET, seed))) < 25


def test_a_hair_thin_pen_is_drawn_wider() -> None:
    ink = on_sheet(drawn(5, 400, pen=2), 480, 480, 30, 30)
    image = as_digit(scanned(ink))[0]
    assert 60 < (image > 127).sum() < 130  # of two pixels' width; of one twentieth none would be


def test_a_pen_that_is_pressed_harder_here_and_there() -> None:
    pressed = 0.5 * SHEET
    pressed[200:215] *= 2
    assert difference(scanned(pressed)) < 12


def test_images_of_another_size() -> None:
    image = as_digit(scanned(), (56, 64))
    assert image.shape == (1, 56, 64)
    assert np.ptp(np.flatnonzero(image[0].any(1))) + 1 == 40


@pytest.mark.parametrize(
    "picture",
    [
        np.full((50, 60), 255, np.uint8),
        np.zeros((1, 1), np.uint8),
        np.full((1, 2000), 90, np.uint8),
        np.linspace(200, 210, 10_000).reshape(100, 100).astype(np.uint8),
        photographed(np.zeros((300, 400)), uneven=0),
    ],
)
def test_blank_paper_is_no_digit(picture: Bytes) -> None:
    with pytest.raises(NoInk, match=r"^expected ink, 8 % darker or lighter .* no ink found$"):
        as_digit(picture)


PICTURES = st.sampled_from([np.uint8, np.uint16]).flatmap(
    lambda kind: arrays(kind, array_shapes(min_dims=2, max_dims=2, max_side=70))
)
SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))


@given(PICTURES, SIZES)
def test_of_any_picture_comes_an_image_or_the_word_that_there_is_none(
    picture: Bytes, size: tuple[int, int]
) -> None:
    try:
        image = as_digit(picture, size)
    except NoInk:
        return
    assert (image.shape, image.dtype.name) == ((1, *size), "uint8")
    assert image.any()
