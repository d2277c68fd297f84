"""What a network's receptive fields are, and would be with other dilations."""

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import compress

from mnistops.analysis.graph import Container, GraphBuilder, Layer, LayerGraph
from mnistops.analysis.operations import Convolution, Pool
from mnistops.analysis.receptive_field import ReceptiveField, receptive_fields
from mnistops.analysis.window import Sizes, Window, same_padding
from mnistops.errors import BadInput, UsageError
from mnistops.settings.inspection import RfSettings


@dataclass(frozen=True)
class FieldTable:
    """The receptive fields of one network, as it is or as it would be.

    Attributes:
        dilation: that of the changed layers; None where each has its own.
        changed_layers: paths of the layers that are not as in the network.
        keep_size: whether these were re-padded.
        input_size: (height, width) in pixels.
        layers: in the order they run.
        calls: which of the network's calls these are, counted from 0.
        original: the same layers as they are; None where nothing is changed.
    """

    network: str
    dilation: int | None
    changed_layers: tuple[str, ...]
    keep_size: bool
    input_size: Sizes
    layers: tuple[ReceptiveField, ...]
    calls: tuple[int, ...]
    original: tuple[ReceptiveField, ...] | None = None


def field_tables(graph: LayerGraph, settings: RfSettings) -> tuple[FieldTable, ...]:
    """One table for each dilation asked for, or the one of the network as it is.

    Raises:
        UsageError: nothing to change is asked for, no layer to change it in is found, or none has
            the unit.
        BadInput: a changed layer does not fit into what it is given.
    """
    is_changed = bool(settings.dilation) or settings.keep_size
    if settings.layers and not is_changed:
        raise UsageError(
            f"--layers {','.join(settings.layers)}: expected a change to these layers, got none",
            "add --dilation N or --keep-size",
        )
    dilations: tuple[int | None, ...] = settings.dilation or (None,)
    selected = tuple(_select(graph, settings.layers)) if is_changed else ()
    original = receptive_fields(graph, settings.unit)
    variants = [
        receptive_fields(
            what_if(graph, dilation, settings.layers, settings.keep_size), settings.unit
        )
        for dilation in dilations
        if is_changed
    ] or [original]
    # The same rows for every variant, so that they can stand side by side.
    shown = [
        settings.all_layers or any(row.is_window for row in rows)
        for rows in zip(original, *variants, strict=True)
    ]
    return tuple(
        FieldTable(
            graph.network,
            dilation,
            selected,
            settings.keep_size,
            graph.input_shape[1:],
            tuple(compress(rows, shown)),
            tuple(compress(range(len(shown)), shown)),
            tuple(compress(original, shown)) if is_changed else None,
        )
        for dilation, rows in zip(dilations, variants, strict=True)
    )


def what_if(
    graph: LayerGraph, dilation: int | None, patterns: tuple[str, ...], keep_size: bool
) -> LayerGraph:
    """The graph with some of its windows changed, and all shapes behind them.

    Args:
        dilation: the selected layers' new dilation; None keeps each its own.
        patterns: select layers by path, with ``*`` and ``?``; a module's path selects all layers
            inside it. None at all select the layers that are dilated.
        keep_size: re-pad the selected layers so that each keeps its input's size (at stride 1).

    Raises:
        UsageError: no layer is selected; the error names the candidates.
        BadInput: a layer does not fit any more; the error names it.
    """
    selected = _select(graph, patterns)
    builder = GraphBuilder(graph.network, graph.input_shape, graph.dtype)
    try:
        for places in graph.calls():
            for layer in map(graph.layers.__getitem__, places):
                operation = layer.operation
                window = selected.get(layer.path) if layer.is_module else None
                if window is not None and isinstance(operation, Convolution | Pool):
                    operation = replace(operation, window=_changed(window, dilation, keep_size))
                step = replace(layer, operation=operation)
                builder.add(step, layer.inputs, layer.itemsize)
            builder.join(places[0])
    except BadInput as error:
        hint = None if keep_size else "--keep-size re-pads the changed layers"
        where = "" if dilation is None else f", at dilation {dilation}"
        raise BadInput(error.message + where, hint) from None
    changed = builder.build(graph.outputs)
    containers = tuple(_given(container, graph, changed) for container in graph.containers)
    return replace(graph, layers=changed.layers, containers=containers, saved_bytes=None)


def _given(container: Container, before: LayerGraph, after: LayerGraph) -> Container:
    """A module with the shape that it gives now, where that is its last layer's."""
    last = container.end - 1
    if container.given != (before.layers[last].given,):
        return container
    return replace(container, given=(after.layers[last].given,))


def _changed(window: Window, dilation: int | None, keep_size: bool) -> Window:
    if dilation is not None:
        window = replace(window, dilation=tuple(dilation for _ in window.dilation))
    if keep_size:
        window = replace(window, padding=same_padding(window.kernel_size, window.dilation))
    return window


def _select(graph: LayerGraph, patterns: tuple[str, ...]) -> dict[str, Window]:
    """The windows to change, by path."""
    candidates = {
        layer.path: window
        for layer in graph.layers
        if layer.is_module and (window := _dilatable(layer)) is not None
    }
    hint = f"--layers takes some of: {', '.join(candidates)}"
    selected = {path: w for path, w in candidates.items() if set(w.dilation) != {1}}
    if not patterns and not selected:
        raise UsageError(f"{graph.network}: expected a dilated layer, got none", hint)
    for pattern in patterns:
        if not any(_matches(path, pattern) for path in candidates):
            raise UsageError(
                f"--layers {pattern}: expected the path of a convolution or max pool, got none",
                hint,
            )
    if patterns:
        selected = {p: w for p, w in candidates.items() if any(_matches(p, x) for x in patterns)}
    return selected


def _dilatable(layer: Layer) -> Window | None:
    match layer.operation:
        case Convolution(window=window) | Pool(window=window, kind="max"):
            return window
        case _:
            return None


def _matches(path: str, pattern: str) -> bool:
    """Whether the pattern fits the path or that of a module around it."""
    parts = path.split(".")
    return any(fnmatchcase(".".join(parts[:n]), pattern) for n in range(1, len(parts) + 1))
