"""Capture: the same graph as lowering, torch's own shapes and costs, and everything given back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from mnistops.analysis.capture import capture
from mnistops.analysis.lower import lower
from mnistops.analysis.receptive_field import receptive_fields
from mnistops.analysis.summary import summarize_graph
from mnistops.errors import BadInput
from mnistops.networks.build import build
from mnistops.networks.spec import NetworkSpec
from mnistops.networks.zoo import ZOO
from tests.random_networks import networks
from tests.strategies import specs

# Half of what the profile says: networks take longer than specs.
FEW = settings().max_examples // 2


class Whatever(nn.Module):
    """A forward handed in, beside a convolution."""

    def __init__(self, forward: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1)
        self.call = forward

    def forward(self, images: Tensor) -> Any:
        return self.call(self, images)


@pytest.mark.parametrize("name", ZOO)
def test_a_built_in_lowers_to_what_is_captured(name: str) -> None:
    spec = ZOO[name]
    assert capture(build(spec), spec.input_size, name) == lower(spec)


@given(specs())
def test_any_spec_lowers_to_what_is_captured(spec: NetworkSpec) -> None:
    assert capture(build(spec), spec.input_size, spec.name) == lower(spec)


@settings(max_examples=FEW)
@given(st.integers(1, 2), st.integers(1, 14), st.integers(1, 14), st.data())
def test_any_network_has_torchs_shapes_and_costs(
    channels: int, height: int, width: int, data: st.DataObject
) -> None:
    network = data.draw(networks((2, channels, height, width)))
    graph = capture(network, (channels, height, width), "net")
    counter = FlopCounterMode(display=False)
    with counter:
        outputs = network(torch.zeros(2, channels, height, width, dtype=torch.double))
    assert len(graph.outputs) == len(outputs)
    for place, output in zip(graph.outputs, outputs, strict=True):
        assert place < 0 or graph.layers[place].given == tuple(output.shape)
    for layer in graph.layers:
        assert layer.taken == tuple(
            graph.layers[i].given if i >= 0 else (2, channels, height, width) for i in layer.inputs
        )
    summary = summarize_graph(graph)
    assert summary.total_params == sum(p.numel() for p in network.parameters())
    if summary.mult_adds is not None:
        # Two multiplications and additions in what torch calls flops, two images in the batch.
        assert summary.mult_adds == counter.get_total_flops() / 4


@contextmanager
def as_it_was(network: nn.Module) -> Iterator[None]:
    """Assert that a network, and what of torch's it may touch, comes back as it was."""
    modes = [part.training for part in network.modules()]
    tensors = [*network.parameters(), *network.buffers()]
    copies = [tensor.clone() for tensor in tensors]
    rates = [part.p for part in network.modules() if isinstance(part, nn.Dropout)]
    state, fast_path = torch.get_rng_state(), torch.backends.mha.get_fastpath_enabled()
    yield
    assert [part.training for part in network.modules()] == modes
    after = [*network.parameters(), *network.buffers()]
    assert [id(tensor) for tensor in after] == [id(tensor) for tensor in tensors]
    assert all(torch.equal(a, b) for a, b in zip(after, copies, strict=True))
    assert [part.p for part in network.modules() if isinstance(part, nn.Dropout)] == rates
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.backends.mha.get_fastpath_enabled() == fast_path
    assert torch.is_grad_enabled()
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in network.modules())
    assert all(tensor.grad is None for tensor in network.parameters())


def everything() -> nn.Sequential:
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.Dropout(0.5),
        nn.RReLU(),
        nn.Flatten(2),
        nn.TransformerEncoderLayer(36, 2, 8, batch_first=True),
    ).train()
    network[1].eval()
    network[0].bias.requires_grad_(False)
    return network


@pytest.mark.parametrize("fast_path", [True, False])
def test_everything_comes_back_as_it_was(fast_path: bool) -> None:
    network = everything()
    torch.backends.mha.set_fastpath_enabled(fast_path)
    try:
        with as_it_was(network):
            capture(network, (1, 8, 8), "net", dropout=0.25)
    finally:
        torch.backends.mha.set_fastpath_enabled(True)


@pytest.mark.parametrize("input_size", [(3, 8, 8), (1, 9, 9), (1, 2, 2)])
def test_a_failure_leaves_everything_as_it_was(input_size: tuple[int, int, int]) -> None:
    network = everything()
    with as_it_was(network), pytest.raises(BadInput, match="expected it to run, got "):
        capture(network, input_size, "net", dropout=0.25)


def test_shared_weights_come_back() -> None:
    network = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3))
    network[1].weight = network[0].weight
    with as_it_was(network):
        graph = capture(network, (1, 8, 8), "net")
    assert network[1].weight is network[0].weight
    assert summarize_graph(graph).total_params == 9 + 1 + 1


def test_a_module_under_two_names_comes_back() -> None:
    twice = nn.Conv2d(1, 1, 3)
    network = nn.Sequential(twice, nn.ReLU(), twice)
    capture(network, (1, 8, 8), "net")
    assert twice.weight.device.type == "cpu"


def test_dropout_can_be_set() -> None:
    network = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Dropout(0.5))
    assert summarize_graph(capture(network, (1, 8, 8), "net", dropout=0.1)).dropout == 0.1
    assert network[1].p == 0.5


def test_the_users_own_hooks_are_seen() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
    network[0].register_forward_hook(lambda _module, _args, output: output * 2)
    names = [layer.type for layer in capture(network, (1, 8, 8), "net").layers]
    assert names == ["Conv2d", "mul", "ReLU"]


def test_lazy_weights_are_said_to_be() -> None:
    with pytest.raises(BadInput, match="expected weights with shapes, got a lazy LazyConv2d"):
        capture(nn.Sequential(nn.LazyConv2d(2, 3)), (1, 8, 8), "net")


@pytest.mark.parametrize("size", [(1,), (0, 8, 8), (1, 8, -1)])
def test_an_input_without_pixels_is_refused(size: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match="expected channels and sizes from 1"):
        capture(nn.Sequential(nn.Conv2d(1, 2, 3)), size, "net")


@pytest.mark.parametrize("forward", [lambda _, images: images, lambda *_: None, lambda *_: 3])
def test_a_network_of_nothing_is_refused(forward: Any) -> None:
    with pytest.raises(BadInput, match="expected at least one layer") as error:
        capture(Whatever(forward), (1, 8, 8), "net")
    assert error.value.hint is not None


def test_another_input_size_is_advised() -> None:
    with pytest.raises(BadInput) as error:
        capture(nn.Sequential(nn.Conv2d(3, 2, 3)), (1, 8, 8), "net")
    assert error.value.hint
    assert "--input-size C,H,W" in error.value.hint


def branches(net: Whatever, images: Tensor) -> Tensor:
    outputs: Tensor = net.conv(images)
    return outputs * 2 if outputs.sum() > 0 else outputs


@pytest.mark.parametrize(
    ("forward", "got"),
    [
        (branches, "torch's bool"),
        (lambda net, x: net.conv(x) * net.conv(x).max().item(), "torch's item"),
        (lambda net, x: net.conv(x) * float(x.mean()), "torch's float"),
        (lambda net, x: net.conv(x)[x.expand(-1, 2, -1, -1) > 0], "torch's getitem"),
        (lambda net, x: net.conv(x).nonzero(), "torch's nonzero"),
        (lambda net, x: torch.from_numpy(net.conv(x).numpy()), "torch's numpy"),
        (lambda net, x: torch.from_numpy(net.conv(x).detach().cpu().numpy()), "torch's cpu"),
        (lambda net, x: torch.tensor(net.conv(x).tolist()), "torch's tolist"),
    ],
)
def test_what_depends_on_values_is_named_with_its_line(forward: Any, got: str) -> None:
    network = Whatever(forward)
    with as_it_was(network), pytest.raises(BadInput) as error:
        capture(network, (1, 8, 8), "net")
    message = error.value.message
    assert message.startswith("net: expected a network that does the same whatever the images show")
    assert got in message
    assert "test_capture.py, line" in message
    assert error.value.hint
    assert "take that step out of the forward pass" in error.value.hint


def test_a_forward_pass_of_more_than_images_is_refused() -> None:
    class Two(nn.Module):
        def forward(self, images: Tensor, scale: Tensor) -> Tensor:
            return images * scale

    with pytest.raises(BadInput, match="of images alone, got one that needs scale too"):
        capture(Two(), (1, 8, 8), "net")


def test_the_users_own_mistake_is_told_by_its_line() -> None:
    with pytest.raises(BadInput) as error:
        capture(Whatever(lambda net, x: net.conv(x) / (1 // 0)), (1, 8, 8), "net")
    assert "got ZeroDivisionError" in error.value.message
    assert error.value.hint
    assert "test_capture.py, line" in error.value.hint


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
def test_a_scripted_module_is_read_by_its_operations() -> None:
    scripted = torch.jit.script(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()))
    rows = receptive_fields(capture(scripted, (1, 8, 8), "net"))
    assert [(row.size, row.status) for row in rows] == [((3, 3), "exact")] * 2


def test_a_compiled_module_is_read_like_any_other() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
    compiled: Any = torch.compile(network)
    graph = capture(compiled, (1, 8, 8), "net")
    assert [layer.type for layer in graph.layers] == ["Conv2d", "ReLU"]


@pytest.mark.parametrize(
    ("dtype", "itemsize"), [(torch.float16, 2), (torch.bfloat16, 2), (torch.float64, 8)]
)
def test_numbers_of_any_size_are_counted_in_bytes(dtype: torch.dtype, itemsize: int) -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()).to(dtype)
    graph = capture(network, (1, 8, 8), "net")
    assert {layer.itemsize for layer in graph.layers} == {itemsize}
    assert {p.itemsize for layer in graph.layers for p in layer.parameters} == {itemsize}


@pytest.mark.parametrize(
    ("network", "size"),
    [
        (nn.Sequential(nn.Conv1d(2, 3, 3), nn.MaxPool1d(2), nn.BatchNorm1d(3)), (2, 9)),
        (nn.Sequential(nn.Conv3d(1, 2, 3), nn.AvgPool3d(2), nn.BatchNorm3d(2)), (1, 8, 9, 10)),
    ],
)
def test_images_of_one_and_three_dimensions_are_read(
    network: nn.Module, size: tuple[int, ...]
) -> None:
    graph = capture(network, size, "net")
    assert graph.layers[-1].given == tuple(network(torch.zeros(2, *size)).shape)


def test_functions_keep_their_names_and_places() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)

        def forward(self, images: Tensor) -> Tensor:
            return functional.max_pool2d(self.conv(images) + 1, 2)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = Block()

        def forward(self, images: Tensor) -> Tensor:
            return self.block(images).flatten(1)  # type: ignore[no-any-return]

    graph = capture(Net(), (1, 8, 8), "net")
    assert [(layer.name, layer.path) for layer in graph.layers] == [
        ("Conv2d-1", "block.conv"),
        ("add", "block"),
        ("max_pool2d", "block"),
        ("flatten", ""),
    ]
    assert [(c.type, c.path, c.end) for c in graph.containers] == [("Block", "block", 3)]
