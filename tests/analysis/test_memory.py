"""Memory against what autograd saves and modules hold, and against small networks by hand."""

import inspect
from typing import Any

import pytest
import torch
from hypothesis import given
from torch import Tensor, nn
from torch.nn import functional

from mnistops.analysis.capture import capture
from mnistops.analysis.graph import INPUT, GraphBuilder, Step
from mnistops.analysis.lower import lower
from mnistops.analysis.memory import inference_peak, training_kept
from mnistops.analysis.operations import Flatten, Identity, Operation, Pointwise
from mnistops.analysis.rearrangements import Concatenate, Permute, Reshape, Select
from mnistops.networks.build import SpecNetwork, build
from mnistops.networks.spec import NetworkSpec
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
    return sum(t.untyped_storage().nbytes() for t in storages.values()) / len(images)


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
def test_chains_hold_what_torch_holds(spec: NetworkSpec) -> None:
    graph, network = lower(spec), build(spec)
    images = torch.randn(IMAGES, *spec.input_size)
    assert inference_peak(graph) == peak_bytes(network, images)
    assert training_kept(graph) == saved_bytes(network, images)


@given(specs())
def test_a_step_that_was_tried_keeps_what_the_rules_say(spec: NetworkSpec) -> None:
    assert training_kept(capture(build(spec), spec.input_size, "net")) == training_kept(lower(spec))


# 4 bytes each: the input has 2 x 3 x 3 = 18 numbers, and so has every tensor of that shape.
TENSOR = 18 * 4
RELU, ADD, CAT = Pointwise("output"), Pointwise(None), Concatenate(1, (None, None))


def peak_of(*steps: tuple[Operation, tuple[int, ...]], outputs: tuple[int, ...] = ()) -> float:
    """In tensors of the input's size."""
    builder = GraphBuilder("net", (2, 3, 3))
    for operation, inputs in steps:
        builder.add(Step(operation, "step", "", is_module=False), inputs)
    return inference_peak(builder.build(outputs or None)) / TENSOR


def test_a_chain_holds_two_tensors_at_a_time() -> None:
    assert peak_of((RELU, (INPUT,)), (RELU, (0,)), (RELU, (1,))) == 2


def test_a_shortcut_is_held_until_it_is_added() -> None:
    # The stem's output waits while the branch's second layer has its input and its output.
    stem, first, second = (RELU, (INPUT,)), (RELU, (0,)), (RELU, (1,))
    assert peak_of(stem, first, second, (ADD, (2, 0))) == 3
    # Three layers ahead it still does; a join takes both and gives twice as much.
    assert peak_of(stem, first, (CAT, (1, 0))) == 4
    # Added before the second layer, it does not.
    assert peak_of(stem, first, (ADD, (1, 0)), (RELU, (2,))) == 3


def test_two_open_branches_are_held_both() -> None:
    branches = [(RELU, (INPUT,)), (RELU, (INPUT,)), (RELU, (INPUT,))]
    # Behind the third the input is no longer wanted, but until it has run it is.
    assert peak_of(*branches, (ADD, (0, 1)), (ADD, (3, 2))) == 4


def test_what_is_returned_is_held_to_the_end() -> None:
    chain = [(RELU, (INPUT,)), (RELU, (0,)), (RELU, (1,))]
    assert peak_of(*chain, outputs=(2,)) == 2
    assert peak_of(*chain, outputs=(2, 0)) == 3


def test_what_is_never_used_is_freed_at_once() -> None:
    assert peak_of((RELU, (INPUT,)), (RELU, (INPUT,)), (RELU, (1,))) == 2


@pytest.mark.parametrize(
    "view",
    [
        Flatten(),
        Identity(),
        Reshape((2, 2, 3, 3)),
        Permute((0, 1, 3, 2)),
        Pointwise("output", in_place=True),
    ],
    ids=str,
)
def test_views_take_no_memory_and_keep_what_they_show(view: Operation) -> None:
    assert (
        peak_of((RELU, (INPUT,)), (view, (0,)), (view if view == Identity() else RELU, (1,))) == 2
    )
    assert peak_of((view, (INPUT,)), (RELU, (0,)), (RELU, (1,))) == 2


def test_a_slice_keeps_all_of_its_tensor() -> None:
    half = Select(1, range(1))
    assert peak_of((RELU, (INPUT,)), (half, (0,)), (RELU, (1,))) == 2
    # A list of indices is a copy: the tensor is freed, and half of it is left.
    copied = Select(1, (1,))
    assert peak_of((copied, (INPUT,)), (RELU, (0,))) == 1.5


class Residual(nn.Module):
    """A frozen stem, a branch with a functional relu and dropout, and a concatenation behind."""

    def __init__(self, trains_stem: bool) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.body = nn.Conv2d(4, 4, 3, padding=1)
        self.dropout = nn.Dropout(0.3)
        self.frozen = nn.Conv2d(8, 3, 1).requires_grad_(False)
        self.head = nn.Linear(3, 5)
        for part in (self.stem, self.norm):
            part.requires_grad_(trains_stem)

    def forward(self, images: Tensor) -> Tensor:
        stem = functional.relu(self.norm(self.stem(images)))
        branch = self.dropout(functional.relu(self.body(stem)))
        joined = torch.cat([branch + stem, branch], dim=1)
        pooled = functional.max_pool2d(self.frozen(joined), 2)
        return self.head(pooled.mean((2, 3)))  # type: ignore[no-any-return]


@pytest.mark.parametrize("trains_stem", [False, True])
def test_a_residual_block_keeps_what_autograd_saves(trains_stem: bool) -> None:
    network = Residual(trains_stem)
    images = torch.randn(IMAGES, 2, 6, 6)
    kept = training_kept(capture(network, (2, 6, 6), "net"))
    assert kept == saved_bytes(network, images)
    assert kept is not None and kept > 0


def test_frozen_layers_keep_less() -> None:
    free, frozen = (training_kept(capture(Residual(t), (2, 6, 6), "net")) for t in (True, False))
    assert free is not None and frozen is not None
    # The stem keeps its input, the norm its own, and the relu its output, which the body keeps too.
    assert free - frozen == (2 + 4) * 6 * 6 * 4


def test_a_residual_block_peaks_where_branch_and_shortcut_meet() -> None:
    graph = capture(Residual(trains_stem=True), (2, 6, 6), "net")
    # cat takes 4 + 4 channels and gives 8; nothing holds more.
    assert inference_peak(graph) == (4 + 4 + 8) * 6 * 6 * 4


def test_half_floats_take_half_the_memory() -> None:
    networks = [nn.Sequential(nn.Conv2d(2, 4, 3), nn.SiLU(), nn.Conv2d(4, 2, 1)) for _ in range(2)]
    full = capture(networks[0], (2, 6, 6), "net")
    half = capture(networks[1].bfloat16(), (2, 6, 6), "net")
    assert inference_peak(half) * 2 == inference_peak(full)
    kept = training_kept(half)
    assert kept is not None
    assert kept * 2 == training_kept(full)


def test_where_no_step_was_tried_branches_have_no_rule() -> None:
    builder = GraphBuilder("net", (2, 3, 3))
    builder.add(Step(RELU, "relu", "", is_module=False))
    assert training_kept(builder.build()) == 0  # nothing to train
    builder.add(Step(ADD, "add", "", is_module=False), (0, INPUT))
    assert training_kept(builder.build()) is None


def test_in_place_activations_take_no_memory() -> None:
    layers = [nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(27, 5), nn.Dropout(0.5))
    graph = capture(network, (1, 8, 8), "net")
    assert training_kept(graph) == saved_bytes(network, torch.randn(IMAGES, 1, 8, 8))
    assert inference_peak(graph) == 2 * 3 * 6 * 6 * 4  # the norm's input and output


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
    graph = capture(network, (2, 8, 8), "net")
    assert training_kept(graph) == saved_bytes(network, torch.randn(IMAGES, 2, 8, 8))


def test_dropout_of_whole_channels_keeps_a_number_per_channel() -> None:
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Dropout2d(0.5), nn.Conv2d(3, 1, 3))
    graph = capture(network, (1, 8, 8), "net")
    assert training_kept(graph) == saved_bytes(network, torch.randn(IMAGES, 1, 8, 8))
