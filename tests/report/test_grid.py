"""Grids: what fits on a terminal, and what Markdown and CSV make of odd text."""

import csv
import io
import json
from math import nan

import pytest
from rich.console import Console

from mnistops.report.grid import Column, Grid, to_csv, to_json, to_markdown, to_terminal

GRID = Grid(
    columns=(
        Column("layer", is_number=False),
        Column("share of\nparams", rank=2),
        Column("params", rank=1, legend="params: a legend"),
    ),
    rows=(("[bold]a[/bold]|b", "10 %", "1,000"), ("é", "90 %", "9,000")),
    total=("total", "", "10,000"),
    title="a title",
    notes=("a note",),
)


def rendered(width: int, color: bool = False) -> str:
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
    )
    with console.capture() as capture:
        console.print(to_terminal(GRID, console))
    return capture.get()


def test_all_of_it_where_there_is_room() -> None:
    text = rendered(80)
    for word in ("a title", "[bold]a[/bold]|b", "share of", "10 %", "10,000", "a note"):
        assert word in text
    assert "left out" not in text


def test_what_is_left_out_is_said() -> None:
    assert "share of" not in rendered(30).split("left out")[0]
    assert "left out for want of width (a pipe gets all): share of params" in " ".join(
        rendered(30).split()
    )
    narrow = rendered(18)
    assert "1,000" not in narrow
    assert "[bold]a[/bold]|b" in narrow
    assert "params: a legend" in rendered(30)
    assert "a legend" not in narrow  # no column, no legend


@pytest.mark.parametrize("width", range(31, 61))
def test_a_name_is_cut_before_a_number_is(width: int) -> None:
    columns = (Column(""), Column("name", is_number=False), Column("value"))
    rows = (("1", 50 * "x", "10.000 ± 2.828"), ("2", "é", "9"))
    console = Console(width=width)
    with console.capture() as capture:
        console.print(to_terminal(Grid(columns, rows), console))
    first = capture.get().splitlines()[2]
    assert first.split()[0] == "1" and first.endswith("10.000 ± 2.828")
    assert len(first) == width


def test_no_escape_codes_without_colour() -> None:
    assert "\x1b" not in rendered(80)
    assert "\x1b" in rendered(80, color=True)


def test_markdown() -> None:
    assert to_markdown(GRID).split("\n") == [
        "**a title**",
        "",
        "| layer | share of params | params |",
        "| --- | ---: | ---: |",
        "| [bold]a[/bold]\\|b | 10 % | 1,000 |",
        "| é | 90 % | 9,000 |",
        "| total |  | 10,000 |",
        "",
        "params: a legend",
        "",
        "a note",
    ]


def test_csv() -> None:
    records = [{"a": 'x,"y"', "b": (3, 5), "c": ((0, 1), (2, 3)), "d": None, "e": 0.5}]
    (row,) = csv.DictReader(io.StringIO(to_csv(records)))
    assert row == {"a": 'x,"y"', "b": "3x5", "c": "0/1x2/3", "d": "", "e": "0.5"}
    assert to_csv([]) == ""


def test_json() -> None:
    assert json.loads(to_json({"a": (1, 2), "é": None})) == {"a": [1, 2], "é": None}
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(nan)
