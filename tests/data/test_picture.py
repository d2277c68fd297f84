"""Pictures of every kind that people have, and files that are none."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mnistops.data import picture
from mnistops.data.picture import read_picture
from mnistops.errors import BadInput, MissingInput

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
GREEN = np.stack([0 * GREY, GREY, 0 * GREY], -1)


def read(image: Image.Image, name: str = "some.png", **options: Any) -> NDArray[Any]:
    image.save(name, **options)
    return read_picture(Path(name))


@pytest.mark.parametrize("kind", ["png", "bmp", "gif", "webp"])
def test_formats(kind: str) -> None:
    found = read(Image.fromarray(GREY), f"some.{kind}", lossless=True)  # as only webp may not be
    assert found.dtype == np.uint8
    assert (found == GREY).all()


def test_jpeg() -> None:
    found = read(Image.fromarray(GREY), "some.jpg", quality=95)
    assert np.abs(found.astype(int) - GREY).max() < 8
    assert read(Image.fromarray(GREY).convert("CMYK"), "some.jpg").shape == (3, 4)


def test_what_counts_is_the_content_not_the_name() -> None:
    Image.fromarray(GREY).save("some.bmp")
    Path("some.bmp").rename("some.jpg")
    assert (read_picture(Path("some.jpg")) == GREY).all()


def test_colours_weigh_as_the_eye_sees_them() -> None:
    assert np.abs(read(Image.fromarray(GREEN)) - 0.587 * GREY).max() <= 0.5
    palette = Image.fromarray(GREEN).quantize(16)
    assert np.abs(read(palette, "some.gif") - 0.587 * GREY).max() <= 1


def test_two_and_sixteen_bits() -> None:
    black = np.array([[True, False]])
    assert read(Image.fromarray(black)).tolist() == [[255, 0]]
    fine = np.array([[0, 1, 300, 65535]], np.uint16)
    found = read(Image.fromarray(fine))
    assert found.dtype == np.uint16
    assert (found == fine).all()


def test_of_a_gif_its_first_picture() -> None:
    later = [Image.fromarray(255 - GREY)]
    found = read(Image.fromarray(GREY), "some.gif", save_all=True, append_images=later)
    assert (found == GREY).all()


def test_it_stands_as_its_exif_data_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned to the left
    assert (read(Image.fromarray(GREY), exif=exif) == np.rot90(GREY, -1)).all()


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (100, 255), (200, 0), (255, 0)])
def test_what_is_transparent_is_paper(ink: int, paper: int) -> None:
    alpha = np.array([[0, 255, 0], [0, 102, 255]], np.uint8)
    found = read(Image.fromarray(np.stack([np.full_like(alpha, ink), alpha], -1)))
    expected = (ink * (alpha / 255) + paper * (1 - alpha / 255)).round()
    assert np.abs(found - expected).max() <= 1
    # A palette, or a colour, that is transparent counts as such.
    one = Image.fromarray(np.full((2, 2), 7, np.uint8))
    assert (read(one, transparency=7) == 255).all()


def png(width: int, height: int) -> bytes:
    """The beginning of a PNG that claims to be so large."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((13, header), (0, b"IDAT"))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", length) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for length, chunk in chunks
    )


def tiff() -> bytes:
    file = io.BytesIO()
    Image.fromarray(GREY).save(file, "tiff")
    return file.getvalue()


def broken() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 50), np.uint8)).save(file, "png")
    return file.getvalue()[:-900]


@pytest.mark.parametrize(
    ("data", "got"),
    [
        (b"", r"expected a picture \(PNG, JPEG, BMP, GIF or WebP\), got something else"),
        (b"hello", "got something else"),
        (tiff(), "got something else"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "got something else"),
        (broken(), "expected a whole picture, got a broken one: "),
        (png(10_001, 10_000), "expected at most 100,000,000 pixels, got 10001 x 10000"),
        (png(100_000, 100_000), "expected at most 100,000,000 pixels, got far more"),
    ],
)
def test_what_is_no_picture(data: bytes, got: str) -> None:
    Path("some.png").write_bytes(data)
    with pytest.raises(BadInput, match=f"^some.png: .*{got}"):
        read_picture(Path("some.png"))


def test_the_largest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "MOST_PIXELS", 12)
    assert read(Image.fromarray(GREY)).shape == (3, 4)
    monkeypatch.setattr(picture, "MOST_PIXELS", 11)
    with pytest.raises(BadInput, match="at most 11 pixels, got 4 x 3"):
        read(Image.fromarray(GREY))


def test_what_is_no_file() -> None:
    Path("folder").mkdir()
    with pytest.raises(BadInput, match=r"^folder: expected a picture, got a folder$"):
        read_picture(Path("folder"))
    for name in ("none.png", "nul\0.png", "/dev/null"):
        with pytest.raises(MissingInput, match="expected a picture, got no such file"):
            read_picture(Path(name))
    with pytest.raises(MissingInput, match="expected a picture, got: File name too long"):
        read_picture(Path("a" * 300))
