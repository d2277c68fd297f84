"""A digit's ink at the size and place of MNIST's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from mnistops.data.conversion.frame import FAINT, Ink, cropped, framed, shares


def blob(height: int, width: int, seed: int = 0) -> Ink:
    """Ink that is nowhere faint."""
    return np.random.default_rng(seed).uniform(0.2, 1, (height, width))


def box(image: NDArray[np.uint8]) -> tuple[int, int]:
    rows, columns = (np.flatnonzero(image.any(axis)) for axis in (1, 0))
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


@pytest.mark.parametrize(("shape", "sides"), [((40, 40), (20, 20)), ((100, 30), (20, 6))])
def test_the_longer_side_takes_20_of_28_pixels(
    shape: tuple[int, int], sides: tuple[int, int]
) -> None:
    image = framed(blob(*shape), (28, 28))
    assert (image.shape, image.dtype.name, box(image)) == ((28, 28), "uint8", sides)


def test_other_images_keep_the_proportions() -> None:
    assert box(framed(blob(60, 30), (56, 56))) == (40, 20)
    assert box(framed(blob(60, 30), (14, 14))) == (10, 5)
    assert box(framed(blob(60, 60), (28, 56))) == (20, 20)  # its shorter side is what counts
    assert framed(blob(5, 3), (1, 1)).shape == (1, 1)


def test_pixels_are_means_of_what_they_cover() -> None:
    ink = blob(60, 60)
    image = framed(ink, (28, 28))
    rows, columns = (np.flatnonzero(image.any(axis)) for axis in (1, 0))
    means = ink.reshape(20, 3, 20, 3).mean((1, 3))
    assert np.abs(image[rows[0] :, columns[0] :][:20, :20] / 255 - means).max() <= 0.5 / 255


@pytest.mark.parametrize(("old", "new"), [(50, 20), (33, 20), (21, 20)])
def test_shares_are_those_by_area(old: int, new: int) -> None:
    values = np.random.default_rng(old).uniform(0, 1, old)
    exact = np.repeat(values, new).reshape(new, old).mean(1)
    assert shares(old, new) @ values == pytest.approx(exact)


def test_enlarging_is_pillows_bilinear() -> None:
    values = np.random.default_rng(3).uniform(0, 1, (1, 7)).astype(np.float32)
    pillow = np.asarray(Image.fromarray(values).resize((20, 1), Image.Resampling.BILINEAR))
    assert shares(7, 20) @ values[0] == pytest.approx(pillow[0], abs=1e-6)


@given(st.integers(0, 1000), st.integers(3, 60), st.integers(3, 60))
def test_the_centre_of_mass_is_in_the_middle(seed: int, height: int, width: int) -> None:
    ink = blob(height, width, seed) ** 6 + 2 * FAINT
    image = framed(ink / ink.max(), (28, 28)).astype(float)
    for axis in (0, 1):
        sums = image.sum(1 - axis)
        centre = sums @ np.arange(28) / sums.sum()
        at_the_edge = sums[0] > 0 or sums[-1] > 0
        assert abs(centre - 14) < 0.51 or at_the_edge


@given(st.integers(0, 1000), st.integers(0, 9), st.integers(0, 9))
def test_where_it_stood_makes_no_difference(seed: int, above: int, before: int) -> None:
    ink = blob(30, 20, seed)
    moved = np.pad(ink, ((above, 3), (before, 5)))
    assert (framed(moved, (28, 28)) == framed(ink, (28, 28))).all()


@given(st.integers(0, 1000))
def test_what_is_framed_stays_as_it_is(seed: int) -> None:
    """But that, rounded to bytes, its centre may round to the next pixel."""
    image = framed(blob(50, 40, seed), (28, 28)) / 255
    assert (cropped(framed(image, (28, 28)) / 255) == cropped(image)).all()


def test_faint_margins_are_cropped() -> None:
    ink = np.full((9, 9), FAINT)
    ink[3:5, 2] = 0.11
    assert cropped(ink).shape == (2, 1)
