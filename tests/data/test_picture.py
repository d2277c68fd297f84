"""Pictures to shades of grey, held against Pillow's own conversion and plain arithmetic."""

import io
import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from mnistops.data.idx import Bytes
from mnistops.data.picture import MOST_PIXELS, read_picture
from mnistops.errors import BadInput, MissingInput


def written(values: Any, name: str, mode: str | None = None, **options: Any) -> Path:
    image = Image.fromarray(np.asarray(values))
    image = image.convert(mode) if mode else image
    image.save(name, **options)
    return Path(name)


SHADES = np.arange(35, dtype=np.uint8).reshape(5, 7) * 7


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.gif"])
def test_shades_come_as_they_are(name: str) -> None:
    assert np.array_equal(read_picture(written(SHADES, name)), SHADES)


@pytest.mark.parametrize(("name", "options"), [("a.jpg", {"quality": 95}), ("a.webp", {})])
def test_formats_that_lose_something(name: str, options: dict[str, Any]) -> None:
    smooth = np.full((16, 16), 100, np.uint8)
    assert np.abs(read_picture(written(smooth, name, **options)).astype(int) - 100).max() <= 2


def test_the_name_does_not_decide() -> None:
    os.rename(written(SHADES, "a.png"), "a.jpg")  # noqa: PTH104
    assert np.array_equal(read_picture(Path("a.jpg")), SHADES)


@given(arrays(np.uint8, (3, 4, 3)))
def test_colours_are_weighed(colours: Bytes) -> None:
    weighed = colours.astype(float) @ [0.299, 0.587, 0.114]
    got = read_picture(written(colours, "a.png")).astype(float)
    assert np.abs(got - weighed).max() <= 1


def test_a_palette_is_looked_up() -> None:
    colours = np.zeros((2, 2, 3), np.uint8)
    colours[0] = (0, 204, 0)
    got = read_picture(written(colours, "a.png", "P"))
    assert got.tolist() == [[120, 120], [0, 0]]


def test_of_sixteen_bits_the_higher_eight() -> None:
    deep = np.array([[0, 255, 256, 0x1234, 0xFFFF]], np.uint16)
    assert read_picture(written(deep, "a.png")).tolist() == [[0, 0, 1, 0x12, 255]]


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0)])
def test_what_is_transparent_is_paper(ink: int, paper: int) -> None:
    drawn = np.array([[[ink, 255], [ink, 0]]], np.uint8)
    assert read_picture(written(drawn, "a.png")).tolist() == [[ink, paper]]


def test_it_is_turned_as_its_data_says() -> None:
    image = Image.fromarray(SHADES)
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned by 90 degrees, clockwise
    image.save("a.png", exif=exif)
    assert np.array_equal(read_picture(Path("a.png")), np.rot90(SHADES, -1))


def test_the_first_picture_of_a_moving_one() -> None:
    frames = [Image.fromarray(np.full((2, 2), value, np.uint8)) for value in (10, 200)]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:])
    assert read_picture(Path("a.gif")).tolist() == [[10, 10], [10, 10]]


def png_of(width: int, height: int) -> bytes:
    """A few bytes that claim so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "expected a picture (PNG, JPEG, BMP, GIF or WebP), got something else"),
        (b"text", "expected a picture (PNG, JPEG, BMP, GIF or WebP), got something else"),
        (png_of(4097, 4096), f"expected at most {MOST_PIXELS:,} pixels, got 4097 x 4096"),
        (png_of(100_000, 100_000), f"expected at most {MOST_PIXELS:,} pixels, got far more"),
        (png_of(40, 40), "expected a whole picture, got a broken one: "),
    ],
)
def test_what_is_none(data: bytes, message: str) -> None:
    Path("a.png").write_bytes(data)
    with pytest.raises(BadInput) as error:
        read_picture(Path("a.png"))
    assert error.value.message.startswith(f"a.png: {message}")


@pytest.mark.parametrize("kind", ["TIFF", "PPM", "ICO"])
def test_other_formats_are_not_opened(kind: str) -> None:
    Image.fromarray(SHADES).save("a.png", kind)
    with pytest.raises(BadInput, match="got something else"):
        read_picture(Path("a.png"))


@pytest.mark.parametrize(("name", "reason"), [("none.png", "No such file"), (".", "Is a dir")])
def test_what_cannot_be_read(name: str, reason: str) -> None:
    with pytest.raises(MissingInput, match=f"expected a picture, got: {reason}"):
        read_picture(Path(name))


SOUND = {}
for kind in ("PNG", "JPEG", "BMP", "GIF", "WEBP"):
    file = io.BytesIO()
    Image.fromarray(SHADES).save(file, kind)
    SOUND[kind] = file.getvalue()


@given(st.sampled_from(sorted(SOUND)), st.data())
def test_damaged_pictures_are_told(kind: str, data: st.DataObject) -> None:
    """Any bytes in the place of some, and maybe no end."""
    sound = bytearray(SOUND[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        sound[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    Path("a").write_bytes(sound[: data.draw(st.integers(0, len(sound)))])
    with suppress(BadInput):
        assert read_picture(Path("a")).dtype == np.uint8
