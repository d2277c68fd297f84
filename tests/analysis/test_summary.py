"""Summaries against torch's own counts, and torchinfo's."""

import inspect
from math import prod
from typing import Any

import pytest
import torch
from hypothesis import given
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mnistops.analysis.capture import capture
from mnistops.analysis.lower import lower
from mnistops.analysis.summary import summarize_graph
from mnistops.networks.build import SpecNetwork, build
from mnistops.networks.spec import NetworkSpec
from mnistops.networks.zoo import REFERENCE
from tests.strategies import specs

# No layer has so many channels: a tensor of seven rows is one of the batch.
IMAGES = 7


def saved_bytes(network: nn.Module, images: Tensor) -> float:
    """Bytes per image that autograd saves of what depends on the batch, each storage once."""
    parameters = {parameter.data_ptr() for parameter in network.parameters()}
    storages: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in parameters and tensor.shape[:1] == images.shape[:1]:
            storages[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        network.train()(images)
    return sum(t.numel() * t.element_size() for t in storages.values()) / len(images)


def peak_bytes(network: SpecNetwork, images: Tensor) -> int:
    """The most bytes per image of a module's input and output, a storage in both counted once."""
    peak = 0

    def measure(module: nn.Module, taken: tuple[Tensor], given: Tensor) -> None:
        nonlocal peak
        if not any(module.children()):
            storages = {t.untyped_storage().data_ptr(): t for t in (*taken, given)}
            peak = max(peak, sum(t.numel() * t.element_size() for t in storages.values()))

    handles = [m.register_forward_hook(measure) for m in network.modules()]
    with torch.inference_mode():
        outputs = network.eval()(images)
    for handle in handles:
        handle.remove()
    taken, given = images.nbytes, 2 * outputs.nbytes  # the log-softmax at the end is no module
    return max(peak, taken, given if network.output == "log_softmax" else 0) // len(images)


@given(specs())
def test_counts_equal_torchs(spec: NetworkSpec) -> None:
    summary = summarize_graph(lower(spec))
    network = build(spec)
    assert summary.total_params == sum(p.numel() for p in network.parameters())
    assert summary.trainable_params == summary.total_params
    images = torch.randn(IMAGES, *spec.input_size)
    with FlopCounterMode(display=False) as counter:
        network.eval()(images)
    assert summary.mult_adds == counter.get_total_flops() / 2 / IMAGES
    assert summary.memory.inference_peak == peak_bytes(network, images)
    assert summary.memory.training_kept == saved_bytes(network, images)


def test_reference() -> None:
    summary = summarize_graph(lower(REFERENCE))
    assert summary.total_params == 5340
    assert summary.mult_adds == 1_390_290
    assert len(summary.layers) == 30
    assert sum(layer.params for layer in summary.layers) == 5340
    assert summary.layers[0].name == "Conv2d-1"
    assert summary.layers[0].path == "convblock1.0"


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
    assert summary.layers[1].mult_adds == summary.layers[2].mult_adds == 64 * 4 * 4 * 9


def test_what_has_no_rule_is_not_counted_as_nothing() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Upsample(scale_factor=2))
    summary = summarize_graph(capture(network, (1, 8, 8), "net"))
    assert summary.mult_adds is None
    assert summary.memory.training_kept is None
    assert summary.memory.inference_peak == (prod((2, 6, 6)) + prod((2, 12, 12))) * 4


def test_in_place_activations_take_no_memory() -> None:
    layers = [nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(27, 5), nn.Dropout(0.5))
    summary = summarize_graph(capture(network, (1, 8, 8), "net"))
    assert summary.memory.training_kept == saved_bytes(network, torch.randn(IMAGES, 1, 8, 8))
    assert summary.dropout == 0.5


ACTIVATIONS = [
    nn.ReLU,
    nn.LeakyReLU,
    nn.ELU,
    nn.CELU,
    nn.SELU,
    nn.ReLU6,
    nn.Hardtanh,
    nn.SiLU,
    nn.Mish,
    nn.Hardswish,
    nn.Dropout,
    nn.Sigmoid,
    nn.Tanh,
    nn.GELU,
    nn.Softplus,
    nn.PReLU,
]
IN_PLACE = [kind for kind in ACTIVATIONS if "inplace" in inspect.signature(kind).parameters]


@pytest.mark.parametrize(
    ("kind", "in_place"),
    [*((kind, False) for kind in ACTIVATIONS), *((kind, True) for kind in IN_PLACE)],
)
def test_what_each_activation_keeps(kind: Any, in_place: bool) -> None:
    module = kind(inplace=True) if in_place else kind()
    network = nn.Sequential(nn.Conv2d(2, 4, 1), module, nn.Conv2d(4, 3, 1))
    summary = summarize_graph(capture(network, (2, 8, 8), "net"))
    assert summary.memory.training_kept == saved_bytes(network, torch.randn(IMAGES, 2, 8, 8))


def test_dropout_of_whole_channels_keeps_a_number_per_channel() -> None:
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Dropout2d(0.5), nn.Conv2d(3, 1, 3))
    summary = summarize_graph(capture(network, (1, 8, 8), "net"))
    assert summary.memory.training_kept == saved_bytes(network, torch.randn(IMAGES, 1, 8, 8))
