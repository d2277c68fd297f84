"""Cover: where in a network the whole input is seen first."""

from dataclasses import dataclass
from functools import partial
from operator import and_, eq

from mnistops.analysis.fields.grid import Grid, combined
from mnistops.analysis.fields.reach import either
from mnistops.analysis.fields.sight import Sight
from mnistops.analysis.graph import Layer, LayerGraph
from mnistops.analysis.receptive_field import sights
from mnistops.analysis.window import Sizes


@dataclass(frozen=True)
class Cover:
    """The first layers whose units really see the input from corner to corner.

    Attributes:
        some_unit: where one unit does; None if none ever does.
        every_unit: where all units do.
    """

    network: str
    input_size: Sizes
    some_unit: Layer | None
    every_unit: Layer | None


def cover(graph: LayerGraph) -> Cover:
    """Where the whole input is seen first, by what units really reach.

    Raises:
        BadInput: strides multiply beyond all measure.
    """
    pixels = graph.input_shape[1:]
    seen = sights(graph)
    some: Layer | None = None
    for places in graph.calls():
        layer, sight = graph.layers[places[-1]], seen[places[-1]]
        sees_all = () if sight is None else _sees_all(sight, pixels)
        if not sees_all or not any(sees_all):
            continue
        some = some or layer
        if all(sees_all):
            return Cover(graph.network, pixels, some, layer)
    return Cover(graph.network, pixels, some, None)


def _sees_all(sight: Sight, pixels: Sizes) -> tuple[bool, ...] | None:
    """Of each unit, whether it sees the whole input; None where that is not known."""
    every: list[Grid[bool]] = []
    for trace, n in zip(sight.whole.traces, pixels, strict=True):
        if trace.reach is None:
            return None
        reached = combined(trace.reach.grids, either)
        every.append(reached.mapped(partial(eq, (0, n - 1))))
    return combined(every, and_).values
