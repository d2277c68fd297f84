"""Field pictures: what the centre unit of each layer sees of a digit, as data to draw."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnistops.analysis.fields.sight import Sight
from mnistops.analysis.graph import LayerGraph
from mnistops.analysis.operations import Convolution
from mnistops.analysis.receptive_field import sights
from mnistops.analysis.what_if import FieldTable, field_tables, what_if
from mnistops.analysis.window import Sizes
from mnistops.errors import MnistopsError, UsageError
from mnistops.settings.inspection import RfSettings
from mnistops.settings.sections import NetworkSettings
from mnistops.trained import Trained, open_trained

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from mnistops.analysis.paths import Box

    Array = NDArray[np.float64]

MOST_LAYERS = 9
MOST_COMPARED = 3
"""Layers in a picture of one network, and of several dilations side by side."""


@dataclass(frozen=True, eq=False)
class LayerField:
    """What the centre unit of one layer sees.

    Attributes:
        path: the module's, or a function's name.
        kind: the type: ``Conv2d``.
        size: (height, width) of the field, unclipped, where units differ the largest one.
        field: the pixels of the centre unit's field; it may reach into the padding.
        clipped: the part of it in the image; None where it lies outside.
        counts: paths from each pixel (H, W).
        missed: pixels (H, W) inside the field that are skipped, by gaps between taps.
        effective: effective field (H, W), 0 to 1; None where there is none.
        coverage: share of the pixels inside the unclipped field that are touched, 0 to 1.
    """

    path: str
    kind: str
    kernel_size: Sizes | None
    dilation: Sizes | None
    output_size: Sizes
    size: Sizes
    field: "Box"
    clipped: "Box | None"
    counts: "Array"
    missed: "NDArray[np.bool_]"
    effective: "Array | None"
    coverage: float | None


@dataclass(frozen=True, eq=False)
class FieldVariant:
    """The network at one dilation.

    Attributes:
        dilation: of the changed layers; None where each has its own.
    """

    dilation: int | None
    layers: tuple[LayerField, ...]


@dataclass(frozen=True, eq=False)
class FieldPicture:
    """All that is drawn; every variant has the same layers.

    Attributes:
        network: its name.
        digit: ink (H, W), 0 to 1.
        weights: what the gradients are of: ``trained weights``.
        keep_size: whether changed layers were re-padded.
        notes: what was left out, and why.
    """

    network: str
    digit: "Array"
    weights: str
    keep_size: bool
    variants: tuple[FieldVariant, ...]
    notes: tuple[str, ...] = ()


def field_picture(network: NetworkSettings, rf: RfSettings) -> FieldPicture:
    """The `picture_of` the network that the settings name.

    The gradients are of the weights that it has: a checkpoint's own, a built-in's that come with
    the package, those that a module in Python is made with, else random ones, always the same.

    Raises:
        MnistopsError: of `open_network` and `picture_of`.
    """
    return picture_of(open_trained(network), rf)


def picture_of(opened: Trained, rf: RfSettings) -> FieldPicture:
    """What the centre unit of each layer sees, counted and by gradients, for each dilation asked.

    One network shows its windows, up to 9 of them evenly chosen, the last one included; several
    dilations show the last 3 changed layers, convolutions if there are any. Gradients are the mean
    over the digit, moved about a little.

    Raises:
        MnistopsError: of `field_tables` and `path_counts`, the last only if not one layer can be
            drawn.
    """
    tables = field_tables(opened.graph, rf.model_copy(update={"all_layers": True}))
    graphs = [_graph_of(opened.graph, table, rf) for table in tables]
    notes: list[str] = []
    rows = _drawable(graphs[0], tables, rf.all_layers, notes)
    rows = _chosen(opened.graph, rows, tables, notes)
    variants = []
    for table, graph in zip(tables, graphs, strict=True):
        layers = _layers(graph, table, rows)
        effective = _effective(opened, table, rows, notes)
        variants.append(
            FieldVariant(
                table.dilation,
                tuple(replace(x, effective=e) for x, e in zip(layers, effective, strict=True)),
            )
        )
    from mnistops.data.digit import digit

    height, width = opened.graph.input_shape[1:]
    return FieldPicture(
        opened.graph.network,
        digit((height, width)),
        opened.weights,
        rf.keep_size,
        tuple(variants),
        tuple(dict.fromkeys(notes)),
    )


def _graph_of(graph: LayerGraph, table: FieldTable, rf: RfSettings) -> LayerGraph:
    if not table.changed_layers:
        return graph
    return what_if(graph, table.dilation, rf.layers, rf.keep_size)


def _drawable(
    graph: LayerGraph, tables: Sequence[FieldTable], all_layers: bool, notes: list[str]
) -> list[int]:
    """The rows of the tables that can be drawn; what cannot be is noted.

    Raises:
        UsageError: none can be; the error names the first layer that is in the way.
    """
    from mnistops.analysis.paths import path_counts

    found, refused = [], None
    for row, places in enumerate(graph.calls()):
        fields = [table.layers[row] for table in tables]
        if not all_layers and not any(field.is_window for field in fields):
            continue
        try:
            path_counts(graph, places[-1])
        except UsageError as error:
            refused = refused or error
            continue
        if all(field.size for field in fields):
            found.append(row)
    if not found:
        raise refused or UsageError(f"{graph.network}: expected a layer to draw, got none")
    if refused:
        notes.append(f"left out: what no paths can be counted to. {refused.message}")
    return found


def _chosen(
    graph: LayerGraph, rows: list[int], tables: Sequence[FieldTable], notes: list[str]
) -> list[int]:
    """As many of the rows as a picture holds."""
    if len(tables) > 1:
        last = [places[-1] for places in graph.calls()]
        changed = [row for row in rows if tables[0].layers[row].path in tables[0].changed_layers]
        convolutions = [
            r for r in changed if isinstance(graph.layers[last[r]].operation, Convolution)
        ]
        rows = convolutions or changed or rows
        chosen = rows[-MOST_COMPARED:]
    else:
        # Of too many, functions (additions, mostly) give way to modules, except at the end.
        modules = [r for r in rows if tables[0].layers[r].is_module or r == rows[-1]]
        some = modules if len(rows) > MOST_LAYERS <= len(modules) else rows
        steps = range(min(MOST_LAYERS, len(some)))
        chosen = [some[round(i * (len(some) - 1) / max(1, steps[-1]))] for i in steps]
    if len(chosen) < len(rows):
        notes.append(f"{len(chosen)} of {len(rows)} layers are drawn")
    return chosen


def _layers(graph: LayerGraph, table: FieldTable, rows: Sequence[int]) -> list[LayerField]:
    from mnistops.analysis.paths import centre, missed_pixels, path_counts

    seen, calls = sights(graph), list(graph.calls())
    nothing = ((0, -1), (0, -1))
    found = []
    for row in rows:
        field, place = table.layers[row], calls[row][-1]
        counts, sight = path_counts(graph, place), seen[place]
        if sight is None:
            continue
        unit, clipped = centre(field.output_size), _box(field.center_field or ())
        found.append(
            LayerField(
                path=field.path or field.name,
                kind=graph.layers[place].type,
                kernel_size=field.kernel_size,
                dilation=field.dilation,
                output_size=field.output_size,
                size=field.size or (),
                field=_unclipped(sight, unit) or clipped or nothing,
                clipped=clipped,
                counts=counts,
                missed=missed_pixels(counts, sight, unit, clipped or nothing),
                effective=None,
                coverage=field.coverage,
            )
        )
    return found


def _unclipped(sight: Sight, unit: Sizes) -> "Box | None":
    """A unit's field, where a rule tells it beyond the input."""
    fields = [trace.at(u) for trace, u in zip(sight.whole.traces, unit, strict=True)]
    return _box([(field.lo, field.hi) if field else None for field in fields])


def _box(spans: Sequence[tuple[int, int] | None]) -> "Box | None":
    known = [span for span in spans if span is not None]
    return (known[0], known[1]) if len(known) == len(spans) == 2 else None


def _effective(
    opened: Trained, table: FieldTable, rows: Sequence[int], notes: list[str]
) -> "list[Array | None]":
    """The effective field of each row; None for functions, and where torch has no such network."""
    from mnistops.analysis.effective import changed_copy, effective_fields

    calls = {}
    for row in rows:
        field = table.layers[row]
        if field.is_module:
            earlier = table.layers[:row]
            calls[row] = (field.path, sum(f.is_module and f.path == field.path for f in earlier))
    try:
        module = opened.module
        if table.changed_layers:
            module = changed_copy(module, table.changed_layers, table.dilation, table.keep_size)
        found = effective_fields(module, _images(opened), list(calls.values()))
    except MnistopsError as error:
        notes.append(f"no gradients: {error.message}")
        return [None] * len(rows)
    by_row = dict(zip(calls, found, strict=True))
    return [by_row.get(row) for row in rows]


def _images(opened: Trained) -> "Tensor":
    """The digit, moved about: (N, C, H, W), normalised."""
    import torch

    from mnistops.data.digit import moved_digits

    channels, height, width = opened.graph.input_shape
    ink = torch.from_numpy(moved_digits((height, width))).unsqueeze(1)
    return opened.normalization(ink.repeat(1, channels, 1, 1))
