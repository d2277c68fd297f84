"""Grid: a table as plain data, and how it looks on a terminal, in Markdown and in CSV."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from mnistops.report.console import UNLIMITED_WIDTH

_LEAST_TEXT = 8
"""Characters that a column of text keeps when numbers need the room."""


@dataclass(frozen=True)
class Column:
    """A column's heading and place.

    Attributes:
        rank: on a terminal that is too narrow the highest ranks are left out first; 0 always stays.
        legend: what it means, for a line below; columns may share one.
    """

    title: str
    rank: int = 0
    is_number: bool = True
    legend: str = ""


@dataclass(frozen=True)
class Grid:
    """A table: cells are text, row by row; the total ends it, and notes stand below."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] = ()
    title: str = ""
    notes: tuple[str, ...] = ()


def to_terminal(grid: Grid, console: Console) -> RenderableType:
    """The grid for people, with as many columns as fit."""
    unlimited = console.options.update(max_width=UNLIMITED_WIDTH)
    ranks = sorted({column.rank for column in grid.columns}, reverse=True)
    for limit in ranks:
        kept = [i for i, column in enumerate(grid.columns) if column.rank <= limit]
        table = _table(grid, kept)
        excess = console.measure(table, options=unlimited).maximum - console.width
        if excess <= 0:
            break
    else:
        table = _table(grid, kept, _cut(grid, kept, excess))
    hidden = [column.title for i, column in enumerate(grid.columns) if i not in kept]
    notes = list(notes_of(grid, [grid.columns[index] for index in kept]))
    if hidden:
        titles = ", ".join(hidden).replace("\n", " ")
        notes.append(f"left out for want of width (a pipe gets all): {titles}")
    title = [Text(grid.title, style="bold"), Text()] if grid.title else []
    below = [Text(), *(Text(note, style="dim") for note in notes)] if notes else []
    return Group(*title, table, *below)


def _cut(grid: Grid, kept: Sequence[int], excess: int) -> dict[int, int]:
    """How wide the columns of text may be: a name that is cut misleads nobody, a number does."""
    titles = [column.title for column in grid.columns]
    widths = {
        index: max(
            cell_len(line)
            for texts in (titles, *_all_rows(grid))
            for line in texts[index].split("\n")
        )
        for index in kept
        if not grid.columns[index].is_number
    }
    for _ in range(excess if widths else 0):
        widest = max(widths, key=lambda index: widths[index])
        widths[widest] = max(widths[widest] - 1, _LEAST_TEXT)
    return widths


def _table(grid: Grid, kept: Sequence[int], widths: Mapping[int, int] | None = None) -> Table:
    widths = widths or {}
    table = Table(
        box=box.SIMPLE_HEAD,
        header_style="bold",
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    for index in kept:
        column = grid.columns[index]
        table.add_column(
            Text(column.title),
            justify="right" if column.is_number else "left",
            no_wrap=True,
            max_width=widths.get(index),
        )
    for row in grid.rows:
        table.add_row(*(Text(row[index]) for index in kept))
    if grid.total:
        table.add_section()
        table.add_row(*(Text(grid.total[index]) for index in kept), style="bold")
    return table


def to_markdown(grid: Grid) -> str:
    """The grid as GitHub's Markdown, notes below."""
    lines = [
        "| " + " | ".join(_escaped(column.title) for column in grid.columns) + " |",
        "|" + "|".join(" ---: " if column.is_number else " --- " for column in grid.columns) + "|",
        *("| " + " | ".join(map(_escaped, row)) + " |" for row in _all_rows(grid)),
    ]
    title = [f"**{grid.title}**"] if grid.title else []
    return "\n\n".join([*title, "\n".join(lines), *notes_of(grid)])


def notes_of(grid: Grid, shown: Sequence[Column] | None = None) -> tuple[str, ...]:
    """The legends of the columns that are shown, each once, and the grid's own notes.

    Args:
        shown: None takes all.
    """
    columns = grid.columns if shown is None else shown
    legends = dict.fromkeys(column.legend for column in columns if column.legend)
    return (*legends, *grid.notes)


def _all_rows(grid: Grid) -> tuple[tuple[str, ...], ...]:
    return (*grid.rows, grid.total) if grid.total else grid.rows


def _escaped(cell: str) -> str:
    return " ".join(cell.replace("\\", "\\\\").replace("|", "\\|").split("\n"))


def to_csv(records: Sequence[Mapping[str, Any]], names: Sequence[str] = ()) -> str:
    """Records as CSV: a list in a field becomes ``28x28``, nothing becomes an empty field.

    Args:
        names: of the fields, where there may be no record to tell them.
    """
    text = StringIO()
    fields = list(records[0]) if records else names
    writer = csv.DictWriter(text, fields, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _csv_cell(value) for key, value in record.items()} for record in records)
    return text.getvalue().rstrip("\n")


def _csv_cell(value: object) -> object:
    if isinstance(value, list | tuple):
        return "x".join("/".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in value)
    return value


def to_json(value: object) -> str:
    """One JSON document; not a number is no JSON, so it raises ValueError."""
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)
