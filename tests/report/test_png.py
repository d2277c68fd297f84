"""Pixels as text: they come back as they were."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from mnistops.report.png import LARGEST_SIDE, ink, png_uri


def image_of(uri: str) -> Image.Image:
    head, _, text = uri.partition(",")
    assert head == "data:image/png;base64"
    return Image.open(BytesIO(b64decode(text)))


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 2), (3, 5, 4), (1, 1), (LARGEST_SIDE, 2)])
def test_pixels_come_back_as_they_were(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    image = image_of(png_uri(pixels))
    assert image.mode == {2: "L", 3: {2: "LA", 4: "RGBA"}.get(shape[-1])}[len(shape)]
    assert np.array_equal(np.asarray(image), pixels)


def test_large_images_are_made_smaller_and_keep_their_mean() -> None:
    pixels = np.zeros((300, 200), np.uint8)
    pixels[:, ::2] = 200
    image = image_of(png_uri(pixels[:, :198]))
    assert image.size == (66, 100)
    assert abs(float(np.asarray(image).mean()) - 100) < 1


def test_ink_is_black_and_as_opaque_as_it_is_dark() -> None:
    darkness = np.array([[0, 128, 255]], np.uint8)
    assert ink(darkness).tolist() == [[[0, 0], [0, 128], [0, 255]]]
