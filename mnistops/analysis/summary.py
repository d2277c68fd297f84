"""LayerGraph to ModelSummary: parameters, multiply-adds and memory.

A multiply-add is one multiplication and the addition that goes with it. Convolutions and fully
connected layers count; biases, norms, activations and pools do not (half of what
``torch.utils.flop_counter`` calls flops). Memory is in bytes, in float32, for one image.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from mnistops.analysis.graph import Layer, LayerGraph, Parameter
from mnistops.analysis.operations import (
    AdaptivePool,
    Convolution,
    Dropout,
    Flatten,
    Identity,
    Linear,
    Pointwise,
    Pool,
    Shape,
    Unsupported,
    Window,
)

FLOAT_BYTES = 4
INDEX_BYTES = 8


@dataclass(frozen=True)
class LayerSummary:
    """One layer: what it gives for one image (C, H, W), what it holds, what it costs.

    Attributes:
        mult_adds: multiply-adds for one image; None for an operation without a rule here.
    """

    name: str
    type: str
    path: str
    output_shape: Shape
    params: int
    mult_adds: int | None


@dataclass(frozen=True)
class Memory:
    """Bytes in float32; activations are those of one image.

    Attributes:
        parameters: all weights.
        inference_peak: activations alive at once when each tensor is freed after its last use,
            at the layer where that is most.
        training_kept: activations that the backward pass needs again, masks and indices of the
            CPU's kernels included. None where an operation has no rule here.
    """

    parameters: int
    inference_peak: int
    training_kept: int | None


@dataclass(frozen=True)
class ModelSummary:
    """A network in numbers.

    Attributes:
        input_shape: channels, height and width of one image.
        dropout: the probability of its dropout layers; None if it has none or they differ.
        unused_params: of the total, those of modules that never run.
        mult_adds: for one image; None where an operation has no rule here.
        layers: the modules, in the order they run.
    """

    network: str
    input_shape: Shape
    dropout: float | None
    total_params: int
    trainable_params: int
    unused_params: int
    mult_adds: int | None
    memory: Memory
    layers: tuple[LayerSummary, ...]


def summarize_graph(graph: LayerGraph) -> ModelSummary:
    """Count parameters, multiply-adds and memory of every layer and of the whole.

    A parameter that several layers share counts once, in the first of them.
    """
    costs = [mult_adds(layer) for layer in graph.layers]
    counted = _count_once(graph)
    parameters = [*graph.unused, *(parameter for own in counted for parameter in own)]
    total = sum(parameter.count for parameter in parameters)
    probabilities = {
        layer.operation.probability
        for layer in graph.layers
        if isinstance(layer.operation, Dropout)
    }
    return ModelSummary(
        network=graph.network,
        input_shape=graph.input_shape,
        dropout=probabilities.pop() if len(probabilities) == 1 else None,
        total_params=total,
        trainable_params=sum(parameter.count for parameter in parameters if parameter.trainable),
        unused_params=sum(parameter.count for parameter in graph.unused),
        mult_adds=_sum(costs),
        memory=Memory(total * FLOAT_BYTES, _inference_peak(graph), _training_kept(graph)),
        layers=tuple(
            LayerSummary(
                layer.name,
                layer.type,
                layer.path,
                layer.output_shape,
                sum(parameter.count for parameter in own),
                cost,
            )
            for layer, own, cost in zip(graph.layers, counted, costs, strict=True)
            if layer.is_module
        ),
    )


def _count_once(graph: LayerGraph) -> list[list[Parameter]]:
    """Each layer's parameters less those of the layers before it."""
    seen: set[str] = set()
    counted = []
    for layer in graph.layers:
        counted.append([p for p in layer.parameters if p.key not in seen])
        seen.update(parameter.key for parameter in layer.parameters)
    return counted


def mult_adds(layer: Layer) -> int | None:
    """Multiply-adds of a layer for one image; None for an operation without a rule here."""
    match layer.operation:
        case Convolution(window=window, in_channels=channels, groups=groups):
            return prod(layer.output_shape) * (channels // groups) * prod(window.kernel_size)
        case Linear(in_features=n, out_features=m):
            return n * m
        case Unsupported():
            return None
        case _:
            return 0


def _sum(values: Iterable[int | None]) -> int | None:
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _inference_peak(graph: LayerGraph) -> int:
    """The most bytes of activations alive at once: a layer's input, and its output if it is new."""
    peak = prod(graph.input_shape)
    for layer in graph.layers:
        is_new = not isinstance(layer.operation, Dropout) and not _reuses_input(layer)
        peak = max(peak, prod(layer.input_shape) + is_new * prod(layer.output_shape))
    return peak * FLOAT_BYTES


def _reuses_input(layer: Layer) -> bool:
    """Whether the output lives in the input's memory, in training as at inference."""
    match layer.operation:
        case Flatten() | Identity() | Pointwise(in_place=True):
            return True
        case Dropout(probability=0.0) | Dropout(in_place=True):
            return True
        case _:
            return False


def _training_kept(graph: LayerGraph) -> int | None:
    """Bytes that autograd saves, each tensor once however many layers save it.

    It begins at the first layer with something to train; before that no gradient is wanted.
    """
    sizes = [prod(graph.input_shape)]  # numbers in each tensor, the network's input first
    kept: set[int] = set()
    extra_bytes = 0
    current = 0
    has_gradient = False
    for layer in graph.layers:
        if isinstance(layer.operation, Unsupported):
            return None
        has_gradient |= any(parameter.trainable for parameter in layer.parameters)
        source = current
        if not _reuses_input(layer):
            sizes.append(prod(layer.output_shape))
            current = len(sizes) - 1
        if not has_gradient:
            continue
        if _keeps_input(layer):
            kept.add(source)
        if isinstance(layer.operation, Pointwise) and layer.operation.keeps == "output":
            kept.add(current)
        extra_bytes += _extra_bytes(layer)
    return sum(sizes[tensor] for tensor in kept) * FLOAT_BYTES + extra_bytes


def _keeps_input(layer: Layer) -> bool:
    match layer.operation:
        case Convolution(window=window):
            return not _is_uneven(window)
        case AdaptivePool(bins=bins, kind="avg"):
            return set(bins) != {1}  # a plain mean's gradient needs nothing but the size
        case Linear() | Pool() | AdaptivePool() | Pointwise(keeps="input", in_place=False):
            return True
        case _:
            return False


def _extra_bytes(layer: Layer) -> int:
    """Bytes of what a layer keeps besides its input and output."""
    match layer.operation:
        case Convolution(window=window) if _is_uneven(window):
            # A copy of the input, padded until all sides need the same.
            sizes = zip(layer.input_shape[1:], window.padding, strict=True)
            padded = prod(n + after - before for n, (before, after) in sizes)
            return layer.input_shape[0] * padded * FLOAT_BYTES
        case Pool(kind="max") | AdaptivePool(kind="max"):
            return prod(layer.output_shape) * INDEX_BYTES
        case Pointwise(keeps="input", in_place=True):
            return prod(layer.input_shape) * FLOAT_BYTES  # a copy, before it is written over
        case Dropout(probability=p, whole_channels=whole) if 0 < p < 1:
            return prod(layer.output_shape[: 1 if whole else None]) * FLOAT_BYTES
        case _:
            return 0


def _is_uneven(window: Window) -> bool:
    return any(before != after for before, after in window.padding)
