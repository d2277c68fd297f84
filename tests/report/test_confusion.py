"""The confusion matrix: what stands in which cell, and how dark it is."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from mnistops.evaluation import EvaluationResult, Mistake
from mnistops.report.confusion import draw_confusion
from mnistops.validation import SplitDone
from tests.made_data import made_set


def done(counts: NDArray[np.int64]) -> SplitDone:
    mistakes = [
        Mistake(0, row, column, 0.5)
        for (row, column), count in np.ndenumerate(counts)
        for _ in range(count if row != column else 0)
    ]
    rows = tuple(map(tuple, counts.tolist()))
    result = EvaluationResult(int(counts.sum()), 0.02, rows, tuple(mistakes))
    return SplitDone("test", made_set(2), result)


def matrix(num_classes: int, right: int = 100) -> NDArray[np.int64]:
    """No mistake but 4 of class 1 that are taken for 0, and 1 the other way."""
    counts = right * np.eye(num_classes, dtype=np.int64)
    counts[1, 0], counts[0, 1] = 4, 1
    return counts


def cells(figure: Figure) -> dict[tuple[int, int], str]:
    """The cells' texts by actual and predicted class."""
    texts = figure.axes[0].texts
    places = [(int(text.get_position()[1]), int(text.get_position()[0])) for text in texts]
    return dict(zip(places, (text.get_text() for text in texts), strict=True))


@pytest.mark.parametrize(
    ("num_classes", "size"), [(2, (450, 450)), (10, (650, 650)), (47, (1200, 1200))]
)
def test_a_matrix_becomes_a_png(num_classes: int, size: tuple[int, int], tmp_path: Path) -> None:
    path = draw_confusion(done(matrix(num_classes)), tmp_path / "confusion.png")
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("PNG", size)


def test_rows_are_actual_and_columns_predicted(drawn: list[Figure]) -> None:
    draw_confusion(done(matrix(2, right=1000)), Path())
    assert cells(drawn[0]) == {(0, 0): "1,000", (0, 1): "1", (1, 0): "4", (1, 1): "1,000"}
    axes = drawn[0].axes[0]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("actual", "predicted")
    assert axes.yaxis_inverted()  # class 0 on top, as in a table


def test_the_title_counts_mistakes(drawn: list[Figure]) -> None:
    draw_confusion(done(matrix(10, right=1000)), Path())
    assert drawn[0].axes[0].get_title() == "test: 5 of 10,005 misclassified"


def test_what_is_none_is_a_dot(drawn: list[Figure]) -> None:
    draw_confusion(done(matrix(10)), Path())
    texts = cells(drawn[0])
    assert len(texts) == 100
    assert (texts[2, 2], texts[2, 3]) == ("100", "·")


def test_mistakes_alone_have_colour(drawn: list[Figure]) -> None:
    draw_confusion(done(matrix(10)), Path())
    (picture,) = drawn[0].axes[0].images
    colored = np.asarray(picture.get_array())
    assert np.argwhere(colored).tolist() == [[0, 1], [1, 0]]
    assert (colored[0, 1], colored[1, 0]) == (1, 4)


def test_numbers_are_read_on_whatever_colour(drawn: list[Figure]) -> None:
    counts = np.arange(100).reshape(10, 10)
    draw_confusion(done(counts), Path())
    axes = drawn[0].axes[0]
    (picture,) = axes.images
    grounds = picture.to_rgba(np.asarray(picture.get_array()))
    for text in axes.texts:
        column, row = map(int, text.get_position())
        assert contrast(to_rgb(text.get_color()), tuple(grounds[row, column][:3])) >= 2.5


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """From 1 to 21, by https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(color: tuple[float, ...]) -> float:
    red, green, blue = (c / 12.92 if c < 0.04 else ((c + 0.055) / 1.055) ** 2.4 for c in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("num_classes", [2, 10, 25, 47])
def test_no_texts_overlap(num_classes: int, drawn: list[Figure]) -> None:
    # As many as can be: all of MNIST's training images, of few classes.
    draw_confusion(done(matrix(num_classes, right=60_000 // num_classes)), Path())
    drawn[0].draw_without_rendering()
    axes = drawn[0].axes[0]
    ticks = [*axes.get_xticklabels(), *axes.get_yticklabels()]
    texts = [*axes.texts, *ticks, axes.title, axes.xaxis.label, axes.yaxis.label]
    boxes = [text.get_window_extent() for text in texts]
    assert not [(a, b) for a, b in combinations(boxes, 2) if a.overlaps(b)]


@pytest.mark.parametrize("num_classes", [2, 10, 25, 47])
def test_names_stand_at_their_rows_and_columns(num_classes: int, drawn: list[Figure]) -> None:
    names = tuple(
        f"{'class' * 5} {number}" if number % 2 else f"${number}$" for number in range(num_classes)
    )
    draw_confusion(replace(done(matrix(num_classes)), class_names=names), Path())
    axes = drawn[0].axes[0]
    for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [text.get_text()[:3] for text in ticks] == [name[:3] for name in names]
        assert all(len(text.get_text()) <= 20 for text in ticks)
    drawn[0].draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.get_yticklabels()]
    assert not [(a, b) for a, b in combinations(boxes, 2) if a.overlaps(b)]


def test_many_classes_have_a_scale_in_place_of_numbers(drawn: list[Figure]) -> None:
    draw_confusion(done(matrix(25)), Path())
    draw_confusion(done(matrix(26)), Path())
    few, many = drawn
    assert (len(few.axes), len(few.axes[0].texts)) == (1, 625)
    assert (len(many.axes), len(many.axes[0].texts)) == (2, 0)
    assert many.axes[1].get_ylabel() == "mistakes"


@pytest.mark.parametrize("num_mistakes", [0, 1, 4])
def test_the_scale_counts_whole_mistakes(num_mistakes: int, drawn: list[Figure]) -> None:
    counts = 100 * np.eye(47, dtype=np.int64)
    counts[1, 0] = num_mistakes
    draw_confusion(done(counts), Path())
    drawn[0].draw_without_rendering()
    ticks = drawn[0].axes[1].get_yticks()
    assert all(tick == round(tick) for tick in ticks)


@pytest.mark.parametrize("num_classes", [2, 10, 47])
def test_no_mistake_at_all_draws_without_a_warning(num_classes: int, tmp_path: Path) -> None:
    draw_confusion(done(np.eye(num_classes, dtype=np.int64)), tmp_path / "confusion.png")
