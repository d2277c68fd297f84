"""An export in every format."""

import json
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from mnistops.data.normalization import Normalization
from mnistops.exports.export import ExportedFile, ExportResult
from mnistops.exports.proof import Proof
from mnistops.report.export import export_report
from mnistops.report.grid import Grid
from mnistops.report.publish import publish

RESULT = ExportResult(
    "plain",
    1234,
    Path("runs/a/last.pt"),
    (1, 28, 28),
    10,
    Normalization(0.125, 0.25),
    False,
    {1: 0.5, 128: 60.0},
    2,
    (
        ExportedFile(
            "onnx", Path("out/plain.onnx"), 27_494, Proof(7.25e-6, 0.0015), {1: 0.0812, 128: 78.91}
        ),
        ExportedFile("safetensors", Path("out/plain.safetensors"), 1500, Proof(0.0, 0.0), None),
    ),
)
FAILED = replace(
    RESULT, files=(ExportedFile("pt2", None, 9, Proof(inf, 0.0001), None),), takes_pixels=True
)


def grid(result: ExportResult) -> Grid:
    (only,) = export_report(result).grids
    return only


def test_a_row_for_each_file_beside_torch() -> None:
    table = grid(RESULT)
    assert table.title == "plain, 1,234 parameters, of last.pt"
    assert [column.title for column in table.columns][-2:] == ["1 image\nms", "128 images\nms"]
    assert table.rows == (
        ("torch, eager", "-", "-", "-", "0.50", "60.0"),
        ("plain.onnx", "27.5", "7.3e-06", "0.0015", "0.08", "78.9"),
        ("plain.safetensors", "1.5", "0", "0", "-", "-"),
    )


def test_it_says_what_the_files_take() -> None:
    notes = grid(RESULT).notes
    assert notes[0] == (
        "images: float32, N x 1 x 28 x 28: (pixels - 0.125) / 0.25 of pixels in 0..1 "
        "(a byte divided by 255)"
    )
    assert notes[1] == "outputs: float32, N x 10; the highest one is the class"
    assert "ms: of a call, the median, with 2 threads" in notes
    assert notes[-1] == "folder: out"
    assert grid(FAILED).notes[0] == (
        "images: float32, N x 1 x 28 x 28: pixels in 0..1 (a byte divided by 255)"
    )


def test_what_was_not_written_is_said_to_be() -> None:
    table = grid(FAILED)
    assert table.rows[1] == ("pt2: not written", "0.0", "inf", "0.0001", "-", "-")
    assert table.notes[-1].startswith("not written: it is not the same network")


def test_json_has_all(capsys: pytest.CaptureFixture[str]) -> None:
    publish(export_report(RESULT), "json")
    told = json.loads(capsys.readouterr().out)
    assert told["torch"] == {"milliseconds_1": 0.5, "milliseconds_128": 60.0}
    assert (told["mean"], told["std"], told["takes_pixels"]) == (0.125, 0.25, False)
    assert told["files"][0] == {
        "format": "onnx",
        "file": "out/plain.onnx",
        "bytes": 27_494,
        "difference": 7.25e-6,
        "limit": 0.0015,
        "milliseconds_1": 0.0812,
        "milliseconds_128": 78.91,
    }
    assert told["files"][1]["milliseconds_1"] is None
    publish(export_report(FAILED), "json")
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert (file["file"], file["difference"]) == (None, None)


def test_csv_has_a_row_for_each_file(capsys: pytest.CaptureFixture[str]) -> None:
    publish(export_report(RESULT), "csv")
    header, *rows = capsys.readouterr().out.splitlines()
    assert header == "format,file,bytes,difference,limit,milliseconds_1,milliseconds_128"
    assert [row.split(",")[0] for row in rows] == ["onnx", "safetensors"]
