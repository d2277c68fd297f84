"""Pixels as PNG data URIs, for a page that holds all that it shows."""

from base64 import b64encode
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

LARGEST_SIDE = 128
"""A larger image is made smaller, by whole pixels put together."""


def png_uri(pixels: NDArray[np.uint8]) -> str:
    """An image as text that is its own address.

    Args:
        pixels: greys (H, W), greys and opacity (H, W, 2), or colours and opacity (H, W, 4).
    """
    from PIL import Image

    image = Image.fromarray(pixels)
    factor = -(-max(image.size) // LARGEST_SIDE)
    file = BytesIO()
    (image.reduce(factor) if factor > 1 else image).save(file, "png", optimize=True)
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"


def ink(darkness: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Black ink (H, W, 2) of this opacity (H, W), for paper of any colour."""
    return np.stack([np.zeros_like(darkness), darkness], axis=-1)
