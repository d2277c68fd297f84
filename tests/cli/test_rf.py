"""``mnistops rf`` in every format."""

import csv
import io
import json

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
    assert row == ["convblock5.0", "2", "11", "12", "100", "%", "11", "28", "73.5", "%"]


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
