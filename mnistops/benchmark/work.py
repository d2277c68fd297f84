"""Work: what a step of training has to compute and to move for each image, counted."""

from dataclasses import dataclass
from math import prod

from mnistops.analysis.graph import INPUT, ITEMSIZES, Layer, LayerGraph
from mnistops.analysis.operations import MatMul
from mnistops.analysis.summary import mult_adds

FLOP_PER_MULT_ADD = 2
TRANSFERS = 4
"""Of each number that is kept: written and read forward, read and its gradient written backward."""


@dataclass(frozen=True)
class Work:
    """Of one image, in float32.

    Attributes:
        flop: floating-point operations, two for each multiply-add: of the outputs, of the
            gradients of weights, and of the gradients of inputs, which what lies before the first
            weights has no need of.
        moved_bytes: what goes to memory and comes from it, `TRANSFERS` times each output of a layer
            with multiply-adds. What stands between two of those can be computed on the way.
    """

    flop: int
    moved_bytes: int


def training_work(graph: LayerGraph) -> Work | None:
    """The work of a step of training; None where a layer's operation has no rule."""
    flop = moved_bytes = 0
    has_gradient = {INPUT: False}
    for place, layer in enumerate(graph.layers):
        is_trained = any(parameter.trainable for parameter in layer.parameters)
        sources = [has_gradient[source] for source in layer.inputs]
        has_gradient[place] = is_trained or any(sources)
        forward = mult_adds(layer)
        if forward is None:
            return None
        if forward:
            flop += FLOP_PER_MULT_ADD * forward * (1 + _num_gradients(layer, is_trained, sources))
            moved_bytes += TRANSFERS * prod(layer.output_shape) * ITEMSIZES["float32"]
    return Work(flop, moved_bytes)


def _num_gradients(layer: Layer, is_trained: bool, sources: list[bool]) -> int:
    """How many gradients a layer computes, each of as many multiply-adds as its outputs."""
    if isinstance(layer.operation, MatMul):
        return is_trained + sum(sources)
    return is_trained + any(sources)
