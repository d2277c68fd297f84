"""Lowering; that it equals capturing the built network stands in test_capture."""

import pytest
import torch
from torch import Tensor
from torch.nn import Module

from mnistops.analysis.lower import lower
from mnistops.errors import BadInput
from mnistops.networks.build import build
from mnistops.networks.spec import AvgPool, Conv, Linear, MaxPool, NetworkSpec
from mnistops.networks.zoo import REFERENCE


def test_rows_are_the_seeds() -> None:
    layers = lower(REFERENCE).layers
    assert [layer.name for layer in layers[:5]] == [
        "Conv2d-1",
        "BatchNorm2d-2",
        "ReLU-3",
        "Dropout-4",
        "Conv2d-5",
    ]
    assert [layer.type for layer in layers[-3:]] == ["AdaptiveAvgPool2d", "flatten", "log_softmax"]
    assert [layer.is_module for layer in layers] == [True] * 30 + [False] * 2
    assert layers[0].parameters[0].key == "convblock1.0.weight"


def test_logits_end_without_a_softmax() -> None:
    logits = REFERENCE.model_copy(update={"output": "logits"})
    assert lower(logits).layers[-1].type == "flatten"


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Conv(name="big", out_channels=1, kernel_size=(9, 9)), "big.0 .* at least 9 x 9 pixels"),
        (Conv(name="odd", out_channels=2, groups=2), "odd.0 .* multiple of 2 \\(groups\\), got 3"),
    ],
)
def test_a_block_that_does_not_fit_is_named(block: Conv, message: str) -> None:
    spec = NetworkSpec(name="net", input_size=(3, 8, 8), blocks=(block,))
    with pytest.raises(BadInput, match=message):
        lower(spec)


def test_a_convolution_behind_a_vector_does_not_fit() -> None:
    blocks = (Linear(name="fc", out_features=4), Conv(name="late", out_channels=1))
    with pytest.raises(BadInput, match=r"late.0 \(Conv2d\): expected channels and 2 axes, got 4"):
        lower(NetworkSpec(name="net", blocks=blocks))


def test_shapes_and_parameters_are_torchs() -> None:
    spec = NetworkSpec(
        name="net",
        input_size=(3, 9, 8),
        blocks=(
            Conv(name="a", out_channels=4, kernel_size=(3, 2), padding="same", bias=True),
            Conv(name="b", out_channels=6, groups=2, dilation=(2, 1), dropout=False),
            AvgPool(name="pool", kernel_size=(2, 3), ceil_mode=True),
            Linear(name="fc", out_features=5, bias=False),
        ),
    )
    network = build(spec)
    shapes: dict[str, tuple[int, ...]] = {}

    def note(module: Module, _: object, given: Tensor) -> None:
        shapes[names[module]] = tuple(given.shape)

    names = {module: name for name, module in network.named_modules() if not any(module.children())}
    for module in names:
        module.register_forward_hook(note)
    network.eval()(torch.zeros(2, 3, 9, 8))
    layers = [layer for layer in lower(spec).layers if layer.is_module]
    assert {layer.path: layer.given for layer in layers} == shapes
    parameters = {p.key: p.shape for layer in layers for p in layer.parameters}
    assert parameters == {key: tuple(p.shape) for key, p in network.named_parameters()}


def test_each_layer_takes_what_the_one_before_it_gives() -> None:
    graph = lower(REFERENCE)
    places = range(len(graph.layers))
    assert [layer.inputs for layer in graph.layers] == [(place - 1,) for place in places]
    assert list(graph.calls()) == [[place] for place in places]
    assert graph.layers[0].taken == ((2, 1, 28, 28),)
    pairs = zip(graph.layers, graph.layers[1:], strict=False)
    assert all(after.taken == (before.given,) for before, after in pairs)
    assert graph.outputs == (places[-1],)


def test_sequences_are_containers_and_other_blocks_are_not() -> None:
    graph = lower(REFERENCE)
    assert [container.path for container in graph.containers] == [
        f"convblock{i}" for i in range(1, 8)
    ]
    assert graph.containers[0].end == 4
    assert graph.containers[0].given == ((2, 10, 26, 26),)


def test_buffers_are_the_norms() -> None:
    buffers = {b.key: (b.shape, b.itemsize) for b in lower(REFERENCE).buffers}
    built = build(REFERENCE).named_buffers()
    assert buffers == {key: (tuple(b.shape), b.element_size()) for key, b in built}


def test_a_pool_with_padding_alone_under_a_window_is_refused() -> None:
    pool = MaxPool(name="pool", kernel_size=(2, 1), padding=(1, 0), dilation=(2, 1))
    spec = NetworkSpec(name="net", input_size=(1, 1, 5), blocks=(pool,))
    with pytest.raises(BadInput, match="block pool: expected a pixel under each window"):
        lower(spec)
    assert lower(spec.changed((1, 3, 5))).layers[0].output_shape == (1, 2, 5)
