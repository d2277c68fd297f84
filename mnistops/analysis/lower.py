"""NetworkSpec to LayerGraph, without torch: what `build` would make, as data."""

from collections.abc import Iterator
from dataclasses import replace

from mnistops.analysis.graph import Container, GraphBuilder, LayerGraph, Parameter, Step
from mnistops.analysis.operations import (
    AdaptivePool,
    Convolution,
    Dropout,
    Flatten,
    Join,
    Operation,
    Pointwise,
    Pool,
)
from mnistops.analysis.operations import Linear as FullyConnected
from mnistops.analysis.window import Shape, Window, same_padding
from mnistops.errors import BadInput
from mnistops.networks.spec import AnyBlock, Conv, GlobalAvgPool, Linear, MaxPool, NetworkSpec
from mnistops.networks.spec import Pool as PoolBlock

Part = tuple[str, Operation, dict[str, Shape]]
"""One module of a block: its type, its operation, its parameters' shapes by name."""

# torch's module for each activation, and what it keeps for training.
_ACTIVATIONS = {
    "relu": ("ReLU", Pointwise(keeps="output")),
    "leaky_relu": ("LeakyReLU", Pointwise(keeps="input")),
    "silu": ("SiLU", Pointwise(keeps="input")),
    "gelu": ("GELU", Pointwise(keeps="input")),
}


def lower(spec: NetworkSpec) -> LayerGraph:
    """The layer graph of a network.

    Raises:
        BadInput: a block cannot take what the one before it gives; the error names it.
    """
    builder = GraphBuilder(spec.name, spec.input_size)
    for block in spec.blocks:
        is_sequence = isinstance(block, Conv | Linear)
        taken = builder.shape(builder.last)
        for index, (kind, operation, shapes) in enumerate(_parts(block, spec, taken)):
            path = f"{block.name}.{index}" if is_sequence else block.name
            weights = tuple(Parameter(n, f"{path}.{n}", size) for n, size in shapes.items())
            builder.add(Step(operation, kind, path, weights))
        if isinstance(block, MaxPool):
            window = _pool_window(block, block.dilation)
            _expect_pixels(window, taken[2:], f"{spec.name}: block {block.name}")
        if is_sequence:
            given = (builder.shape(builder.last),)
            end = builder.last + 1
            builder.close(Container("Sequential", block.name, end, given, is_sequence=True))
    if len(builder.shape(builder.last)) > 2:
        builder.add(Step(Flatten(), "flatten", "", is_module=False))
    if spec.output == "log_softmax":
        builder.add(Step(Join((1,)), "log_softmax", "", is_module=False))
    graph = builder.build()
    return replace(graph, buffers=tuple(_buffers(graph)))


def _buffers(graph: LayerGraph) -> Iterator[Parameter]:
    """The running statistics of the norms."""
    for layer in graph.layers:
        if layer.type == "BatchNorm2d":
            channels = layer.output_shape[:1]
            for name in ("running_mean", "running_var"):
                yield Parameter(name, f"{layer.path}.{name}", channels, trainable=False)
            count = "num_batches_tracked"
            yield Parameter(count, f"{layer.path}.{count}", (), trainable=False, itemsize=8)


def _parts(block: AnyBlock, spec: NetworkSpec, shape: Shape) -> Iterator[Part]:
    match block:
        case Conv():
            yield from _convolution(block, shape)
        case Linear():
            yield "Flatten", Flatten(), {}
            yield from _fully_connected(block, Flatten().output_shape(shape)[1])
        case GlobalAvgPool():
            yield "AdaptiveAvgPool2d", AdaptivePool((1, 1), "avg"), {}
        case MaxPool():
            yield "MaxPool2d", Pool(_pool_window(block, block.dilation), "max"), {}
        case _:
            yield "AvgPool2d", Pool(_pool_window(block, (1, 1)), "avg"), {}
    if isinstance(block, Conv | Linear):
        if block.activation != "none":
            yield (*_ACTIVATIONS[block.activation], {})
        if block.dropout:
            yield "Dropout", Dropout(spec.dropout), {}


def _expect_pixels(window: Window, sizes: Shape, name: str) -> None:
    """Raises BadInput where a window has padding alone: torch's backward pass breaks memory there.

    It takes the first place of such a window as the largest, which is in no image.
    """
    outputs = window.output_size(sizes)
    for axis, size in enumerate(sizes):
        dilation = window.dilation[axis]
        for unit in range(outputs[axis]):
            start = unit * window.stride[axis] - window.padding[axis][0]
            tap = max(0, -(start // dilation))
            if tap >= window.kernel_size[axis] or start + tap * dilation >= size:
                raise BadInput(f"{name}: expected a pixel under each window, got padding alone")


def _convolution(block: Conv, shape: Shape) -> Iterator[Part]:
    channels = block.out_channels
    weights: dict[str, Shape] = {"weight": (channels, shape[1] // block.groups, *block.kernel_size)}
    if block.bias:
        weights["bias"] = (channels,)
    yield "Conv2d", Convolution(_conv_window(block), shape[1], channels, block.groups), weights
    if block.norm == "batch":
        affine: dict[str, Shape] = {"weight": (channels,), "bias": (channels,)}
        yield "BatchNorm2d", Pointwise(keeps="input"), affine


def _fully_connected(block: Linear, in_features: int) -> Iterator[Part]:
    weights: dict[str, Shape] = {"weight": (block.out_features, in_features)}
    if block.bias:
        weights["bias"] = (block.out_features,)
    yield "Linear", FullyConnected(in_features, block.out_features), weights


def _conv_window(block: Conv) -> Window:
    if block.padding == "same":
        padding = same_padding(block.kernel_size, block.dilation)
    else:
        padding = tuple((margin, margin) for margin in block.padding)
    return Window(block.kernel_size, block.stride, padding, block.dilation)


def _pool_window(block: PoolBlock, dilation: tuple[int, int]) -> Window:
    padding = tuple((margin, margin) for margin in block.padding)
    stride = block.stride or block.kernel_size
    return Window(block.kernel_size, stride, padding, dilation, block.ceil_mode)
