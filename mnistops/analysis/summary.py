"""LayerGraph to ModelSummary: parameters, multiply-adds and memory.

A multiply-add is one multiplication and the addition that goes with it. Convolutions, fully
connected layers and products of matrices count; biases, norms, activations and pools do not (half
of what ``torch.utils.flop_counter`` calls flops).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import prod

from mnistops.analysis.graph import IMAGES, INPUT, Layer, LayerGraph, Parameter
from mnistops.analysis.memory import Memory, inference_peak, training_kept
from mnistops.analysis.operations import (
    Convolution,
    Dropout,
    Linear,
    MatMul,
    TransposedConvolution,
    Unsupported,
)
from mnistops.analysis.window import Shape


@dataclass(frozen=True)
class LayerSummary:
    """One layer: what it gives for one image (C, H, W), what it holds, what it costs.

    Attributes:
        name: the type and its number: among all modules, or among the functions of that type.
        params: those that no layer before it counts.
        frozen_params: of these, the ones that are not trained.
        shared_params: parameters that a layer before it counts.
        mult_adds: multiply-adds for one image; None for an operation without a rule here.
        inputs: names of the rows that it takes from; ``input`` for the network's input.
    """

    name: str
    type: str
    path: str
    output_shape: Shape
    params: int
    frozen_params: int
    shared_params: int
    mult_adds: int | None
    inputs: tuple[str, ...]
    is_module: bool


@dataclass(frozen=True)
class ModelSummary:
    """A network in numbers.

    Attributes:
        input_shape: channels, height and width of one image.
        dropout: the probability of its dropout layers; None if it has none or they differ.
        unused_params: of the total, those of modules that never run.
        buffers: numbers that the network holds and does not train.
        dtype: torch's name of the numbers that the network takes.
        mult_adds: for one image; None where an operation has no rule here.
        layers: the modules in the order they run, and the functions between them that cost
            something or take more than one tensor.
    """

    network: str
    input_shape: Shape
    dropout: float | None
    total_params: int
    trainable_params: int
    unused_params: int
    buffers: int
    dtype: str
    mult_adds: int | None
    memory: Memory
    layers: tuple[LayerSummary, ...]


def summarize_graph(graph: LayerGraph, depth: int | None = None) -> ModelSummary:
    """Count parameters, multiply-adds and memory of every layer and of the whole.

    A parameter that several layers share counts once, in the first of them.

    Args:
        depth: modules so many steps below the network are one row each, with all in them.
    """
    every = {p.key: p for p in graph.unused}
    every |= {p.key: p for layer in graph.layers for p in layer.parameters}
    every |= {p.key: p for container in graph.containers for p in container.parameters}
    parameters = every.values()
    rows = list(_rows(graph))
    probabilities = {
        layer.operation.probability
        for layer in graph.layers
        if isinstance(layer.operation, Dropout)
    }
    return ModelSummary(
        network=graph.network,
        input_shape=graph.input_shape,
        dropout=probabilities.pop() if len(probabilities) == 1 else None,
        total_params=_numbers(parameters),
        trainable_params=_numbers(p for p in parameters if p.trainable),
        unused_params=_numbers(graph.unused),
        buffers=_numbers(graph.buffers),
        dtype=graph.dtype,
        mult_adds=_sum(map(mult_adds, graph.layers)),
        memory=Memory(
            _bytes(parameters), _bytes(graph.buffers), inference_peak(graph), training_kept(graph)
        ),
        layers=tuple(rows if depth is None else _at_depth(graph, rows, depth)),
    )


def _numbers(parameters: Iterable[Parameter]) -> int:
    return sum(parameter.count for parameter in parameters)


def _bytes(parameters: Iterable[Parameter]) -> int:
    return sum(parameter.count * parameter.itemsize for parameter in parameters)


def _rows(graph: LayerGraph) -> Iterable[LayerSummary]:
    seen: set[str] = set()
    numbers: Counter[str] = Counter()
    names: dict[int, tuple[str, ...]] = {INPUT: ("input",)}  # rows whose output stands in a place
    for places in graph.calls():
        steps = [graph.layers[place] for place in places]
        outside = [i for step in steps for i in step.inputs if i not in places]
        sources = tuple(dict.fromkeys(name for i in outside for name in names[i]))
        own = {p.key: p for step in steps for p in step.parameters}
        new = [p for key, p in own.items() if key not in seen]
        seen |= set(own)
        last, cost = steps[-1], _sum(map(mult_adds, steps))
        if not (last.is_module or own or cost != 0 or len(set(outside)) > 1):
            names |= dict.fromkeys(places, sources)
            continue
        numbers[last.type] += 1
        name = last.name if last.is_module else f"{last.type}-{numbers[last.type]}"
        names |= dict.fromkeys(places, (name,))
        yield LayerSummary(
            name=name,
            type=last.type,
            path=last.path,
            output_shape=last.output_shape,
            params=_numbers(new),
            frozen_params=_numbers(p for p in new if not p.trainable),
            shared_params=_numbers(own.values()) - _numbers(new),
            mult_adds=cost,
            inputs=sources,
            is_module=last.is_module,
        )


def _at_depth(
    graph: LayerGraph, rows: Sequence[LayerSummary], depth: int
) -> Iterable[LayerSummary]:
    """Rows that lie deeper put together, as long as they follow each other."""
    types = {container.path: container.type for container in graph.containers}
    names: dict[str, str] = {}

    def group(row: LayerSummary) -> str:
        steps = row.path.split(".") if row.path else []
        is_deeper = len(steps) + (not row.is_module) > depth
        return ".".join(steps[:depth]) if is_deeper else row.name

    for key, members in groupby(rows, group):
        inside = list(members)
        names |= {row.name: key for row in inside}
        inputs = dict.fromkeys(names.get(name, name) for row in inside for name in row.inputs)
        inputs.pop(key, None)
        last = inside[-1]
        if key == last.name:
            yield replace(last, inputs=tuple(inputs))
            continue
        yield LayerSummary(
            name=key,
            type=types.get(key, "module"),
            path=key,
            output_shape=last.output_shape,
            params=sum(row.params for row in inside),
            frozen_params=sum(row.frozen_params for row in inside),
            shared_params=sum(row.shared_params for row in inside),
            mult_adds=_sum(row.mult_adds for row in inside),
            inputs=tuple(inputs),
            is_module=True,
        )


def mult_adds(layer: Layer) -> int | None:
    """Multiply-adds of a layer for one image; None for an operation without a rule here."""
    taken, given = layer.taken, prod(layer.output_shape)
    match layer.operation:
        case Convolution(window=window, in_channels=channels, groups=groups):
            return given * (channels // groups) * prod(window.kernel_size)
        case TransposedConvolution(window=window, out_channels=channels, groups=groups):
            return prod(layer.input_shape) * (channels // groups) * prod(window.kernel_size)
        case Linear(in_features=n):
            return given * n
        case MatMul():
            left, _ = layer.operation.factors(*taken)
            return prod(layer.given) * left[2] // IMAGES
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
