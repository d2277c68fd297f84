"""Calls: names of functions, and what is one layer to its users."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from mnistops.analysis.graph import GraphBuilder, Step
from mnistops.analysis.operations import Identity
from mnistops.analysis.recording.calls import Calls, function_name, is_torchs


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (torch.add, "add"),
        (torch.Tensor.__add__, "add"),
        (torch.Tensor.__radd__, "add"),
        (torch.Tensor.add_, "add"),
        (torch.Tensor.__truediv__, "div"),
        (torch.Tensor.__getitem__, "getitem"),
        (torch.Tensor.round, "round"),
        (
            functional._max_pool2d,  # type: ignore[attr-defined]
            "max_pool2d",
        ),
        (
            torch.Tensor.T.__get__,  # type: ignore[attr-defined]
            "T",
        ),
    ],
)
def test_functions_are_named_as_people_write_them(function: Callable[..., Any], name: str) -> None:
    assert function_name(function) == name


class Own(nn.Conv2d):
    """A convolution with a forward of the user's."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images).relu()


@pytest.mark.parametrize(
    ("module", "is_layer"),
    [
        (nn.Conv2d(1, 1, 1), True),
        (Own(1, 1, 1), False),
        (nn.MultiheadAttention(4, 2), True),
        (weight_norm(nn.Conv2d(1, 1, 1)), True),
        (nn.Sequential(), False),
        (nn.TransformerEncoderLayer(4, 2), False),
    ],
)
def test_what_is_one_layer(module: nn.Module, is_layer: bool) -> None:
    assert is_torchs(module) == is_layer


def test_a_call_inside_a_call_is_a_part_of_it() -> None:
    graph = GraphBuilder("net", (1, 2, 2))
    calls = Calls(graph)
    calls.enter("block", nn.Sequential())
    assert calls.begin("normalize", calls.path, is_module=False)
    assert not calls.begin("pow", calls.path, is_module=False)
    for _ in range(2):
        step = calls.step(Identity())
        assert (step.type, step.path, step.is_module) == ("normalize", "block", False)
        graph.add(step)
    calls.end()
    assert not calls.leave()
    graph.add(Step(Identity(), "Identity", "after"))
    assert list(graph.build().calls()) == [[0, 1], [2]]


def test_a_layer_of_torchs_begins_a_call() -> None:
    calls = Calls(GraphBuilder("net", (1, 2, 2)))
    assert calls.enter("conv", nn.Conv2d(1, 1, 1))
    assert not calls.is_hidden
    assert calls.current and calls.current.path == "conv"
    assert calls.leave()
