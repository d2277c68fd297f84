"""LayerGraph to memory: what must be held at once to run a network, and to train it. In bytes."""

from dataclasses import dataclass
from math import prod

from mnistops.analysis.graph import INPUT, Layer, LayerGraph
from mnistops.analysis.operations import (
    AdaptivePool,
    Convolution,
    Dropout,
    Flatten,
    Identity,
    Join,
    Linear,
    Pointwise,
    Pool,
)
from mnistops.analysis.rearrangements import Expand, Permute, Reshape, Select
from mnistops.analysis.window import Window

INDEX_BYTES = 8


@dataclass(frozen=True)
class Memory:
    """Bytes, by the type of each number; activations are those of one image.

    Attributes:
        parameters: all weights.
        buffers: what the network holds besides, running statistics for one.
        inference_peak: activations alive at once when each tensor is freed after its last use,
            at the layer where that is most.
        training_kept: activations that the backward pass needs again, masks and indices of the
            CPU's kernels included. None where no rule says and no step could be tried.
    """

    parameters: int
    buffers: int
    inference_peak: int
    training_kept: int | None


def inference_peak(graph: LayerGraph) -> int:
    """The most bytes of activations alive at once, over all layers."""
    storages = {INPUT: INPUT}  # of each tensor, the one whose memory it lives in
    last_use: dict[int, int] = {}
    for place, layer in enumerate(graph.layers):
        views = _is_view(layer) or isinstance(layer.operation, Dropout)
        storages[place] = storages[layer.inputs[0]] if views else place
        for source in (*layer.inputs, place):
            last_use[storages[source]] = place
    for place in graph.outputs:
        last_use[storages[place]] = len(graph.layers)
    sizes = {INPUT: prod(graph.input_shape) * graph.itemsize}
    alive, peak = {INPUT}, sizes[INPUT]
    for place, layer in enumerate(graph.layers):
        sizes[place] = prod(layer.output_shape) * layer.itemsize
        alive.add(storages[place])
        peak = max(peak, sum(sizes[storage] for storage in alive))
        alive = {storage for storage in alive if last_use.get(storage, INPUT) > place}
    return peak


def training_kept(graph: LayerGraph) -> int | None:
    """Bytes that autograd saves, each tensor once however many layers save it.

    Seen in a step, or by the rules for chains of torch's modules. It begins at the first layer with
    something to train; before that no gradient is wanted.
    """
    if graph.saved_bytes is not None:
        return graph.saved_bytes
    sizes = [prod(graph.input_shape)]  # numbers in each tensor, the network's input first
    kept: set[int] = set()
    extra_bytes = 0
    current = 0
    has_gradient = False
    for place, layer in enumerate(graph.layers):
        if layer.inputs != (place - 1,) or not _has_rule(layer):
            return None
        has_gradient |= any(parameter.trainable for parameter in layer.parameters)
        source = current
        if not _is_view(layer):
            sizes.append(prod(layer.output_shape))
            current = len(sizes) - 1
        if not has_gradient:
            continue
        if _keeps_input(layer):
            kept.add(source)
        if _keeps_output(layer):
            kept.add(current)
        extra_bytes += _extra_bytes(layer)
    return sum(sizes[tensor] for tensor in kept) * graph.itemsize + extra_bytes


def _has_rule(layer: Layer) -> bool:
    match layer.operation:
        case Pointwise(keeps=None):
            return False
        case Convolution() | Pool() | AdaptivePool() | Pointwise() | Linear():
            return True
        case _:
            return isinstance(layer.operation, Flatten | Identity | Dropout | Join)


def _is_view(layer: Layer) -> bool:
    """Whether the output lives in the (first) input's memory, in training as at inference."""
    match layer.operation:
        case Flatten() | Reshape() | Permute() | Expand() | Identity() | Pointwise(in_place=True):
            return True
        case Select(indices=indices):
            return isinstance(indices, range)
        case Dropout(probability=0.0) | Dropout(in_place=True):
            return True
        case _:
            return False


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


def _keeps_output(layer: Layer) -> bool:
    match layer.operation:
        case Pointwise(keeps="output") | Join():  # a softmax
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
            return layer.input_shape[0] * padded * layer.itemsize
        case Pool(kind="max") | AdaptivePool(kind="max"):
            return prod(layer.output_shape) * INDEX_BYTES
        case Pointwise(keeps="input", in_place=True):
            return prod(layer.input_shape) * layer.itemsize  # a copy, before it is written over
        case Dropout(probability=p, whole_channels=whole) if 0 < p < 1:
            return prod(layer.output_shape[: 1 if whole else None]) * layer.itemsize
        case _:
            return 0


def _is_uneven(window: Window) -> bool:
    return any(before != after for before, after in window.padding)
