"""Picture: a file to shades of grey. The one place where Pillow reads what users have.

PNG, JPEG, BMP, GIF (its first picture) and WebP are read, turned the way their EXIF data says, and
colours become shades by ITU-R 601 (0.299 red, 0.587 green, 0.114 blue). Sixteen bits of grey stay
sixteen. What is transparent becomes white paper, or black paper if all that can be seen is light.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnistops.errors import BadInput, MissingInput

if TYPE_CHECKING:
    from PIL import Image

Levels = NDArray[np.uint8] | NDArray[np.uint16]
"""Shades of grey (H, W), from black, 0, to white, the largest number there is."""

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
MOST_PIXELS = 100_000_000
"""The largest picture that is decoded; a file of a few kB can hold any number of pixels."""

_MIDDLE = 128
_SIXTEEN_BITS = 2**16 - 1


def read_picture(path: Path) -> Levels:
    """The shades of a picture (H, W), 0 is black: bytes, or two bytes each if the file has them.

    Raises:
        MissingInput: there is no such file, or it cannot be read.
        BadInput: it is no picture of these formats, broken, or too large.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        if path.is_dir():
            raise BadInput(f"{path}: expected a picture, got a folder")
        if not path.is_file():  # a pipe would be waited for
            raise MissingInput(f"{path}: expected a picture, got no such file")
        file = path.open("rb")
    except OSError as error:
        raise MissingInput(f"{path}: expected a picture, got: {error.strerror}") from None
    with file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of what it makes do with
        try:
            image = Image.open(file, formats=FORMATS)
            if image.width * image.height <= MOST_PIXELS:
                return _shades(ImageOps.exif_transpose(image))
            got = f"{image.width} x {image.height}"
        except UnidentifiedImageError:
            raise BadInput(
                f"{path}: expected a picture (PNG, JPEG, BMP, GIF or WebP), got something else"
            ) from None
        except Image.DecompressionBombError:
            got = "far more"
        except Exception as error:  # of broken files a decoder raises whatever it comes upon
            raise BadInput(
                f"{path}: expected a whole picture, got a broken one: {error!s:.200}"
            ) from None
    raise BadInput(f"{path}: expected at most {MOST_PIXELS:,} pixels, got {got}")


def _shades(image: "Image.Image") -> Levels:
    from PIL import Image

    if image.mode.startswith("I"):
        return np.asarray(image).clip(0, _SIXTEEN_BITS).astype(np.uint16)
    if not image.has_transparency_data:
        return np.asarray(image.convert("L"))
    shades, alpha = image.convert("LA").split()
    is_seen = np.asarray(alpha) >= _MIDDLE
    is_light = is_seen.any() and np.asarray(shades)[is_seen].min() >= _MIDDLE
    paper = Image.new("L", image.size, 0 if is_light else 255)
    paper.paste(shades, mask=alpha)
    return np.asarray(paper)
