"""``mnistops summary`` in every format."""

import csv
import io
import json
from pathlib import Path

import pytest
import torch

from mnistops.networks.zoo import REFERENCE
from tests.running import Run
from tests.seed_network import SeedNetwork

SEED = Path(__file__).parents[1] / "seed_network.py"


def test_table(command: Run) -> None:
    code, out, err = command("summary")
    assert (code, err) == (0, "")
    assert "AdaptiveAvgPool2d-30" in out
    assert "1,390,290" in out
    assert "5,340 trainable, 0 frozen; 20.9 KiB in float32" in out
    assert "56.7 KiB at the peak of inference, 375.6 KiB kept for training at dropout 0.03" in out


def test_json(command: Run) -> None:
    result = json.loads(command("summary", "--format", "json").out)
    assert result["network"] == "reference"
    assert result["total_params"] == result["trainable_params"] == 5340
    assert result["mult_adds"] == 1_390_290
    assert len(result["layers"]) == 30
    assert result["layers"][0] == {
        "name": "Conv2d-1",
        "type": "Conv2d",
        "path": "convblock1.0",
        "output_shape": [-1, 10, 26, 26],
        "params": 90,
        "frozen_params": 0,
        "shared_params": 0,
        "mult_adds": 60840,
        "inputs": ["input"],
    }
    assert result["memory"]["parameters"] == 21360


def test_dropout_is_the_networks_own_unless_it_is_given(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dropout(*arguments: str) -> float:
        out = command("summary", "--format", "json", *arguments).out
        return float(json.loads(out)["dropout"])

    assert dropout() == 0.03
    assert dropout("--dropout", "0.2") == 0.2
    monkeypatch.setenv("MNISTOPS_NETWORK__DROPOUT", "0.1")
    assert dropout() == 0.1


def test_csv_and_markdown(command: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(command("summary", "--format", "csv").out)))
    assert sum(int(row["params"]) for row in rows) == 5340
    assert rows[-1]["path"] == "gap"
    text = command("summary", "--format", "markdown").out
    assert text.count("\n| ") == 2 + 30 + 1  # heading and rule, layers, total
    assert "| total |" in text


def test_torchsummary_style(command: Run) -> None:
    code, out, err = command("summary", "--style", "torchsummary")
    assert (code, err) == (0, "")
    assert out.startswith("-" * 64 + "\n        Layer (type)  ")
    assert out.endswith("Estimated Total Size (MB): 0.73\n" + "-" * 64 + "\n")
    refused = command("summary", "--style", "torchsummary", "--format", "json")
    assert refused.code == 2
    assert "expected --format table, got json" in refused.err


def test_torchsummary_that_counts_otherwise_is_told(command: Run) -> None:
    Path("net.py").write_text(
        "from torch import nn\n"
        "def net():\n"
        "    conv = nn.Conv2d(1, 1, 3)\n"
        "    return nn.Sequential(conv, conv)\n"
    )
    code, out, err = command("summary", "net.py:net", "--style", "torchsummary")
    assert code == 0
    assert "Total params: 20\n" in out
    assert len(err.splitlines()) == 1
    assert "the network has 10" in err


def test_every_way_to_name_the_same_network(command: Run) -> None:
    Path("net.toml").write_text(REFERENCE.to_toml())
    Path("run").mkdir()
    torch.save(SeedNetwork().state_dict(), "run/last.pt")
    expected = json.loads(command("summary", "reference", "--format", "json").out)
    for name in ("net.toml", "run", "run/last.pt", f"{SEED}:Net"):
        result = json.loads(command("summary", name, "--format", "json").out)
        assert result["layers"] == expected["layers"]
        assert result["memory"] == expected["memory"]


@pytest.mark.parametrize("name", ["MNISTOPS_NETWORK__NAME"])
def test_the_network_from_the_environment(
    command: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    Path("net.toml").write_text(REFERENCE.to_toml().replace('"reference"', '"mine"'))
    monkeypatch.setenv(name, "net.toml")
    assert command("summary").out.startswith("mine, input")
    assert command("summary", "reference").out.startswith("reference, input")


def test_input_size(command: Run) -> None:
    result = json.loads(command("summary", "--input-size", "3,32,40", "--format", "json").out)
    assert result["input_size"] == [3, 32, 40]
    assert result["total_params"] == 5340 + 2 * 90


def test_budgets_are_a_gate(command: Run) -> None:
    kept = command("summary", "--max-params", "5340", "--max-mult-adds", "2M", "--max-kb", "21")
    assert kept.code == 0
    assert kept.err.splitlines()[0] == "within budget: 5,340 parameters of --max-params 5,340"
    code, out, err = command("summary", "--max-params", "5k", "--format", "json")
    assert code == 1
    assert err == "over budget: 5,340 parameters, 340 more than --max-params 5,000\n"
    assert json.loads(out)["budgets"] == [
        {
            "name": "parameters",
            "option": "--max-params",
            "limit": 5000,
            "value": 5340,
            "is_exceeded": True,
        }
    ]
    assert "0.86 more than --max-kb 20" in command("summary", "--max-kb", "20").err


def test_modules_can_be_put_together(command: Run) -> None:
    rows = json.loads(command("summary", "--depth", "1", "--format", "json").out)["layers"]
    assert [row["path"] for row in rows][:2] == ["convblock1", "convblock2"]
    assert sum(row["params"] for row in rows) == 5340
    assert sum(row["mult_adds"] for row in rows) == 1_390_290
    assert (rows[1]["inputs"], rows[1]["output_shape"]) == (["convblock1"], [-1, 10, 24, 24])


def test_columns_are_chosen(command: Run) -> None:
    lines = command("summary", "--columns", "params,layer,connected-to").out.splitlines()
    assert lines[2].split() == ["params", "layer", "connected", "to"]
    assert lines[5].split() == ["20", "BatchNorm2d-2", "Conv2d-1"]
    code, _, err = command("summary", "--columns", "params,shape")
    assert code == 2
    assert "--columns: expected some of layer, path, output" in err
