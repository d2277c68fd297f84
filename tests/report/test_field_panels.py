"""Panels of a field picture: which pixel has which colour, and what lies around the image."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, to_rgba
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from mnistops.field_pictures import FieldPicture, FieldVariant, LayerField
from mnistops.report.field_panels import (
    MISSED,
    OUTSIDE,
    PADDED,
    draw_bar,
    draw_counts,
    draw_effective,
    draw_field,
    inside,
    margin_of,
    padded,
    scale_of,
)
from mnistops.report.figure import new_figure

DIGIT = np.eye(6)


def layer() -> LayerField:
    """A field of 4 x 6 pixels in an image of 6 x 6, with one pixel missed and one lost."""
    counts = np.zeros((6, 6))
    counts[1:5] = np.arange(1, 25).reshape(4, 6)
    counts[1, 0] = counts[2, 3] = 0
    missed = np.zeros((6, 6), bool)
    missed[2, 3] = True
    return LayerField(
        path="conv",
        kind="Conv2d",
        kernel_size=(3, 3),
        dilation=(1, 1),
        output_size=(3, 3),
        size=(4, 10),
        field=((1, 4), (-2, 7)),
        clipped=((1, 4), (0, 5)),
        counts=counts,
        missed=missed,
        effective=counts / 24,
        coverage=None,
    )


def panel() -> Axes:
    return new_figure(2, 2).subplots()


def colors(axes: Axes) -> NDArray[np.float64]:
    """Of each pixel (H, W, 4)."""
    (image,) = axes.images
    return np.asarray(image.get_array())


def boxes(axes: Axes) -> list[tuple[tuple[float, float], float, float, bool]]:
    """Of each rectangle the least x and y, its width, its height, and whether it is dashed."""
    patches = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    return [
        (p.get_xy(), p.get_width(), p.get_height(), p.get_linestyle() != "solid") for p in patches
    ]


def test_pixels_are_inside_or_lost_or_missed() -> None:
    field = layer()
    assert inside(field).sum() == 24
    assert np.argwhere(padded(field)).tolist() == [[1, 0]]
    nowhere = replace(field, clipped=None)
    assert not inside(nowhere).any()


def test_counts_have_a_scale_and_what_has_none_a_colour_of_its_own() -> None:
    axes, field = panel(), layer()
    scale = scale_of([field.counts])
    draw_counts(axes, field, scale)
    found = colors(axes)
    assert (scale.vmin, scale.vmax) == (0, 24)
    np.testing.assert_allclose(found[4, 5], colormaps["viridis"](1.0))
    np.testing.assert_allclose(found[1, 1], colormaps["viridis"](2 / 24))
    for color, places in [
        (OUTSIDE, [(0, 0), (5, 5)]),
        (PADDED, [(1, 0)]),
        (MISSED, [(2, 3)]),
    ]:
        for place in places:
            assert tuple(found[place]) == to_rgba(color)
    assert boxes(axes) == [((-0.5, 0.5), 6, 4, False)]


def test_gradients_are_drawn_from_0_to_1() -> None:
    axes = panel()
    draw_effective(axes, layer())
    found = colors(axes)
    np.testing.assert_allclose(found[4, 5], colormaps["viridis"](1.0))
    np.testing.assert_allclose(found[2, 3], colormaps["viridis"](0.0))
    assert tuple(found[0, 0]) == to_rgba(OUTSIDE)


def test_a_layer_without_gradients_says_so() -> None:
    axes = panel()
    draw_effective(axes, replace(layer(), effective=None))
    assert not axes.images
    assert [text.get_text() for text in axes.texts] == ["no gradient"]


def test_the_field_goes_on_in_dashes() -> None:
    axes = panel()
    draw_field(axes, layer(), DIGIT, 3)
    assert boxes(axes) == [
        ((-2.5, 0.5), 10, 4, True),
        ((-0.5, 0.5), 6, 4, False),
        ((-0.5, -0.5), 6, 6, False),  # the image's own edge
    ]
    assert axes.get_xlim() == (-3.5, 8.5)
    assert axes.get_ylim() == (8.5, -3.5)


def test_a_field_beyond_the_panel_is_cut_off_at_its_edge() -> None:
    axes = panel()
    draw_field(axes, replace(layer(), field=((-100, 105), (-100, 105))), DIGIT, 2)
    (x, y), width, height, _ = boxes(axes)[0]
    assert -2.5 < x == y < -2.4
    assert x + width == y + height == pytest.approx(5 - x)


@pytest.mark.parametrize(
    ("field", "margin"),
    [
        (((1, 4), (0, 5)), 0),
        (((1, 4), (0, 6)), 2),
        (((-1, 4), (0, 5)), 2),
        (((-1, 4), (0, 500)), 2),
    ],
)
def test_margins_show_what_reaches_out(
    field: tuple[tuple[int, int], tuple[int, int]], margin: int
) -> None:
    variant = FieldVariant(None, (replace(layer(), field=field),))
    assert margin_of(FieldPicture("net", DIGIT, "", False, (variant,))) == margin


def test_a_wide_range_gets_a_logarithm() -> None:
    scale = scale_of([np.array([[0.0, 2.0]]), np.array([[0.0, 100.0]])])
    assert isinstance(scale, LogNorm)
    assert (scale.vmin, scale.vmax) == (2, 100)
    assert not isinstance(scale_of([np.array([[0.0, 4.0]]), np.array([[0.0, 100.0]])]), LogNorm)
    assert scale_of([np.zeros((2, 2))]).vmax == 1


@pytest.mark.parametrize(
    ("most", "labels"),
    [
        (9, ["0", "3", "6", "9"]),
        (1, ["0", "1"]),
        (10_000, ["1", "10", "100", "1,000", "10,000"]),
        (1e8, ["1", "100", "10,000", "1e6", "1e8"]),
    ],
)
def test_the_bar_has_plain_numbers(most: float, labels: list[str]) -> None:
    axes = panel()
    draw_bar(axes, scale_of([np.array([[1.0, most]])]))
    axes.figure.canvas.draw()
    low, high = axes.get_ylim()
    shown = zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    assert [label.get_text() for place, label in shown if low <= place <= high] == labels
