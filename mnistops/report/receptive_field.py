"""Receptive-field tables for people and for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mnistops.analysis.formulas import FIELD_SIZE, OUTPUT_SIZE
from mnistops.analysis.operations import times
from mnistops.analysis.receptive_field import ReceptiveField
from mnistops.analysis.what_if import FieldTable
from mnistops.report.grid import Column, Grid
from mnistops.report.numbers import percent, sizes
from mnistops.report.publish import Report

_GEOMETRY = "k, p, d, s: kernel, padding, dilation, stride"
_PIXELS = "in pixels of the input, before clipping to it"
_FIELD = f"size, start: of unit 0's field; jump: from one unit's field to the next; {_PIXELS}"
_SHARE = "center field, corner field: share of the input inside that unit's field, once clipped"
_COVERAGE = "coverage: share of the pixels inside the field that are touched"

_COLUMNS = (
    Column("layer", rank=5, is_number=False),
    Column("path", is_number=False),
    Column("input", rank=1),
    Column("k", rank=1, legend=_GEOMETRY),
    Column("p", rank=1, legend=_GEOMETRY),
    Column("d", rank=1, legend=_GEOMETRY),
    Column("s", rank=1, legend=_GEOMETRY),
    Column("output"),
    Column("size", legend=_FIELD),
    Column("jump", legend=_FIELD),
    Column("start", rank=3, legend=_FIELD),
    Column("effective\npadding", rank=6),
    Column("center\nfield", rank=4, legend=_SHARE),
    Column("corner\nfield", rank=4, legend=_SHARE),
    Column("coverage", rank=2, legend=_COVERAGE),
    Column("status", rank=1, is_number=False),
)

_STATUS = {
    "exact": "exact: every inner unit's field is this one",
    "bound": "bound: every field lies inside this one",
    "whole": "whole: sees from corner to corner",
    "unsupported": "unsupported: no rule for a layer on the way, so nothing is said",
}

_FORMULA_COLUMNS = (
    Column("path", is_number=False),
    Column("receptive field", is_number=False),
    Column("output size", rank=1, is_number=False),
)


def field_report(tables: Sequence[FieldTable]) -> Report:
    """One table, or several dilations side by side; pairs are (height, width)."""
    if len(tables) == 1:
        return Report(_grids(tables[0]), _document(tables[0]), _records(tables))
    return Report((_comparison(tables),), [_document(t) for t in tables], _records(tables))


def _grids(table: FieldTable) -> tuple[Grid, Grid]:
    """The numbers, and the formulas they come from."""
    size = sizes(table.input_size)
    first = ("Input", "input", size, *"----", size, "1", "1", "0", "0", "", "", "", "")
    statuses = {row.status for row in table.layers}
    numbers = Grid(
        _COLUMNS,
        (first, *(_row(row) for row in table.layers)),
        title=_title([table]),
        notes=("; ".join(_STATUS[kind] for kind in _STATUS if kind in statuses),),
    )
    formulas = Grid(
        _FORMULA_COLUMNS,
        tuple((_place(row), row.formula, row.output_formula) for row in table.layers),
        notes=(FIELD_SIZE, OUTPUT_SIZE),
    )
    return numbers, formulas


def _comparison(tables: Sequence[FieldTable]) -> Grid:
    size = f"size: of the receptive field, {_PIXELS}"
    columns = [Column("path", is_number=False), Column("jump", rank=3)]
    for table in tables:
        columns += [
            Column(f"output\nat {table.dilation}", rank=2),
            Column(f"size\nat {table.dilation}", legend=size),
            Column(f"coverage\nat {table.dilation}", rank=1, legend=_COVERAGE),
        ]
    rows = []
    for variants in zip(*(table.layers for table in tables), strict=True):
        cells = [_place(variants[0]), sizes(variants[0].jump)]
        for row in variants:
            cells += [sizes(row.output_size), sizes(row.size), percent(row.coverage)]
        rows.append(tuple(cells))
    return Grid(
        tuple(columns),
        tuple(rows),
        title=_title(tables),
    )


def _title(tables: Sequence[FieldTable]) -> str:
    """``reference, input 28 x 28; convblock5.0 at dilation 1, 2, sizes kept``."""
    first = tables[0]
    title = f"{first.network}, input {times(first.input_size)}"
    if first.changed_layers:
        title += f"; {', '.join(first.changed_layers)}"
        dilations = [str(table.dilation) for table in tables if table.dilation is not None]
        title += f" at dilation {', '.join(dilations)}" if dilations else ""
        title += ", sizes kept" if first.keep_size else ""
    return title


def _row(row: ReceptiveField) -> tuple[str, ...]:
    return (
        row.name,
        _place(row),
        sizes(row.input_size),
        sizes(row.kernel_size),
        sizes(row.padding),
        sizes(row.dilation),
        sizes(row.stride),
        sizes(row.output_size),
        sizes(row.size),
        sizes(row.jump),
        sizes(row.start),
        sizes(row.effective_padding),
        percent(row.center_share),
        percent(row.corner_share),
        percent(row.coverage),
        row.status,
    )


def _place(row: ReceptiveField) -> str:
    return row.path or row.name


def _document(table: FieldTable) -> dict[str, Any]:
    return {
        "network": table.network,
        "dilation": table.dilation,
        "changed_layers": table.changed_layers,
        "keep_size": table.keep_size,
        "input_size": table.input_size,
        "layers": [_record(row) for row in table.layers],
    }


def _records(tables: Sequence[FieldTable]) -> list[dict[str, Any]]:
    """All rows of all tables; ``what_if_dilation`` tells the tables apart."""
    return [
        {"network": table.network, "what_if_dilation": table.dilation, **_record(row)}
        for table in tables
        for row in table.layers
    ]


def _record(row: ReceptiveField) -> dict[str, Any]:
    record = asdict(row)
    del record["is_window"]
    return record
