"""``mnistops rf`` in every format."""

import csv
import io
import json
from pathlib import Path

import pytest

from mnistops.analysis.probing.verdict import Verdict
from tests.running import Run

KEYS = [
    "name",
    "path",
    "input_size",
    "kernel_size",
    "padding",
    "dilation",
    "stride",
    "output_size",
    "size",
    "jump",
    "start",
    "effective_padding",
    "coverage",
    "formula",
    "status",
]


def test_json(command: Run) -> None:
    result = json.loads(command("rf", "--dilation", "2", "--format", "json").out)
    assert {**result, "layers": None} == {
        "network": "reference",
        "dilation": 2,
        "changed_layers": ["convblock5.0", "convblock6.0", "convblock7.0"],
        "keep_size": False,
        "input_size": [28, 28],
        "layers": None,
    }
    assert len(result["layers"]) == 9
    assert set(KEYS) <= set(result["layers"][0])
    gap = result["layers"][8]
    assert {key: gap[key] for key in KEYS} == {
        "name": "AdaptiveAvgPool2d-30",
        "path": "gap",
        "input_size": [5, 5],
        "kernel_size": [5, 5],
        "padding": [0, 0],
        "dilation": [1, 1],
        "stride": [1, 1],
        "output_size": [1, 1],
        "size": [40, 40],
        "jump": [2, 2],
        "start": [-6, -6],
        "effective_padding": [6, 6],
        "coverage": 1.0,
        "formula": "32 + (5-1)*1*2 = 40",
        "status": "whole",
    }


def test_without_a_what_if_there_is_no_dilation(command: Run) -> None:
    assert json.loads(command("rf", "--format", "json").out)["dilation"] is None


def test_several_dilations_are_a_list(command: Run) -> None:
    for given in (["--dilation", "1", "--dilation", "5"], ["--dilation", "1,5"]):
        results = json.loads(command("rf", *given, "--keep-size", "--format", "json").out)
        assert [result["dilation"] for result in results] == [1, 5]
        assert [result["layers"][7]["size"] for result in results] == [[20, 20], [68, 68]]


def test_uneven_padding_is_a_pair_of_pairs(command: Run) -> None:
    arguments = ["rf", "--layers", "pool1", "--keep-size", "--format", "json"]
    assert json.loads(command(*arguments).out)["layers"][3]["padding"] == [[0, 1], [0, 1]]


def test_table(command: Run) -> None:
    code, out, err = command("rf")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "reference, input 28 x 28"
    (row,) = [line.split() for line in lines if line.startswith("Conv2d-18")]
    assert row[1:11] == ["convblock5.0", "11", "3", "1", "2", "1", "9", "16", "2", "-2"]
    assert any(line.startswith("Input ") for line in lines)
    assert "8 + (3-1)*2*2 = 16" in out
    assert "floor((11 + 2*1 - 2*(3-1) - 1)/1) + 1 = 9" in out


def test_the_title_says_what_was_changed(command: Run) -> None:
    def title(*arguments: str) -> str:
        return command("rf", *arguments).out.splitlines()[0].removeprefix("reference, input ")

    assert title() == "28 x 28"
    assert title("--keep-size", "--layers", "pool1") == "28 x 28; pool1, sizes kept"
    assert title("--dilation", "1", "--layers", "conv*[12]") == (
        "28 x 28; convblock1.0, convblock2.0 at dilation 1"
    )
    assert title("--dilation", "2,1", "--layers", "convblock5", "--layers", "pool1") == (
        "28 x 28; pool1, convblock5.0 at dilation 2, 1"
    )


def test_side_by_side(command: Run) -> None:
    out = command("rf", "--dilation", "1", "--dilation", "5", "--keep-size").out
    (row,) = [line.split() for line in out.splitlines() if line.startswith("convblock5.0")]
    as_is, at_1, at_5 = ["9", "16", "100", "%"], ["11", "12", "100", "%"], ["11", "28", "73.5", "%"]
    assert row == ["convblock5.0", "2", *as_is, *at_1, *at_5]


def test_the_original_is_not_shown_twice(command: Run) -> None:
    heading = command("rf", "--dilation", "1", "--dilation", "2").out.splitlines()[3]
    assert "at 2" in heading
    assert "as is" not in heading


def test_all_layers(command: Run) -> None:
    result = json.loads(command("rf", "--all-layers", "--format", "json").out)
    assert len(result["layers"]) == 32
    norm = result["layers"][1]
    assert (norm["name"], norm["kernel_size"], norm["formula"]) == (
        "BatchNorm2d-2",
        None,
        "unchanged",
    )
    assert command("rf", "--all-layers").code == 0


def test_csv_and_markdown(command: Run) -> None:
    out = command("rf", "--dilation", "1,2", "--keep-size", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 18
    assert [row["size"] for row in rows if row["path"] == "convblock7.0"] == ["20x20", "32x32"]
    text = command("rf", "--format", "markdown").out
    assert "| Conv2d-26 | convblock7.0 | 7 | 3 | 1 | 2 | 1 | 5 | 32 | 2 | -6 |" in text


def test_oblong_input(command: Run) -> None:
    result = json.loads(command("rf", "--input-size", "1,28,40", "--format", "json").out)
    assert result["input_size"] == [28, 40]
    assert result["layers"][-1]["kernel_size"] == [5, 11]
    assert result["layers"][-1]["status"] == "whole"
    assert "28x40" in command("rf", "--input-size", "1,28,40").out


def test_a_single_what_if_stands_beside_the_original(command: Run) -> None:
    out = command("rf", "--dilation", "1", "--keep-size").out
    (row,) = [line.split() for line in out.splitlines() if line.startswith("Conv2d-18")]
    assert row[7:11] == ["11", "12", "9", "16"]
    arguments = ["rf", "--dilation", "1", "--keep-size", "--format", "json"]
    layer = json.loads(command(*arguments).out)["layers"][5]
    assert (layer["size"], layer["original_size"]) == ([12, 12], [16, 16])
    assert (layer["output_size"], layer["original_output_size"]) == ([11, 11], [9, 9])


def test_the_field_of_one_unit(command: Run) -> None:
    out = command("rf", "--unit", "0,8").out
    (row,) = [line for line in out.splitlines() if line.startswith("Conv2d-18")]
    assert "-2..13 x 14..29" in row  # 9 units along an axis: this one is the last of its row
    layers = json.loads(command("rf", "--unit", "0,8", "--format", "json").out)["layers"]
    assert layers[5]["unit_field"] == [[-2, 13], [14, 29]]
    assert layers[6]["unit_field"] is None
    code, out, err = command("rf", "--unit", "99,0")
    assert (code, out) == (2, "")
    assert "--unit 99,0: expected a unit that a layer has, got none" in err
    assert "expected 2 numbers" in command("rf", "--unit", "1").err


def test_where_the_whole_input_is_seen_first(command: Run) -> None:
    code, out, _ = command("rf", "--covers")
    assert code == 0
    assert [line.split()[-1] for line in out.splitlines()[4:6]] == ["convblock7.0", "gap"]
    changed = command("rf", "--covers", "--dilation", "4", "--keep-size").out
    assert changed.splitlines()[4].split()[-1] == "gap"
    code, out, err = command("rf", "--covers", "--verify")
    assert (code, out) == (2, "")
    assert err.startswith("error: --covers: expected nothing else, got --verify")
    result = json.loads(command("rf", "--covers", "--format", "json").out)
    assert result["every_unit"] == {"name": "AdaptiveAvgPool2d-30", "path": "gap"}


RESIZED = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.up = nn.Upsample(scale_factor=2)
        self.after = nn.Conv2d(2, 2, 3)
    def forward(self, x):
        return self.after(self.up(self.conv(x)))
"""


def test_strict_wants_every_row_to_be_sure(command: Run, tmp_path: Path) -> None:
    assert command("rf", "--strict").code == 0
    (tmp_path / "net.py").write_text(RESIZED)
    network = f"{tmp_path}/net.py:Net"
    assert command("rf", network).code == 0
    code, out, _ = command("rf", network, "--strict")
    assert code == 1
    assert "bound: fields differ from unit to unit, within these sizes" in out


def test_rows_are_verified(command: Run) -> None:
    code, out, err = command("rf", "--verify")
    assert (code, err) == (0, "verified: 9 of 9 rows agree with gradients\n")
    (row,) = [line.split() for line in out.splitlines() if line.startswith("Conv2d-18")]
    assert row[-2:] == ["exact", "agrees"]
    layers = json.loads(command("rf", "--verify", "--format", "json").out)["layers"]
    assert {layer["verdict"] for layer in layers} == {"agrees"}


def test_a_row_that_differs_is_a_negative_verdict(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_differs(*_: object) -> tuple[tuple[Verdict, ...], ...]:
        good = [Verdict("Conv2d", f"conv{n}", "agrees") for n in range(8)]
        return ((Verdict("Conv2d", "first", "differs", reason="seen 0-4"), *good),)

    monkeypatch.setattr("mnistops.verification.verify", one_differs)
    code, _, err = command("rf", "--verify")
    assert code == 1
    assert err.splitlines() == [
        "verified: 8 of 9 rows agree with gradients",
        "differs: first: seen 0-4",
    ]


def test_a_picture_is_drawn(command: Run, tmp_path: Path) -> None:
    code, out, err = command("rf", "--plot", str(tmp_path / "fields.png"))
    assert (code, err) == (0, f"picture: {tmp_path}/fields.png\n")
    assert out.startswith("reference, input 28 x 28\n")
    assert (tmp_path / "fields.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_is_refused_before_the_work(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnistops.inspection.layer_graph", None)
    Path("file").touch()
    assert command("rf", "--plot", "file/x.png").code == 73
