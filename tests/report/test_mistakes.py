"""Error grids: which pages are written, and what stands on them where."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import FigureImage
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from PIL import Image

from mnistops.data.idx import Bytes
from mnistops.data.images import ImageSet
from mnistops.evaluation import EvaluationResult, Mistake
from mnistops.report.mistakes import draw_mistakes
from mnistops.validation import SplitDone
from tests.made_data import made_set


def done(
    num_mistakes: int,
    images: ImageSet | None = None,
    actual: int = 3,
    predicted: int = 5,
    confidence: float = 0.5,
) -> SplitDone:
    """Mistakes on images 1, 2, ..., each time anew from 1 where there are no more."""
    images = made_set(20) if images is None else images
    found = [
        Mistake(1 + number % (len(images) - 1), actual, predicted, confidence)
        for number in range(num_mistakes)
    ]
    return SplitDone("test", images, EvaluationResult(10_000, 0.02, ((1,),), tuple(found)))


def of_size(height: int, width: int) -> ImageSet:
    images = made_set(21, max(height, width))
    return ImageSet(images.images[:, :, :height, :width], images.labels)


def tiles(figure: Figure) -> list[FigureImage]:
    return [child for child in figure.get_children() if isinstance(child, FigureImage)]


def shown(tile: FigureImage) -> Bytes:
    """A tile's bytes (H, W), without its frame."""
    return np.asarray(tile.get_array())[1:-1, 1:-1]


def title(figure: Figure) -> str:
    return figure.texts[0].get_text()


def labels(figure: Figure) -> list[Text]:
    return figure.texts[1:]


def pixels(path: Path) -> Bytes:
    """A PNG's grey values (H, W)."""
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.array(picture.convert("L"))


@pytest.mark.parametrize(
    ("num_mistakes", "names"),
    [
        (0, ["test_error.png"]),
        (1, ["test_error.png"]),
        (100, ["test_error.png"]),
        (101, ["test_error.png", "test_error-2.png"]),
        (250, ["test_error.png", "test_error-2.png", "test_error-3.png"]),
    ],
)
def test_a_hundred_mistakes_fill_a_page(
    num_mistakes: int, names: list[str], drawn: list[Figure]
) -> None:
    assert draw_mistakes(done(num_mistakes), Path("out")) == [Path("out", name) for name in names]
    assert sum(len(tiles(figure)) for figure in drawn) == num_mistakes


def test_there_are_ten_pages_at_most(drawn: list[Figure]) -> None:
    paths = draw_mistakes(done(1100), Path())
    assert (len(paths), paths[-1].name) == (10, "test_error-10.png")
    assert title(drawn[-1]).split("\n")[0] == (
        "1,100 of 10,000 test images misclassified; 901 to 1,000, least confident first "
        "(page 10 of 10, the rest in the CSV)"
    )


def test_the_title_tells_what_is_shown(drawn: list[Figure]) -> None:
    draw_mistakes(done(46), Path())
    draw_mistakes(done(130), Path())
    assert [title(figure) for figure in drawn] == [
        "46 of 10,000 test images misclassified; least confident first\n"
        "actual → predicted, confidence",
        "130 of 10,000 test images misclassified; 1 to 100, least confident first (page 1 of 2)\n"
        "actual → predicted, confidence",
        "130 of 10,000 test images misclassified; 101 to 130, least confident first "
        "(page 2 of 2)\nactual → predicted, confidence",
    ]


def test_no_mistake_is_a_page_that_says_so(drawn: list[Figure], tmp_path: Path) -> None:
    draw_mistakes(done(0), tmp_path)
    assert [text.get_text() for text in drawn[0].texts] == ["0 of 10,000 test images misclassified"]


def test_older_pages_that_go_on_are_removed(tmp_path: Path) -> None:
    old = ["test_error-2.png", "test_error-3.png", "test_error-10.png"]
    other = ["train_error-2.png", "test_error-2.csv", "test_error-11.png"]
    for name in [*old, *other]:
        (tmp_path / name).write_bytes(b"")
    draw_mistakes(done(3), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["test_error.png", *other])


def test_pages_that_are_written_again_are_replaced(tmp_path: Path) -> None:
    for num_mistakes in (101, 102):
        pages = draw_mistakes(done(num_mistakes), tmp_path)
        assert sorted(tmp_path.iterdir()) == sorted(pages)
    assert all(pixels(page).min() < 255 for page in pages)


def test_a_label_tells_actual_predicted_and_confidence(drawn: list[Figure]) -> None:
    for confidence in (0.304, 0.99, 0.9949, 0.995, 1.0):
        draw_mistakes(done(1, confidence=confidence), Path())
    assert [labels(figure)[0].get_text() for figure in drawn] == [
        "3 → 5, 30 %",
        "3 → 5, 99 %",
        "3 → 5, 99 %",
        "3 → 5, > 99 %",
        "3 → 5, > 99 %",
    ]


SIZES = [(8, 8), (28, 28), (64, 48), (48, 64), (64, 8), (100, 100)]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_tile_shows_the_pixels_of_its_image(height: int, width: int, tmp_path: Path) -> None:
    images = of_size(height, width)
    (path,) = draw_mistakes(done(3, images), tmp_path)
    page = pixels(path)
    for index in (1, 2, 3):
        scale = max(1, -(-84 // max(height, width)))
        ink = 255 - images.images[index, 0].numpy().repeat(scale, 0).repeat(scale, 1)
        assert is_part_of(page, ink)


def is_part_of(page: Bytes, part: Bytes) -> bool:
    """Whether a picture stands somewhere on a page, dot for dot; a grey may be one off."""
    windows = np.lib.stride_tricks.sliding_window_view(page, part.shape)
    rows, columns = np.nonzero(np.abs(windows[:, :, 0, 0].astype(int) - int(part[0, 0])) <= 1)
    return any(
        np.abs(windows[row, column].astype(int) - part).max() <= 1
        for row, column in zip(rows, columns, strict=True)
    )


def test_tiles_stand_in_the_order_of_the_mistakes_row_by_row(drawn: list[Figure]) -> None:
    images = made_set(21)
    draw_mistakes(done(12, images), Path())
    figure = drawn[0]
    places = [(-tile.oy, tile.ox) for tile in tiles(figure)]
    assert places == sorted(places)
    assert len({row for row, _ in places}) == 2
    for number, tile in enumerate(tiles(figure)):
        assert np.array_equal(shown(tile)[::3, ::3], images.images[1 + number, 0])


def boxes(figure: Figure) -> tuple[list[Bbox], list[Bbox]]:
    """Where texts and tiles stand on a page, in dots."""
    figure.draw_without_rendering()
    texts = [text.get_window_extent() for text in figure.texts]
    places = [
        Bbox.from_bounds(tile.ox, tile.oy, *reversed(shown(tile).shape)) for tile in tiles(figure)
    ]
    return texts, places


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("label", [3, 46, 234])  # of classes up to 10, 47, 256
def test_nothing_overlaps_or_is_cut_off(
    height: int, width: int, label: int, drawn: list[Figure]
) -> None:
    draw_mistakes(done(11, of_size(height, width), label, label, confidence=1.0), Path())
    (figure,) = drawn
    texts, places = boxes(figure)
    assert not [(a, b) for a, b in combinations([*texts, *places], 2) if a.overlaps(b)]
    dots = figure.bbox
    for box in [*texts, *places]:
        assert 0 <= box.x0 < box.x1 <= dots.x1
        assert 0 <= box.y0 < box.y1 <= dots.y1


@pytest.mark.parametrize(
    "names",
    [("tsu", "ki"), ("Ankle boot", "T-shirt/top"), ("$x$", "M" * 99), ("é" * 30, "m w" * 9)],
)
def test_names_have_room(names: tuple[str, str], drawn: list[Figure]) -> None:
    split = replace(done(11, None, 0, 1, confidence=1.0), class_names=names)
    draw_mistakes(split, Path())
    texts, places = boxes(drawn[0])
    assert not [(a, b) for a, b in combinations([*texts, *places], 2) if a.overlaps(b)]
    assert all(box.x0 >= 0 and box.x1 <= drawn[0].bbox.x1 for box in texts)
    shown = labels(drawn[0])[0].get_text()
    assert shown.split(" →")[0] in (names[0], f"{names[0][:19]}…")
    assert shown.endswith(", > 99 %")


def test_a_label_stands_above_the_middle_of_its_image(drawn: list[Figure]) -> None:
    draw_mistakes(done(11), Path())
    texts, places = boxes(drawn[0])
    for text, place in zip(texts[1:], places, strict=True):
        assert (text.x0 + text.x1) / 2 == pytest.approx((place.x0 + place.x1) / 2, abs=1)
        assert 0 < text.y0 - place.y1 < 10


def test_the_longest_title_fits(drawn: list[Figure]) -> None:
    draw_mistakes(done(5000), Path())
    texts, _ = boxes(drawn[-1])
    assert texts[0].x1 <= drawn[-1].bbox.x1
