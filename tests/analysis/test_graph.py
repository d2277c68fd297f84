"""Chains: numbering, shapes, and errors that name the step."""

import pytest

from mnistops.analysis.graph import ChainBuilder, Parameter, Step
from mnistops.analysis.operations import Flatten, Linear, Pointwise
from mnistops.errors import BadInput


def test_modules_are_numbered_and_functions_are_not() -> None:
    chain = ChainBuilder("net", (2, 3, 3))
    chain.add(Step(Flatten(), "flatten", "", is_module=False))
    chain.add(Step(Linear(18, 4), "Linear", "fc"))
    chain.add(Step(Pointwise("output"), "relu", "", is_module=False))
    chain.add(Step(Linear(4, 2), "Linear", "head"))
    graph = chain.build()
    assert [layer.name for layer in graph.layers] == ["flatten", "Linear-1", "relu", "Linear-2"]
    assert [layer.output_shape for layer in graph.layers] == [(18,), (4,), (4,), (2,)]
    assert chain.shape == (2,)


def test_a_misfit_names_network_and_step() -> None:
    chain = ChainBuilder("net", (2, 3, 3))
    with pytest.raises(BadInput, match=r"^net: fc \(Linear\): expected 9 features, got 2 x 3 x 3$"):
        chain.add(Step(Linear(9, 4), "Linear", "fc"))


def test_a_parameter_counts_its_numbers() -> None:
    assert Parameter("weight", "fc.weight", (4, 18)).count == 72
    assert Parameter("scale", "scale", ()).count == 1
