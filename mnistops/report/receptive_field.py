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

_COLUMNS = (
    Column("layer", rank=5, is_number=False),
    Column("path", is_number=False),
    Column("input", rank=1),
    Column("k", rank=1),
    Column("p", rank=1),
    Column("d", rank=1),
    Column("s", rank=1),
    Column("output"),
    Column("size"),
    Column("jump"),
    Column("start", rank=3),
    Column("effective\npadding", rank=6),
    Column("centre\nfield", rank=4),
    Column("corner\nfield", rank=4),
    Column("coverage", rank=2),
    Column("status", rank=1, is_number=False),
)

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
    what_if = "" if table.dilation is None else f", at dilation {table.dilation}"
    numbers = Grid(
        _COLUMNS,
        (first, *(_row(row) for row in table.layers)),
        title=f"{table.network}, input {times(table.input_size)}{what_if}",
        notes=(
            "k, p, d, s: kernel, padding, dilation, stride",
            "size, jump, start, effective padding: in pixels of the input, before clipping to it",
            "centre field, corner field: share of the input inside that unit's field, once clipped",
            "coverage: share of the pixels inside the field that are touched",
        ),
    )
    formulas = Grid(
        _FORMULA_COLUMNS,
        tuple((_place(row), row.formula, row.output_formula) for row in table.layers),
        notes=(FIELD_SIZE, OUTPUT_SIZE),
    )
    return numbers, formulas


def _comparison(tables: Sequence[FieldTable]) -> Grid:
    first = tables[0]
    columns = [Column("path", is_number=False), Column("jump", rank=3)]
    for table in tables:
        columns += [
            Column(f"output\nat {table.dilation}", rank=2),
            Column(f"size\nat {table.dilation}"),
            Column(f"coverage\nat {table.dilation}", rank=1),
        ]
    rows = []
    for variants in zip(*(table.layers for table in tables), strict=True):
        cells = [_place(variants[0]), sizes(variants[0].jump)]
        for row in variants:
            cells += [sizes(row.output_size), sizes(row.size), percent(row.coverage)]
        rows.append(tuple(cells))
    dilations = ", ".join(str(table.dilation) for table in tables)
    return Grid(
        tuple(columns),
        tuple(rows),
        title=f"{first.network}, input {times(first.input_size)}, at dilation {dilations}",
        notes=(
            "size: of the receptive field, in pixels of the input, before clipping to it",
            "coverage: share of the pixels inside the field that are touched",
        ),
    )


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
