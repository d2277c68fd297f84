"""The public functions, on whatever names or holds a network."""

import re
from math import nan
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import mnistops
from mnistops.errors import BadInput
from mnistops.inspection import layer_graph
from mnistops.networks.build import build
from mnistops.networks.zoo import REFERENCE


def test_public_names() -> None:
    assert mnistops.__all__ == sorted(mnistops.__all__)
    for name in mnistops.__all__:
        assert getattr(mnistops, name).__doc__
    assert set(mnistops.__all__) <= set(dir(mnistops))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = mnistops.nothing


def test_the_same_network_in_every_dress(tmp_path: Path) -> None:
    file = tmp_path / "net.toml"
    file.write_text(REFERENCE.to_toml())
    graph = layer_graph("reference")
    assert layer_graph(file) == layer_graph(str(file)) == layer_graph(REFERENCE) == graph
    assert layer_graph(build(REFERENCE)).layers == graph.layers
    assert mnistops.summarize(REFERENCE).total_params == 5340
    assert mnistops.receptive_field(build(REFERENCE))[-1].size == (40, 40)


def test_input_size_and_dropout() -> None:
    graph = layer_graph("reference", (3, 32, 40), 0.5)
    assert graph.input_shape == (3, 32, 40)
    assert mnistops.summarize("reference", dropout=0.5).dropout == 0.5
    assert mnistops.summarize("reference").dropout == 0.03
    assert layer_graph(nn.Conv2d(3, 2, 3), (3, 8, 9)).layers[0].output_shape == (2, 6, 7)


@pytest.mark.parametrize(
    ("network", "arguments", "message"),
    [
        ("reference", {"dropout": 5.0}, "dropout: expected less than 1, got 5.0"),
        ("reference", {"dropout": nan}, "dropout: expected a finite number"),
        ("reference", {"input_size": (1, -5, 28)}, "input_size"),
        (3, {}, "network: expected a name, a NetworkSpec or a torch module, got 3"),
        (nn.Conv2d, {}, "network: expected a name, a NetworkSpec or a torch module"),
        (nn.Conv2d(1, 1, 1), {"input_size": (1, -5, 28)}, "expected"),
    ],
)
def test_arguments_are_checked(network: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        mnistops.summarize(network, **arguments)


def test_rows() -> None:
    assert len(mnistops.receptive_field("reference")) == 9
    assert len(mnistops.receptive_field("reference", all_layers=True)) == 32
