"""A bench's result in every format."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mnistops.benchmark.events import BenchResult
from mnistops.benchmark.machine import Machine
from mnistops.report.bench import bench_report
from mnistops.report.console import stdout_console
from mnistops.report.grid import Grid, to_terminal
from mnistops.report.publish import publish
from tests.benchmark.test_events import RESULT

CHART = Path("out", "bench.png")
COMPILED = replace(RESULT.pipelines[-1], compile_seconds=34.567)
MADE = replace(RESULT, pipelines=(*RESULT.pipelines[:-1], COMPILED))
ALONE = replace(
    MADE,
    pipelines=tuple(replace(one, share_of_limit=None) for one in MADE.pipelines[2:]),
    work=None,
)


def grid(result: BenchResult) -> Grid:
    (only,) = bench_report(result, CHART).grids
    return only


def document(result: BenchResult) -> Any:
    return json.loads(json.dumps(bench_report(result, CHART).document, allow_nan=False))


def test_json_has_these_keys_and_no_others() -> None:
    values = document(MADE)
    assert list(values) == ["pipelines", "ratio_best_to_reference"]
    assert values["ratio_best_to_reference"] == 10
    assert len(values["pipelines"]) == 5
    assert values["pipelines"][-1] == {
        "name": "compiled",
        "device": "cpu (2 threads)",
        "images_per_second": 4000,
        "seconds_per_epoch": 15,
        "compile_seconds": 34.567,
        "share_of_limit": 0.2,
    }


def test_json_says_null_where_nothing_can_be_said() -> None:
    values = document(ALONE)
    assert values["ratio_best_to_reference"] is None
    assert {row["share_of_limit"] for row in values["pipelines"]} == {None}


def test_csv_has_a_row_for_each_pipeline(capsys: pytest.CaptureFixture[str]) -> None:
    publish(bench_report(MADE, CHART), "csv")
    header, *rows = capsys.readouterr().out.splitlines()
    assert header == (
        "name,device,images_per_second,seconds_per_epoch,compile_seconds,share_of_limit"
    )
    assert len(rows) == 5
    assert rows[-1] == "compiled,cpu (2 threads),4000,15.0,34.567,0.2"


def test_the_table_has_a_row_for_each_pipeline() -> None:
    table = grid(MADE)
    assert table.title == "net, 5,340 parameters, on cpu (2 threads)"
    assert [column.title for column in table.columns] == [
        "pipeline",
        "images/s",
        "s per epoch",
        "ratio",
        "of limit",
        "compile s",
    ]
    assert table.rows[0] == ("reference (0 workers)", "1,000", "60.0", "0.8x", "5.0 %", "-")
    assert table.rows[3] == ("native", "12,500", "4.8", "10.0x", "62.5 %", "-")
    assert table.rows[4] == ("compiled", "4,000", "15.0", "3.2x", "20.0 %", "34.6")


def test_the_table_says_how_each_was_trained() -> None:
    notes = "\n".join(grid(MADE).notes)
    assert "60,000 images per epoch, 128 per step" in notes
    assert "PIL transforms and DataLoader; dropout 0.03\n" in notes
    assert "engines of mnistops train; dropout 0\n" in notes
    own = replace(MADE, dropout=(None, 0.25))
    assert "engines of mnistops train; dropout its own" in "\n".join(grid(own).notes)


def test_the_table_says_what_the_limit_is() -> None:
    notes = "\n".join(grid(MADE).notes)
    # 2e11 / 1e7, where 4e10 / 4e5 would be more.
    assert "limit: 20,000 images/s, bound by arithmetic" in notes
    assert "200 GFLOP/s in products of matrices, 40.0 GB/s in copies" in notes
    assert "10 MFLOP and 0.4 MB an image" in notes
    slow = replace(MADE, machine=Machine(2e11, 4e9))
    assert "limit: 10,000 images/s, bound by memory" in "\n".join(grid(slow).notes)


def test_the_table_says_where_nothing_can_be_said() -> None:
    table = grid(ALONE)
    assert table.rows[0] == ("eager", "2,000", "30.0", "-", "-", "-")
    assert "the network's work could not be counted" in "\n".join(table.notes)


def test_the_table_says_what_was_left_out_and_where_the_chart_is() -> None:
    *_, left_out, chart = grid(MADE).notes
    assert left_out == "left out: compiled bf16: it does not work"
    assert chart == f"chart: {CHART}"


def test_eighty_columns_hold_the_table() -> None:
    console = stdout_console()
    console.width = 80
    with console.capture() as capture:
        console.print(to_terminal(grid(MADE), console))
    assert "left out for want of width" not in capture.get()
    assert all(len(line.rstrip()) <= 80 for line in capture.get().splitlines())
