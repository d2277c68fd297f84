"""Receptive fields as a picture: drawn on a digit, by gradients, and by numbers of paths."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from mnistops.analysis.window import times
from mnistops.report.field_panels import (
    DASHES,
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
from mnistops.report.figure import BLUE, new_figure, save_figure
from mnistops.report.numbers import percent, sizes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnistops.analysis.paths import Box
    from mnistops.field_pictures import FieldPicture, LayerField

# In inches: a panel's side, the air around it, and what stands beside the panels.
SIDE, AIR, GROUP_AIR = 1.35, 0.1, 0.35
LABEL, COMPARED_LABEL, BAR, EDGE = 2.2, 1.65, 0.75, 0.2
LETTERS, COMPARED_LETTERS = 23, 16
LINE, HEAD, TITLE = 0.19, 0.42, 0.75

COLUMNS = ("field on a digit", "gradient\n(brightest: 1)", "paths from\neach pixel")


def draw_fields(picture: "FieldPicture", path: Path) -> Path:
    """Draw a row for each layer and a group of three panels for each dilation; write the PNG.

    The panels are the centre unit's field on a digit, its effective field, and the number of paths
    that lead to it from each pixel.

    Raises:
        CannotCreate, CannotWrite: the file cannot be made.
    """
    page = Page(picture)
    _write_headings(page, picture)
    for row in range(page.rows):
        layers = [variant.layers[row] for variant in picture.variants]
        scale = scale_of([layer.counts for layer in layers])
        _write_label(page, row, layers)
        for group, layer in enumerate(layers):
            draw_field(page.panel(row, group, 0), layer, picture.digit, page.margin)
            draw_effective(page.panel(row, group, 1), layer)
            draw_counts(page.panel(row, group, 2), layer, scale)
            if page.is_comparison:
                text = _wrapped(f"field {times(layer.size)}: {statement(layer)}", 68)
                left, bottom = page.corner(row, group, 0)
                color = _text_color(layer)
                page.write(left, bottom - AIR / 2, text, va="top", fontsize=8, color=color)
        left, bottom = page.corner(row, page.groups - 1, 2)
        draw_bar(page.axes(left + SIDE + AIR, bottom, 0.1, SIDE), scale)
    _write_legend(page)
    return save_figure(page.figure, path)


def statement(layer: "LayerField") -> str:
    """What of a field is never touched, in one line: ``4 of 28 columns are never touched``."""
    if layer.clipped is None:
        return "it sees nothing of the image"
    num_padded = int(padded(layer).sum())
    if not layer.missed.any():
        lost = f", but for {num_padded:,} lost to padding" if num_padded else ""
        return f"every pixel inside the field is touched{lost}"
    share = percent(float((layer.counts[inside(layer)] > 0).mean()))
    is_whole = layer.clipped == layer.field and not num_padded
    rest = f"coverage {share}" if is_whole else f"{share} of it in the image is touched"
    return f"{_missed_lines(layer, layer.clipped)} are never touched ({rest})"


def _missed_lines(layer: "LayerField", box: "Box") -> str:
    """``4 of 28 columns``; pixels where neither rows nor columns are missed as a whole."""
    (top, bottom), (left, right) = box
    missed = layer.missed[top : bottom + 1, left : right + 1]
    lines = {
        name: f"{missed.all(1 - axis).sum()} of {missed.shape[axis]}"
        for axis, name in enumerate(("rows", "columns"))
        if missed.all(1 - axis).any()
    }
    if len(lines) == 2 and len(set(lines.values())) == 1:
        return f"{lines['rows']} rows and columns"
    texts = [f"{text} {name}" for name, text in lines.items()]
    return " and ".join(texts) or f"{missed.sum():,} of {missed.size:,} pixels"


def verdict(picture: "FieldPicture") -> str:
    """Where pixels are missed, in one line: ``whole pixels are missed only at dilation 5``."""
    if len(picture.variants) == 1:
        paths = [layer.path for layer in picture.variants[0].layers if layer.missed.any()]
        if not paths:
            return "no pixel inside a field is missed"
        return f"whole pixels are missed in {_cut(paths[0])}" + (" and behind" if paths[1:] else "")
    missing = [
        str(variant.dilation)
        for variant in picture.variants
        if any(layer.missed.any() for layer in variant.layers)
    ]
    if not missing:
        return "no pixel inside a field is missed at any of these dilations"
    if len(missing) == len(picture.variants):
        return "whole pixels are missed at every one of these dilations"
    return f"whole pixels are missed only at dilation {', '.join(missing)}"


class Page:
    """Where everything stands, in inches from the lower left corner."""

    def __init__(self, picture: "FieldPicture") -> None:
        self.groups, self.rows = len(picture.variants), len(picture.variants[0].layers)
        self.is_comparison = self.groups > 1
        self.label = COMPARED_LABEL if self.is_comparison else LABEL
        self.group_width = 3 * SIDE + 2 * AIR + GROUP_AIR
        self.row_height = SIDE + (2 * LINE + AIR if self.is_comparison else 2 * AIR)
        self.width = EDGE + self.label + self.groups * self.group_width - GROUP_AIR + BAR
        self.head = HEAD + (LINE + AIR if self.is_comparison else 0)
        said = f"gradients: {picture.weights}, mean over the digit moved about a little"
        notes = (_wrapped(note, int(13 * self.width)) for note in (said, *picture.notes))
        self.notes = "\n".join(notes)
        self.legend_columns = 5 if self.width > 12 else 2
        self.legend = LINE * -(-5 // self.legend_columns) + AIR
        self.foot = EDGE + LINE * (1 + self.notes.count("\n")) + self.legend + AIR
        self.height = TITLE + self.head + self.rows * self.row_height + self.foot
        self.margin = margin_of(picture)
        self.figure = new_figure(self.width, self.height)
        self.figure.set_layout_engine("none")

    def corner(self, row: int, group: int, column: int) -> tuple[float, float]:
        """The lower left corner of a panel."""
        left = EDGE + self.label + group * self.group_width + column * (SIDE + AIR)
        top = self.height - TITLE - self.head - row * self.row_height
        return left, top - SIDE

    def panel(self, row: int, group: int, column: int) -> "Axes":
        """A square without ticks."""
        axes = self.axes(*self.corner(row, group, column), SIDE, SIDE)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(color="#999999", linewidth=0.5)
        return axes

    def axes(self, left: float, bottom: float, width: float, height: float) -> "Axes":
        """Axes in a place."""
        place = left / self.width, bottom / self.height, width / self.width, height / self.height
        return self.figure.add_axes(place)

    def write(self, left: float, bottom: float, text: str, **style: Any) -> None:
        """Text in a place; a name with dollars in it is no formula."""
        place = left / self.width, bottom / self.height
        self.figure.text(*place, text, parse_math=False, **style)


def _write_headings(page: Page, picture: "FieldPicture") -> None:
    top = page.height - EDGE
    name = _cut(picture.network)
    what = "" if page.is_comparison else "of each layer "
    kept = " (sizes kept)" if picture.keep_size else ""
    page.write(EDGE, top - 0.3, f"{verdict(picture)}{kept}", va="top", fontsize=11)
    title = f"{name}: what the centre unit {what}sees"
    page.write(EDGE, top, title, va="top", fontsize=13, fontweight="bold")
    for group, variant in enumerate(picture.variants):
        for column, text in enumerate(COLUMNS):
            left, bottom = page.corner(0, group, column)
            middle = left + SIDE / 2
            above = bottom + SIDE + AIR / 2
            page.write(middle, above, text, ha="center", va="bottom", fontsize=8.5)
            if page.is_comparison and column == 1:
                page.write(
                    middle,
                    above + HEAD - AIR / 2,
                    f"dilation {variant.dilation}",
                    ha="center",
                    va="bottom",
                    fontsize=11,
                    fontweight="bold",
                )


def _write_label(page: Page, row: int, layers: "Sequence[LayerField]") -> None:
    first = layers[0]
    top = page.corner(row, 0, 0)[1] + SIDE
    path = _cut(first.path, COMPARED_LETTERS if page.is_comparison else LETTERS)
    page.write(EDGE, top, path, va="top", fontsize=10, fontweight="bold")
    lines = [_kind(first) if page.is_comparison else operation(first)]
    if not page.is_comparison:
        lines += [
            f"output {times(first.output_size)}",
            f"field {times(first.size)}",
        ]
        said, color = _wrapped(statement(first), 33), _text_color(first)
        page.write(EDGE, top - 0.78, said, va="top", fontsize=8.5, color=color)
    text = "\n".join(lines)
    page.write(EDGE, top - 0.22, text, va="top", fontsize=8.5, linespacing=1.35)


def operation(layer: "LayerField") -> str:
    """``Conv2d 3 x 3, dilation 2``."""
    is_dilated = layer.dilation and set(layer.dilation) != {1}
    return _kind(layer) + (f", dilation {sizes(layer.dilation)}" if is_dilated else "")


def _kind(layer: "LayerField") -> str:
    return f"{layer.kind} {times(layer.kernel_size)}" if layer.kernel_size else layer.kind


def _text_color(layer: "LayerField") -> str:
    return MISSED if layer.missed.any() else "black"


def _wrapped(text: str, most: int) -> str:
    """Text in lines of so many letters; a number stays with what it is."""
    return fill(text.replace(" %", "\u00a0%").replace("coverage ", "coverage\u00a0"), most)


def _cut(path: str, most: int = LETTERS) -> str:
    """A path, or the end of one that is too long."""
    return path if len(path) <= most else "…" + path[1 - most :]


def _write_legend(page: Page) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Patch | Line2D] = [
        Line2D([], [], color=BLUE, label="field of the centre unit, in the image"),
        Line2D([], [], color=BLUE, linestyle=DASHES, label="the rest of it, in the padding"),
        Patch(color=OUTSIDE, label="outside the field"),
        Patch(color=PADDED, label="inside, but lost to padding"),
        Patch(color=MISSED, label="inside, but never touched"),
    ]
    bottom = page.foot - page.legend - AIR
    page.figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(EDGE / page.width, bottom / page.height),
        ncols=page.legend_columns,
        frameon=False,
        fontsize=8.5,
        borderpad=0,
        borderaxespad=0,
    )
    page.write(EDGE, bottom - AIR, page.notes, va="top", fontsize=8.5)
