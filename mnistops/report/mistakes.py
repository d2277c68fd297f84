"""The mistakes of a network as pictures: a tile for each, the least confident first."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnistops.report.figure import DOTS_PER_INCH, new_figure, save_figure, short

if TYPE_CHECKING:
    from mnistops.data.images import ImageSet
    from mnistops.evaluation import Mistake
    from mnistops.validation import SplitDone

COLUMNS, ROWS = 10, 10
MOST_PAGES = 10

# In dots: a tile's image is at least this large; its label stands above it; air is around.
IMAGE, LABEL, GAP, TITLE = 84, 30, 24, 64
LARGEST_IMAGE = 200
DIGIT = 16
"""Dots that a label needs for one more digit in each of its two classes."""

LONGEST_ON_ONE_LINE = 3
LINE, LETTER, WIDE_LETTER = 15, 7, 13
"""Of names that are longer each has a line of its own, so high, with letters so wide."""

FRAME = 30
"""The grey of a tile's frame: 0 is white."""


def draw_mistakes(done: "SplitDone", folder: Path) -> list[Path]:
    """Write ``SPLIT_error.png``, ``SPLIT_error-2.png``, ... and remove older pages beyond them.

    Returns:
        The pages, at most 10 of them, of 100 mistakes each.
    """
    mistakes = done.result.mistakes
    size = COLUMNS * ROWS
    num_pages = max(1, min(MOST_PAGES, -(-len(mistakes) // size)))
    stem = f"{done.split}_error"
    paths = []
    for page in range(num_pages):
        path = folder / (f"{stem}.png" if page == 0 else f"{stem}-{page + 1}.png")
        shown = mistakes[page * size : (page + 1) * size]
        _draw_page(shown, done, _title(done, page, num_pages, len(shown)), path)
        paths.append(path)
    for number in range(num_pages + 1, MOST_PAGES + 1):
        old = folder / f"{stem}-{number}.png"
        if old.is_file():
            old.unlink()
    return paths


def _title(done: "SplitDone", page: int, num_pages: int, num_shown: int) -> str:
    num_errors, num_images = done.result.num_errors, done.result.num_images
    total = f"{num_errors:,} of {num_images:,} {done.split} images misclassified"
    if num_errors == 0:
        return total
    first = page * COLUMNS * ROWS + 1
    where = f"; {first:,} to {first + num_shown - 1:,}, " if num_errors > num_shown else "; "
    rest = ", the rest in the CSV" if num_errors > MOST_PAGES * COLUMNS * ROWS else ""
    page_number = f" (page {page + 1} of {num_pages}{rest})" if num_pages > 1 else ""
    return f"{total}{where}least confident first{page_number}\nactual → predicted, confidence"


def _draw_page(mistakes: "Sequence[Mistake]", done: "SplitDone", title: str, path: Path) -> None:
    images = done.images
    _, height, width = images.image_size
    thin = -(-max(height, width) // LARGEST_IMAGE)
    height, width = -(-height // thin), -(-width // thin)
    scale = max(1, -(-IMAGE // max(height, width)))
    names = [(short(done.name_of(m.actual)), short(done.name_of(m.predicted))) for m in mistakes]
    longest = max((len(name) for pair in names for name in pair), default=1)
    label, label_width = LABEL, IMAGE + DIGIT * (longest - 1)
    between = " "
    if longest > LONGEST_ON_ONE_LINE:
        between, label = "\n", LABEL + LINE
        label_width = max(_width(f"{name}, > 99 %") for pair in names for name in pair)
    tile_height, tile_width = scale * height + label, max(scale * width, label_width) + GAP
    num_rows = -(-len(mistakes) // COLUMNS)
    dots = (COLUMNS * tile_width + GAP, TITLE + num_rows * (tile_height + GAP))
    figure = new_figure(dots[0] / DOTS_PER_INCH, dots[1] / DOTS_PER_INCH)
    figure.set_layout_engine("none")
    figure.text(GAP / dots[0], 1 - GAP / 2 / dots[1], title, va="top", fontsize=11)
    for number, (mistake, (actual, predicted)) in enumerate(zip(mistakes, names, strict=True)):
        row, column = divmod(number, COLUMNS)
        middle = GAP + column * tile_width + (tile_width - GAP) // 2
        bottom = dots[1] - TITLE - (row + 1) * (tile_height + GAP) + GAP
        tile = _tile(images, mistake.index, scale, thin)
        # Dot for dot, so that no pixel is wider than its neighbour.
        left = middle - tile.shape[1] // 2
        figure.figimage(tile, left, bottom - 1, cmap="gray_r", vmin=0, vmax=255)
        figure.text(
            middle / dots[0],
            (bottom + scale * height + 4) / dots[1],
            f"{actual} →{between}{predicted}, {_percent(mistake.confidence)}",
            parse_math=False,
            ha="center",
            va="bottom",
            fontsize=9,
        )
    save_figure(figure, path)


def _width(text: str) -> int:
    """At most so many dots."""
    is_wide = [letter.isupper() or not letter.isascii() for letter in text]
    return sum(WIDE_LETTER if wide else LETTER for wide in is_wide)


def _percent(confidence: float) -> str:
    return f"{100 * confidence:.0f} %" if confidence < 0.995 else "> 99 %"


def _tile(images: "ImageSet", index: int, scale: int, thin: int) -> NDArray[np.uint8]:
    """The image enlarged, or every so many pixels of a large one, in a faint frame of one dot."""
    pixels: NDArray[np.uint8] = images.images[index, 0].numpy()[::thin, ::thin]
    return np.pad(pixels.repeat(scale, 0).repeat(scale, 1), 1, constant_values=FRAME)
