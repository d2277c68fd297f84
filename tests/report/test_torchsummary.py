"""torchsummary's table, byte for byte, against the installed torchsummary."""

import contextlib
import io

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from torch import Tensor, nn

from mnistops.analysis.capture import capture
from mnistops.analysis.lower import lower
from mnistops.analysis.summary import summarize_graph
from mnistops.networks.build import build
from mnistops.networks.spec import NetworkSpec
from mnistops.networks.zoo import REFERENCE
from mnistops.report.torchsummary import counted_otherwise, torchsummary_text
from tests.strategies import specs


def torchsummary_of(network: nn.Module, input_size: tuple[int, ...]) -> str:
    import torchsummary

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), torch.inference_mode():
        torchsummary.summary(network.eval(), input_size, device="cpu")
    return printed.getvalue()


def test_reference() -> None:
    text = torchsummary_text(lower(REFERENCE)) + "\n"
    assert text == torchsummary_of(build(REFERENCE), (1, 28, 28))
    assert "Forward/backward pass size (MB): 0.70\n" in text
    assert "Estimated Total Size (MB): 0.73\n" in text


@hypothesis_settings(max_examples=30)
@given(specs())
def test_any_spec_with_parameters(spec: NetworkSpec) -> None:
    network = build(spec)
    if any(True for _ in network.parameters()):  # without any, torchsummary fails
        text = torchsummary_text(lower(spec)) + "\n"
        assert text == torchsummary_of(network, spec.input_size)


@pytest.mark.parametrize("name", ["vgg11", "alexnet"])
def test_networks_of_torchvision(name: str) -> None:
    from torchvision import models

    network = getattr(models, name)(weights=None, init_weights=False) if name == "vgg11" else None
    network = network or getattr(models, name)(weights=None)
    text = torchsummary_text(capture(network, (3, 224, 224), name)) + "\n"
    assert text == torchsummary_of(network, (3, 224, 224))


class Inner(nn.Module):
    """A module of modules, with a parameter that torchsummary does not see."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.scale = nn.Parameter(torch.ones(5))

    def forward(self, images: Tensor) -> Tensor:
        return self.conv(self.conv(images))  # type: ignore[no-any-return]


class Outer(nn.Module):
    """Modules in modules, one used twice, one frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Inner()
        self.rest = nn.Sequential(Inner(), nn.Conv2d(2, 1, 1).requires_grad_(False))

    def forward(self, images: Tensor) -> Tensor:
        return self.rest(self.inner(images)).flatten(1)  # type: ignore[no-any-return]


def test_nested_modules_and_another_total() -> None:
    network = nn.Sequential(Outer())
    graph = capture(network, (2, 6, 6), "outer")
    assert torchsummary_text(graph) + "\n" == torchsummary_of(network, (2, 6, 6))
    summary = summarize_graph(graph)
    assert summary.total_params == sum(p.numel() for p in network.parameters())
    remark = counted_otherwise(graph, summary)
    assert remark == (
        "note: torchsummary counts 155 parameters; the network has 89: "
        "it counts a module's weight and bias at every call, and no other parameter"
    )
    assert counted_otherwise(lower(REFERENCE), summarize_graph(lower(REFERENCE))) is None
