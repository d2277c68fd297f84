"""Summaries against torch's own counts, and torchinfo's; memory stands in test_memory."""

from collections.abc import Callable
from math import prod
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from mnistops.analysis.capture import capture
from mnistops.analysis.lower import lower
from mnistops.analysis.memory import inference_peak, training_kept
from mnistops.analysis.summary import summarize_graph
from mnistops.networks.build import build
from mnistops.networks.spec import NetworkSpec
from mnistops.networks.zoo import REFERENCE
from tests.strategies import specs

IMAGES = 3


def counted_by_torch(network: nn.Module, *size: int) -> float:
    """Multiply-adds for one image of this size."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(torch.randn(IMAGES, *size))
    return int(counter.get_total_flops()) / 2 / IMAGES


@given(specs())
def test_counts_equal_torchs(spec: NetworkSpec) -> None:
    summary = summarize_graph(lower(spec))
    network = build(spec)
    assert summary.total_params == sum(p.numel() for p in network.parameters())
    assert summary.trainable_params == summary.total_params
    assert summary.buffers == sum(buffer.numel() for buffer in network.buffers())
    assert summary.mult_adds == counted_by_torch(network, *spec.input_size)


@given(
    transposed=st.booleans(),
    groups=st.sampled_from((1, 2, 4)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 3),
    padding=st.integers(0, 1),
)
def test_convolutions_both_ways_cost_what_torch_counts(
    transposed: bool, groups: int, kernel: tuple[int, int], stride: int, padding: int
) -> None:
    kind = nn.ConvTranspose2d if transposed else nn.Conv2d
    network = kind(4, 8, kernel, stride, padding, groups=groups)
    summary = summarize_graph(capture(nn.Sequential(network), (4, 7, 6), "net"))
    assert summary.mult_adds == counted_by_torch(network, 4, 7, 6)


class Applied(nn.Module):
    """A function between a fully connected layer over the last axis and nothing."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.project = nn.Linear(6, 5)
        self.function = function

    def forward(self, images: Tensor) -> Tensor:
        return self.function(self.project(images))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (functional.relu, 3 * 4 * 6 * 5),
        (lambda x: torch.bmm(x.flatten(2), x.flatten(2).mT), 3 * 4 * 6 * 5 + 3 * 20 * 3),
        (lambda x: x @ x.mT, 3 * 4 * 6 * 5 + 3 * 4 * 5 * 4),
        (lambda x: x @ torch.zeros(5, 7), 3 * 4 * 6 * 5 + 3 * 4 * 5 * 7),
        (lambda x: torch.einsum("nchw,ndhw->ncd", x, x), 3 * 4 * 6 * 5 + 3 * 20 * 3),
        (lambda x: x.mean((2, 3)), 3 * 4 * 6 * 5),
    ],
)
def test_products_of_matrices_cost_what_torch_counts(function: Any, expected: int) -> None:
    network = Applied(function)
    summary = summarize_graph(capture(network, (3, 4, 6), "net"))
    assert summary.mult_adds == counted_by_torch(network, 3, 4, 6) == expected


def test_reference() -> None:
    summary = summarize_graph(lower(REFERENCE))
    assert summary.total_params == 5340
    assert summary.mult_adds == 1_390_290
    assert len(summary.layers) == 30
    assert sum(layer.params for layer in summary.layers) == 5340
    assert summary.layers[0].name == "Conv2d-1"
    assert summary.layers[0].path == "convblock1.0"
    assert summary.dtype == "float32"


def test_memory_is_that_of_the_graph() -> None:
    graph = lower(REFERENCE)
    memory = summarize_graph(graph).memory
    network = build(REFERENCE)
    assert memory.parameters == sum(p.nbytes for p in network.parameters())
    assert memory.buffers == sum(buffer.nbytes for buffer in network.buffers())
    assert memory.inference_peak == inference_peak(graph)
    assert memory.training_kept == training_kept(graph)


def test_parameters_agree_with_torchinfo() -> None:
    import torchinfo

    info = torchinfo.summary(build(REFERENCE), (1, 1, 28, 28), verbose=0)
    assert summarize_graph(lower(REFERENCE)).total_params == info.total_params


class Reused(nn.Module):
    """One convolution twice, one that never runs, and one that is frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 1)
        self.again = nn.Conv2d(4, 4, 3, padding=1)
        self.idle = nn.Linear(7, 3)
        self.frozen = nn.Conv2d(4, 2, 1).requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        return self.frozen(self.again(self.again(self.first(images))))  # type: ignore[no-any-return]


def test_shared_idle_and_frozen_parameters_count_once() -> None:
    network = Reused()
    summary = summarize_graph(capture(network, (1, 8, 8), "reused"))
    assert summary.total_params == sum(p.numel() for p in network.parameters())
    assert summary.unused_params == 7 * 3 + 3
    assert summary.total_params - summary.trainable_params == 4 * 2 + 2
    assert [layer.params for layer in summary.layers] == [8, 148, 0, 10]
    assert [layer.shared_params for layer in summary.layers] == [0, 0, 148, 0]
    assert [layer.frozen_params for layer in summary.layers] == [0, 0, 0, 10]
    assert summary.layers[1].mult_adds == summary.layers[2].mult_adds == 64 * 4 * 4 * 9


class Shortcut(nn.Module):
    """A convolution, doubled in brightness, added to what it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 2, 1)
        self.body = nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        stem = self.stem(images)
        return functional.relu(stem + 2 * self.body(stem))


def test_rows_say_what_they_take() -> None:
    rows = summarize_graph(capture(Shortcut(), (1, 5, 5), "net")).layers
    # Functions that cost nothing and take one tensor have no row: what they take stands for them.
    assert [(row.name, row.inputs) for row in rows] == [
        ("Conv2d-1", ("input",)),
        ("Conv2d-2", ("Conv2d-1",)),
        ("add-1", ("Conv2d-1", "Conv2d-2")),
    ]
    assert [row.is_module for row in rows] == [True, True, False]


def test_what_has_no_rule_is_not_counted_as_nothing() -> None:
    network = Applied(lambda x: torch.fft.rfft2(x).abs())
    summary = summarize_graph(capture(network, (3, 4, 6), "net"))
    assert summary.mult_adds is None
    assert [row.mult_adds for row in summary.layers[:2]] == [3 * 4 * 6 * 5, None]


def test_a_resized_image_costs_no_products() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Upsample(scale_factor=2))
    summary = summarize_graph(capture(network, (1, 8, 8), "net"))
    assert summary.mult_adds == 2 * 6 * 6 * 9
    assert summary.memory.inference_peak == (prod((2, 6, 6)) + prod((2, 12, 12))) * 4


def test_dropout_is_said_where_all_layers_agree() -> None:
    def dropout(*probabilities: float) -> float | None:
        layers = [nn.Conv2d(1, 2, 3), *map(nn.Dropout, probabilities)]
        return summarize_graph(capture(nn.Sequential(*layers), (1, 8, 8), "net")).dropout

    assert dropout(0.5) == 0.5
    assert dropout(0.25, 0.25) == 0.25
    assert dropout(0.25, 0.5) is None
    assert dropout() is None
