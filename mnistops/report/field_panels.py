"""Panels of a field picture: one layer's field on a digit, its effective field, its paths."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from mnistops.report.figure import BLUE, RED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    from mnistops.field_pictures import FieldPicture, LayerField

Image = NDArray[np.float64]

OUTSIDE, PADDED, MISSED = "#ECECEC", "#B5B5B5", RED
COLORS = "viridis"
BOX: dict[str, Any] = {"fill": False, "color": BLUE, "linewidth": 1.5, "zorder": 3}
DASHES = (0, (3, 2))

# From such a ratio on between the most and the least paths, the scale is a logarithm.
WIDE = 30

# Beside the image, in images, of what a digit's panel shows at most.
MOST_MARGIN = 0.4

# From so many pixels on along an axis, they are smaller than dots.
FINE = 100


def margin_of(picture: "FieldPicture") -> int:
    """Pixels beside the image that a digit's panel shows, for the fields that reach out of it."""
    out: list[int] = [0]
    for variant in picture.variants:
        for layer in variant.layers:
            for (first, last), n in zip(layer.field, picture.digit.shape, strict=True):
                out += [-first, last - n + 1]
    most = round(MOST_MARGIN * max(picture.digit.shape))
    return min(max(out) + 1, most) if max(out) else 0


def draw_field(axes: "Axes", layer: "LayerField", digit: Image, margin: int) -> None:
    """The digit, and the centre unit's field around a part of it."""
    height, width = digit.shape
    axes.imshow(digit, cmap="gray_r", vmin=0, vmax=1, interpolation=_smooth(digit))
    side = max(height, width) + 2 * margin
    x, y = (width - 1) / 2, (height - 1) / 2
    axes.set(xlim=(x - side / 2, x + side / 2), ylim=(y + side / 2, y - side / 2))
    if layer.field != layer.clipped:
        edge = side / 2 - 0.006 * side  # what goes on beyond the panel is cut off at its edge
        (top, bottom), (left, right) = layer.field
        lows = max(top - 0.5, y - edge), max(left - 0.5, x - edge)
        highs = min(bottom + 0.5, y + edge), min(right + 0.5, x + edge)
        _draw_box(axes, lows, highs, linestyle=DASHES)
    _draw_clipped(axes, layer)
    if margin:
        _draw_box(axes, (-0.5, -0.5), (height - 0.5, width - 0.5), color="#999999", linewidth=0.5)


def _draw_clipped(axes: "Axes", layer: "LayerField") -> None:
    if layer.clipped is not None:
        (top, bottom), (left, right) = layer.clipped
        box = (top - 0.5, left - 0.5), (bottom + 0.5, right + 0.5)
        _draw_box(axes, *box)


def _draw_box(
    axes: "Axes", lows: tuple[float, float], highs: tuple[float, float], **style: Any
) -> None:
    from matplotlib.patches import Rectangle

    place = lows[1], lows[0]
    sides = highs[1] - lows[1], highs[0] - lows[0]
    axes.add_patch(Rectangle(place, *sides, **{**BOX, **style}))


def draw_effective(axes: "Axes", layer: "LayerField") -> None:
    """How much each pixel weighs, by gradients."""
    if layer.effective is None:
        style: dict[str, Any] = {"ha": "center", "va": "center", "color": "gray", "fontsize": 8.5}
        axes.text(0.5, 0.5, "no gradient", transform=axes.transAxes, **style)
        return
    _show(axes, effective_colors(layer, layer.effective))
    _draw_clipped(axes, layer)


def effective_colors(layer: "LayerField", effective: Image, outside: str = OUTSIDE) -> Image:
    """The colours (H, W, 4) of its effective field (H, W), 0 to 1."""
    from matplotlib import colormaps

    colors = colormaps[COLORS](effective)
    colors[(effective == 0) & ~inside(layer)] = _rgba(outside)
    return colors


def draw_counts(axes: "Axes", layer: "LayerField", scale: "Normalize") -> None:
    """How many paths lead from each pixel."""
    _show(axes, count_colors(layer, scale))
    _draw_clipped(axes, layer)


def count_colors(layer: "LayerField", scale: "Normalize", outside: str = OUTSIDE) -> Image:
    """The colours (H, W, 4) of its numbers of paths, 0 to 1."""
    from matplotlib import colormaps

    touched = layer.counts > 0
    colors: Image = colormaps[COLORS](scale(np.where(touched, layer.counts, 1)))
    colors[~touched] = _rgba(outside)
    colors[padded(layer)] = _rgba(PADDED)
    colors[layer.missed] = _rgba(MISSED)
    return colors


def _show(axes: "Axes", colors: Image) -> None:
    axes.imshow(colors, interpolation=_smooth(colors))
    height, width = colors.shape[:2]
    side = max(height, width)
    x, y = (width - 1) / 2, (height - 1) / 2
    axes.set(xlim=(x - side / 2, x + side / 2), ylim=(y + side / 2, y - side / 2))


def _smooth(pixels: Image) -> str:
    """How pixels are drawn: each a square, or smoothed where there are more than dots."""
    return "nearest" if max(pixels.shape[:2]) <= FINE else "hanning"


def _rgba(color: str) -> tuple[float, float, float, float]:
    from matplotlib.colors import to_rgba

    return to_rgba(color)


def inside(layer: "LayerField") -> NDArray[np.bool_]:
    """The pixels (H, W) inside the centre unit's field."""
    mask = np.zeros(layer.counts.shape, bool)
    if layer.clipped is not None:
        (top, bottom), (left, right) = layer.clipped
        mask[top : bottom + 1, left : right + 1] = True
    return mask


def padded(layer: "LayerField") -> NDArray[np.bool_]:
    """Pixels inside the field that only a unit in some padding would see."""
    mask: NDArray[np.bool_] = inside(layer) & (layer.counts == 0) & ~layer.missed
    return mask


def scale_of(counts: Iterable[Image]) -> "Normalize":
    """One scale for a row, so that its dilations can be compared."""
    from matplotlib.colors import LogNorm, Normalize

    positive = np.concatenate([count[count > 0] for count in counts])
    if not len(positive):
        return Normalize(0, 1)
    least, most = float(positive.min()), float(positive.max())
    return LogNorm(least, most) if most > WIDE * least else Normalize(0, most)


def draw_bar(axes: "Axes", scale: "Normalize") -> None:
    """What colour means how many paths."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    is_wide = isinstance(scale, LogNorm)
    ticks = LogLocator(numticks=5) if is_wide else MaxNLocator(4, integer=True)
    figure = cast("Figure", axes.get_figure(root=True))
    colors = ScalarMappable(scale, COLORS)
    bar = figure.colorbar(colors, cax=axes, ticks=ticks, format=FuncFormatter(count_words))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.tick_params(labelsize=7.5, length=2)
    bar.outline.set_visible(False)


def count_words(value: float, _position: int | None = None) -> str:
    """``1,000``, ``1e6``."""
    if value < 100_000:
        return f"{value:,.0f}"
    digits, power = f"{value:.0e}".split("e")
    return f"{digits}e{int(power)}"
