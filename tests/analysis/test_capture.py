"""Capture: the same graph as lowering, chains in every dress, and what is no chain."""

from typing import Any

import pytest
import torch
from hypothesis import given
from torch import Tensor, nn
from torch.nn import functional

from mnistops.analysis.capture import capture
from mnistops.analysis.lower import lower
from mnistops.analysis.summary import summarize_graph
from mnistops.errors import BadInput
from mnistops.networks.build import build
from mnistops.networks.spec import NetworkSpec
from mnistops.networks.zoo import ZOO
from tests.strategies import specs


@pytest.mark.parametrize("name", ZOO)
def test_a_built_in_lowers_to_what_is_captured(name: str) -> None:
    spec = ZOO[name]
    assert capture(build(spec), spec.input_size, name) == lower(spec)


@given(specs())
def test_any_spec_lowers_to_what_is_captured(spec: NetworkSpec) -> None:
    assert capture(build(spec), spec.input_size, spec.name) == lower(spec)


class Block(nn.Module):
    """A module of modules that is no plain sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())

    def forward(self, images: Tensor) -> Tensor:
        return self.body(images)  # type: ignore[no-any-return]


def writes(tensor: Tensor) -> Tensor:
    tensor[:] = 0
    return tensor


def swaps(tensor: Tensor, other: Tensor) -> Tensor:
    tensor.data = other
    return tensor


class Whatever(nn.Module):
    """A forward handed in."""

    def __init__(self, forward: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1)
        self.relu = nn.ReLU()
        self.forward = lambda images: forward(self, images)


def test_containers_and_reshapes() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = Block()
            self.gap = nn.AdaptiveAvgPool2d(1)

        def forward(self, images: Tensor) -> Tensor:
            outputs = self.gap(self.block(images))
            return functional.log_softmax(outputs.view(outputs.size(0), -1), dim=-1)

    graph = capture(Net(), (1, 8, 8), "net")
    assert [layer.name for layer in graph.layers] == [
        "Conv2d-1",
        "ReLU-2",
        "AdaptiveAvgPool2d-3",
        "view",
        "log_softmax",
    ]
    assert [(c.type, c.path, c.end) for c in graph.containers] == [("Block", "block", 2)]
    assert graph.layers[-1].output_shape == (2,)


def test_everything_comes_back_as_it_was() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5)).train()
    network[1].eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    capture(network, (1, 8, 8), "net")
    assert torch.equal(torch.rand(3), expected)
    assert [part.training for part in network] == [True, False, True]
    after = network.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in network.modules())


def test_a_failure_leaves_everything_as_it_was() -> None:
    network = nn.Sequential(nn.Conv2d(3, 2, 3)).train()
    with pytest.raises(BadInput, match="with input 1 x 8 x 8: expected it to run"):
        capture(network, (1, 8, 8), "net")
    assert network.training
    assert not network[0]._forward_hooks


@pytest.mark.parametrize(
    ("forward", "got"),
    [
        (lambda net, x: net.conv(x) + 1, "torch's add"),
        (lambda net, x: (net.conv(x), net.relu(x))[0], "another tensor as what relu (ReLU) takes"),
        (lambda net, x: (net.conv(x), x)[1], "another tensor as what net returns"),
        (lambda net, x: (net.conv(x),), "a tuple as what net returns"),
        (lambda net, x: {"out": net.conv(x)}, "a dict as what net returns"),
        (lambda net, x: writes(net.conv(x)), "torch's __setitem__"),
        (lambda net, x: swaps(net.conv(x), x), "torch's __set__"),
        (lambda net, x: net.conv(x).relu_(), "torch's relu_"),
        (lambda net, x: functional.relu(net.conv(x)), "torch's relu"),
        (lambda net, x: net.conv(x[:1]), "from __getitem__ for 2 images"),
        (lambda net, x: net.conv(x).softmax(2), "torch's softmax"),
        (lambda net, x: net.conv(x).view(-1), "from view for 2 images"),
    ],
)
def test_what_is_no_chain_is_said(forward: Any, got: str) -> None:
    with pytest.raises(BadInput) as error:
        capture(Whatever(forward), (1, 8, 8), "net")
    assert error.value.message.startswith("net: expected a chain of torch.nn modules, got ")
    assert got in error.value.message
    assert "test_capture.py, line" in error.value.message or "returns" in got


def test_what_changes_nothing_is_no_step() -> None:
    network = Whatever(lambda net, x: net.relu(net.conv(input=x.float()).contiguous()))
    assert [layer.path for layer in capture(network, (1, 8, 8), "net").layers] == ["conv", "relu"]


def test_the_users_own_hooks_are_seen() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
    network[0].register_forward_hook(lambda _module, _args, output: output * 2)
    with pytest.raises(BadInput, match="torch's mul"):
        capture(network, (1, 8, 8), "net")


def test_lazy_weights_are_said_to_be() -> None:
    with pytest.raises(BadInput, match="expected weights with shapes, got a lazy LazyConv2d"):
        capture(nn.Sequential(nn.LazyConv2d(2, 3)), (1, 8, 8), "net")


@pytest.mark.parametrize(
    ("forward", "hint"),
    [
        (lambda net, x: functional.relu(net.conv(x)), "use a nn.ReLU module"),
        (lambda net, x: functional.max_pool2d(net.conv(x), 2), "use a nn.MaxPool2d module"),
        (lambda net, x: net.conv(x) + 1, "residual additions, are not read yet"),
    ],
)
def test_the_hint_says_what_to_write_instead(forward: Any, hint: str) -> None:
    with pytest.raises(BadInput) as error:
        capture(Whatever(forward), (1, 8, 8), "net")
    assert error.value.hint and hint in error.value.hint


def test_another_input_size_is_advised() -> None:
    with pytest.raises(BadInput) as error:
        capture(nn.Sequential(nn.Conv2d(3, 2, 3)), (1, 8, 8), "net")
    assert error.value.hint and "--input-size C,H,W" in error.value.hint


def test_no_layer_is_no_chain() -> None:
    with pytest.raises(BadInput, match="expected at least one layer"):
        capture(Whatever(lambda _, x: x), (1, 8, 8), "net")


def test_other_padding_than_zeros_is_not_guessed() -> None:
    network = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"))
    assert summarize_graph(capture(network, (1, 8, 8), "net")).mult_adds is None


def test_dropout_can_be_set() -> None:
    network = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Dropout(0.5))
    assert summarize_graph(capture(network, (1, 8, 8), "net", dropout=0.1)).dropout == 0.1
    assert network[1].p == 0.5
