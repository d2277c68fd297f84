"""Tiles of a field picture, for a page: the panels as pixels, the boxes around fields as numbers.

Pixel (row, column) of the image covers x from column to column + 1, y from row to row + 1.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnistops.report.field_panels import (
    count_colors,
    count_words,
    effective_colors,
    margin_of,
    scale_of,
)
from mnistops.report.fields import operation, statement, verdict
from mnistops.report.png import ink, png_uri

if TYPE_CHECKING:
    from mnistops.analysis.paths import Box
    from mnistops.field_pictures import FieldPicture, LayerField

NOTHING = "none"
"""The colour of what lies outside a field: the page's own."""


@dataclass(frozen=True)
class Rectangle:
    """A box in pixels of the image."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class LayerTiles:
    """What the centre unit of one layer sees.

    Attributes:
        field: the part of its field in the image, if there is one.
        rest: all of the field, where that reaches out of the image; cut at the digit's tile.
        effective: the effective field as a picture, where there is one.
        paths: numbers of paths as a picture.
        least_paths, most_paths: in words.
    """

    layer: "LayerField"
    operation: str
    statement: str
    field: Rectangle | None
    rest: Rectangle | None
    effective: str | None
    paths: str
    least_paths: str
    most_paths: str


@dataclass(frozen=True)
class FieldTiles:
    """All tiles, of a network at one dilation.

    Attributes:
        digit: ink as a picture.
        image: where the image lies.
        frame: what a tile shows, square.
        wide_frame: what a digit's tile shows, with a margin for fields that reach out.
    """

    picture: "FieldPicture"
    verdict: str
    digit: str
    image: Rectangle
    frame: Rectangle
    wide_frame: Rectangle
    layers: tuple[LayerTiles, ...]


def field_tiles(picture: "FieldPicture") -> FieldTiles:
    """The tiles of the first variant."""
    height, width = picture.digit.shape
    wide_frame = _square(height, width, margin_of(picture))
    return FieldTiles(
        picture,
        verdict(picture),
        png_uri(ink(_bytes(picture.digit))),
        Rectangle(0, 0, width, height),
        _square(height, width, 0),
        wide_frame,
        tuple(_layer_tiles(layer, wide_frame) for layer in picture.variants[0].layers),
    )


def _square(height: int, width: int, margin: int) -> Rectangle:
    side = max(height, width) + 2 * margin
    return Rectangle((width - side) / 2, (height - side) / 2, side, side)


def _layer_tiles(layer: "LayerField", frame: Rectangle) -> LayerTiles:
    touched = layer.counts[layer.counts > 0]
    effective = layer.effective
    colors = None if effective is None else effective_colors(layer, effective, NOTHING)
    return LayerTiles(
        layer,
        operation(layer),
        statement(layer),
        None if layer.clipped is None else _rectangle(layer.clipped),
        None if layer.field == layer.clipped else _rectangle(layer.field, frame),
        None if colors is None else png_uri(_bytes(colors)),
        png_uri(_bytes(count_colors(layer, scale_of([layer.counts]), NOTHING))),
        count_words(touched.min()) if touched.size else "0",
        count_words(touched.max()) if touched.size else "0",
    )


def _rectangle(box: "Box", within: Rectangle | None = None) -> Rectangle:
    """The box; what goes on beyond a frame is cut off a little before its edge."""
    (top, bottom), (left, right) = box
    x, y, x_end, y_end = float(left), float(top), float(right + 1), float(bottom + 1)
    if within is not None:
        inset = 0.012 * within.width
        x, y = max(x, within.x + inset), max(y, within.y + inset)
        x_end = min(x_end, within.x + within.width - inset)
        y_end = min(y_end, within.y + within.height - inset)
    return Rectangle(x, y, max(0.0, x_end - x), max(0.0, y_end - y))


def _bytes(shares: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Shares of 0 to 1 as bytes."""
    return np.rint(255 * shares).astype(np.uint8)
