"""Where the whole input is seen first, for people and for programs."""

from typing import Any

from mnistops.analysis.cover import Cover
from mnistops.analysis.graph import Layer
from mnistops.analysis.window import times
from mnistops.report.grid import Column, Grid
from mnistops.report.publish import Report
from mnistops.report.receptive_field import place_of

_COLUMNS = (
    Column("the whole input is seen by", is_number=False),
    Column("first in", is_number=False),
)


def cover_report(cover: Cover) -> Report:
    """The two layers in every format."""
    records = [
        {"units": "some", **_record(cover.some_unit)},
        {"units": "every", **_record(cover.every_unit)},
    ]
    grid = Grid(
        _COLUMNS,
        (("some unit", _place(cover.some_unit)), ("every unit", _place(cover.every_unit))),
        title=f"{cover.network}, input {times(cover.input_size)}",
        notes=("by what units really reach, from corner to corner; padding shows nothing",),
    )
    document = {
        "network": cover.network,
        "input_size": cover.input_size,
        "some_unit": cover.some_unit and _record(cover.some_unit),
        "every_unit": cover.every_unit and _record(cover.every_unit),
    }
    return Report((grid,), document, records)


def _record(layer: Layer | None) -> dict[str, Any]:
    return {"name": layer and layer.name, "path": layer and layer.path}


def _place(layer: Layer | None) -> str:
    return "no layer" if layer is None else place_of(layer)
