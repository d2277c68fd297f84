"""The page of receptive fields: what is said of them, and that it can be read."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from PIL import Image

from mnistops.field_pictures import FieldPicture, FieldVariant, LayerField
from mnistops.report import fields
from mnistops.report.fields import draw_fields, statement, verdict
from mnistops.report.figure import RED


def layer(
    path: str = "conv",
    missed_rows: tuple[int, ...] = (),
    missed_columns: tuple[int, ...] = (),
    out: int = 0,
    size: int = 10,
) -> LayerField:
    """A field of 6 x 6 pixels around the middle of an image, or of all of it and ``out`` more."""
    first, last = (2, size - 3) if not out else (0, size - 1)
    counts = np.zeros((size, size))
    counts[first : last + 1, first : last + 1] = 3
    missed = np.zeros((size, size), bool)
    missed[list(missed_rows), first : last + 1] = True
    missed[first : last + 1, list(missed_columns)] = True
    counts[missed] = 0
    field = (first - out, last + out)
    side = last - first + 1 + 2 * out
    return LayerField(
        path=path,
        kind="Conv2d",
        kernel_size=(3, 3),
        dilation=(2, 2),
        output_size=(5, 5),
        size=(side, side),
        field=(field, field),
        clipped=((first, last), (first, last)),
        counts=counts,
        missed=missed,
        effective=counts / 3,
        coverage=1.0,
    )


def variant(dilation: int | None, *layers: LayerField) -> FieldVariant:
    return FieldVariant(dilation, layers or (layer(),))


def picture(*variants: FieldVariant, network: str = "net", **more: object) -> FieldPicture:
    digit = np.eye(variants[0].layers[0].counts.shape[0])
    made = FieldPicture(network, digit, "random weights", True, variants)
    return replace(made, **more)  # type: ignore[arg-type]


MISSING = variant(5, layer(missed_columns=(4,)))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved from now on, as they look; none is written."""
    figures: list[Figure] = []

    def keep(figure: Figure, path: Path) -> Path:
        FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
        figures.append(figure)
        return path

    monkeypatch.setattr(fields, "save_figure", keep)
    return figures


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (layer(), "every pixel inside the field is touched"),
        (layer(out=3), "every pixel inside the field is touched"),
        (layer(missed_columns=(3, 4)), "2 of 6 columns are never touched (coverage 66.7 %)"),
        (layer(missed_rows=(3,)), "1 of 6 rows are never touched (coverage 83.3 %)"),
        (
            layer(missed_rows=(3, 5), missed_columns=(3, 6)),
            "2 of 6 rows and columns are never touched (coverage 44.4 %)",
        ),
        (
            layer(missed_rows=(3,), missed_columns=(3, 6)),
            "1 of 6 rows and 2 of 6 columns are never touched (coverage 55.6 %)",
        ),
        (
            layer(missed_rows=(3,), out=2),
            "1 of 10 rows are never touched (90.0 % of it in the image is touched)",
        ),
    ],
)
def test_a_line_says_what_is_missed(field: LayerField, said: str) -> None:
    assert statement(field) == said


def test_a_line_says_what_is_missed_here_and_there() -> None:
    field = layer()
    field.missed[3, 4] = field.missed[4, 5] = True
    field.counts[field.missed] = 0
    assert statement(field) == "2 of 36 pixels are never touched (coverage 94.4 %)"


def test_a_line_says_what_is_lost_to_padding() -> None:
    field = layer(out=1)
    field.counts[0] = 0
    assert statement(field) == "every pixel inside the field is touched, but for 10 lost to padding"
    assert statement(replace(field, clipped=None)) == "it sees nothing of the image"


@pytest.mark.parametrize(
    ("variants", "said"),
    [
        ((variant(None),), "no pixel inside a field is missed"),
        ((MISSING,), "whole pixels are missed in conv"),
        ((variant(2, *MISSING.layers * 2),), "whole pixels are missed in conv and behind"),
        (
            (variant(1), variant(2)),
            "no pixel inside a field is missed at any of these dilations",
        ),
        ((variant(1), variant(2), MISSING), "whole pixels are missed only at dilation 5"),
        (
            (variant(1), MISSING, replace(MISSING, dilation=6)),
            "whole pixels are missed only at dilation 5, 6",
        ),
        (
            (MISSING, replace(MISSING, dilation=6)),
            "whole pixels are missed at every one of these dilations",
        ),
    ],
)
def test_the_page_says_where_pixels_are_missed(
    variants: tuple[FieldVariant, ...], said: str, drawn: list[Figure]
) -> None:
    assert verdict(picture(*variants)) == said
    draw_fields(picture(*variants), Path("a.png"))
    assert f"{said} (sizes kept)" in texts(drawn[0])


def test_a_network_alone_has_a_row_for_each_layer(drawn: list[Figure]) -> None:
    layers = (layer("one"), layer("two", missed_columns=(4,)), layer("three", out=2))
    assert draw_fields(picture(variant(None, *layers)), Path("a.png")) == Path("a.png")
    assert len(drawn[0].axes) == 3 * (3 + 1)  # three panels and a bar of colours
    said = texts(drawn[0])
    for heading in ("field on a digit", "gradient\n(brightest: 1)", "paths from\neach pixel"):
        assert said.count(heading) == 1
    assert {"one", "two", "three"} <= set(said)
    assert "Conv2d 3 x 3, dilation 2\noutput 5 x 5\nfield 6 x 6" in said
    assert "net: what the centre unit of each layer sees" in said
    colors = {text.get_text()[:6]: to_hex(str(text.get_color())) for text in drawn[0].texts}
    assert colors["1 of 6"] == RED.lower()
    assert colors["every "] == "#000000"


def test_dilations_stand_side_by_side(drawn: list[Figure]) -> None:
    draw_fields(picture(variant(1), variant(2), MISSING), Path("a.png"))
    assert len(drawn[0].axes) == 3 * 3 + 1
    said = texts(drawn[0])
    assert [text for text in said if text.startswith("dilation")] == [
        "dilation 1",
        "dilation 2",
        "dilation 5",
    ]
    assert said.count("field on a digit") == 3
    below = [text.replace("\n", " ") for text in said if text.startswith("field 6")]
    assert [text.replace("\u00a0", " ") for text in below] == [
        "field 6 x 6: every pixel inside the field is touched",
        "field 6 x 6: every pixel inside the field is touched",
        "field 6 x 6: 1 of 6 columns are never touched (coverage 83.3 %)",
    ]


def test_weights_and_notes_stand_below(drawn: list[Figure]) -> None:
    notes = ("9 of 30 layers are drawn", "left out: " + "a long word and " * 20)
    draw_fields(picture(variant(None), notes=notes), Path("a.png"))
    (last,) = [text for text in texts(drawn[0]) if text.startswith("gradients")]
    assert last.startswith("gradients: random weights, mean over the digit moved about a little\n9")
    assert max(map(len, last.split("\n"))) < 110
    (legend,) = drawn[0].legends
    assert [text.get_text() for text in legend.get_texts()][-1] == "inside, but never touched"


WIDE = layer(
    "block_with_a_very_long_name.and.another.one.conv",
    missed_rows=(3, 5, 7),
    missed_columns=(2, 4),
    out=100,
    size=28,
)
PICTURES = {
    "one": picture(variant(None)),
    "nine": picture(variant(None, *[layer(), WIDE, WIDE] * 3), network="a $long$ name/" * 9),
    "two": picture(variant(1), MISSING),
    "three": picture(*[variant(d, WIDE, WIDE, WIDE) for d in (1, 2, 5)], notes=("a note",) * 3),
    "five": picture(*[variant(d, WIDE, WIDE, WIDE) for d in (1, 22, 333, 4, 5)]),
}


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_lies_over_another_or_over_a_panel(name: str, drawn: list[Figure]) -> None:
    draw_fields(PICTURES[name], Path("a.png"))
    figure = drawn[0]
    boxes = {
        f"{number} {text.get_text()}": text.get_window_extent()
        for number, text in enumerate(figure.texts)
    }
    boxes["legend"] = figure.legends[0].get_window_extent()
    for key, box in boxes.items():
        assert figure.bbox.containsx(box.x0) and figure.bbox.containsx(box.x1), key
        assert figure.bbox.containsy(box.y0) and figure.bbox.containsy(box.y1), key
    # With the numbers beside it, the bar of colours is wider than its axes.
    places = {f"panel {n}": axes.get_tightbbox() for n, axes in enumerate(figure.axes)}
    for key, place in places.items():
        assert place is not None and place.x1 <= figure.bbox.x1, key
        boxes[key] = Bbox(place.get_points())
    for (one, first), (other, second) in combinations(boxes.items(), 2):
        assert not first.overlaps(second), f"{one} over {other}"


def test_the_page_is_a_png(tmp_path: Path) -> None:
    path = draw_fields(picture(variant(1), MISSING), tmp_path / "a" / "fields.png")
    with Image.open(path) as image:
        assert image.format == "PNG"
        red = np.array(image.convert("RGB")) == [int(RED[i : i + 2], 16) for i in (1, 3, 5)]
    assert red.all(2).any()
