"""Convert: shades of grey to an image of a digit as MNIST's are, step by step.

1. A large picture is reduced to 512 pixels or less along an axis, each the mean of a square.
2. Its ink is found: which way round paper and ink are, and what the paper's own shade is
   everywhere (`ink`).
3. The digit is told from other marks (`marks`). What reaches beyond it by more than a pixel of
   MNIST's is no part of it.
4. Its ink becomes full ink, however hard the pen was pressed.
5. Where its strokes are very thin, they are widened (`strokes`).
6. It is cropped, scaled to fit 20 x 20, and its centre of mass put into the middle of 28 x 28
   (`frame`).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnistops.data.conversion.frame import DIGIT_SIDE, MNIST_SIDE, cropped, framed, scale_of
from mnistops.data.conversion.ink import Grey, ink_of, level_of
from mnistops.data.conversion.marks import digit_mask
from mnistops.data.conversion.strokes import widened
from mnistops.data.picture import Levels


class NoInk(ValueError):
    """Nothing on a picture stands out enough to be ink; ``expected X, got Y``."""


LARGEST_SIDE = 512
"""Pixels along an axis in which the digit is looked for."""
LEAST_CONTRAST = 0.08
"""Of the paper's light, the share that ink takes away at least."""
LEAST_INK = 0.3
"""What of the darkest ink is ink, too: less is the soft edge of a stroke, or a faint line."""
FULL_INK = 0.8
"""The share of a digit's pixels that may fall short of full ink."""


def as_digit(levels: Levels, size: tuple[int, int] = (28, 28)) -> NDArray[np.uint8]:
    """The one digit of a picture as an image (1, H, W), ink 255 on 0.

    Args:
        levels: the picture, with ink of any shade on paper of any other.
        size: the image's height and width.

    Raises:
        NoInk: nothing on it stands out from the rest.
    """
    ink = ink_of(_reduced(levels))
    level = level_of(ink)
    if level < LEAST_CONTRAST:
        raise NoInk(
            f"expected ink, {100 * LEAST_CONTRAST:.0f} % darker or lighter than the paper at "
            f"least, got {100 * level:.0f} %: no ink found"
        )
    is_digit = digit_mask(ink, ink > LEAST_INK * level)
    full = np.quantile(ink[is_digit], FULL_INK, method="lower")
    digit = cropped(np.minimum(ink / full, 1) * _with_rim(is_digit))
    unit = min(size) / MNIST_SIDE / scale_of(digit.shape, size)
    return framed(widened(digit, unit), size)[None]


def _reduced(levels: Levels) -> Grey:
    """The picture as fractions, with at most 512 pixels along an axis."""
    step = -(-max(levels.shape) // LARGEST_SIDE)
    height, width = levels.shape
    margins = ((0, -height % step), (0, -width % step))
    whole = np.pad(levels, margins, mode="edge") if step > 1 else levels
    squares = whole.reshape(whole.shape[0] // step, step, whole.shape[1] // step, step)
    fractions: Grey = squares.mean((1, 3)) / np.iinfo(levels.dtype).max
    return fractions


def _with_rim(is_digit: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The digit with a pixel of MNIST's around it: the soft edge of its strokes."""
    sides = [np.ptp(np.flatnonzero(is_digit.any(axis))) + 1 for axis in (0, 1)]
    rim = max(1, round(max(sides) / DIGIT_SIDE))
    grown: NDArray[np.bool_] = ndimage.maximum_filter(is_digit, 2 * rim + 1)
    return grown
