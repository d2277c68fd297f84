"""One handwritten digit that comes with the package, to draw on.

It is image 32 of MNIST's test set, a three. MNIST is by Yann LeCun and Corinna Cortes, under
CC BY-SA 3.0: https://creativecommons.org/licenses/by-sa/3.0/
"""

import zlib
from base64 import b85decode

import numpy as np
from numpy.typing import NDArray

SIDE = 28
LARGE = 64

# 28 x 28 bytes row by row, compressed; 255 is ink.
_BYTES = (
    "c-muN7<?f49}wIu)5IdR>HA+W=)sh7`11F{#*OC5e}Bec$O$jqED5As|NhOzWvT1mpYb@PcxV3Y$023;;qTu_tTJ"
    "r*K&L*&<_8A(CtyF^jld$O4DsLJKj#cE<YdmCJsafWvghyLN5(kZW3~M6-v=r<B$+q-{cD9Y)YtyKtBOl5<L_T@9"
    "8#K(amex5_dNRh_njrC4y~C7L0-HWhVDMudB4G)f04$Eu1TO|7f|AHNg<8X9sr$dW~B"
)


def digit(size: tuple[int, int] = (SIDE, SIDE)) -> NDArray[np.float64]:
    """The digit (H, W), ink 1 on 0; at another size than its own, resized.

    Resized as torch's ``interpolate`` does with ``bilinear`` and ``antialias``.

    Args:
        size: height and width, in pixels, from 1.
    """
    ink = np.frombuffer(zlib.decompress(b85decode(_BYTES)), np.uint8).reshape(SIDE, SIDE) / 255
    rows, columns = (_weights(count) for count in size)
    resized: NDArray[np.float64] = rows @ ink @ columns.T
    return resized.clip(0, 1)


def moved_digits(size: tuple[int, int] = (SIDE, SIDE)) -> NDArray[np.float64]:
    """The digit moved by up to 2 of its own pixels up, down, left and right: (N, H, W).

    There are 25 of them, and of a size above 64 along an axis 4, for the sake of time.
    """
    ink = digit(size)
    steps = (-2, -1, 0, 1, 2) if max(size) <= LARGE else (-1, 1)
    places = [(round(a * size[0] / SIDE), round(b * size[1] / SIDE)) for a in steps for b in steps]
    return np.stack([np.roll(ink, place, (0, 1)) for place in places])


def _weights(count: int) -> NDArray[np.float64]:
    """How much each of so many new pixels takes of each of the old ones, (count, SIDE)."""
    step = SIDE / count
    centres = (np.arange(count) + 0.5) * step
    distances = np.abs(np.arange(SIDE) + 0.5 - centres[:, None]) / max(1, step)
    weights = np.maximum(1 - distances, 0)
    taken: NDArray[np.float64] = weights / weights.sum(1, keepdims=True)
    return taken
