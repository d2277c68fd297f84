"""A ModelSummary as a table and as records."""

from dataclasses import asdict
from typing import Any

from mnistops.analysis.operations import times
from mnistops.analysis.summary import LayerSummary, ModelSummary
from mnistops.report.grid import Column, Grid
from mnistops.report.numbers import integer, kibibytes, percent
from mnistops.report.publish import Report

_MULT_ADDS = "mult-adds: of convolutions and linear layers, for one image"

_COLUMNS = (
    Column("layer", is_number=False),
    Column("path", rank=3, is_number=False),
    Column("output", rank=1),
    Column("params"),
    Column("share of\nparams", rank=4),
    Column("mult-adds", rank=2, legend=_MULT_ADDS),
    Column("share of\nmult-adds", rank=5),
)


def summary_report(summary: ModelSummary) -> Report:
    """The summary in every format; for programs, memory is in bytes."""
    return Report((_grid(summary),), _document(summary), _records(summary))


def _grid(summary: ModelSummary) -> Grid:
    trainable = integer(summary.trainable_params)
    frozen = integer(summary.total_params - summary.trainable_params)
    unused = f", {integer(summary.unused_params)} never run" if summary.unused_params else ""
    dropout = "" if summary.dropout is None else f" at dropout {summary.dropout:g}"
    memory = summary.memory
    return Grid(
        _COLUMNS,
        tuple(_row(layer, summary) for layer in summary.layers),
        total=(
            "total",
            "",
            "",
            integer(summary.total_params),
            "",
            integer(summary.mult_adds),
            "",
        ),
        title=f"{summary.network}, input {times(summary.input_shape)}",
        notes=(
            f"parameters: {trainable} trainable, {frozen} frozen{unused}; "
            f"{kibibytes(memory.parameters)} in float32",
            f"activations of one image in float32: {kibibytes(memory.inference_peak)} at the peak "
            f"of inference, {kibibytes(memory.training_kept)} kept for training{dropout}",
            *_unknown(summary),
        ),
    )


def _unknown(summary: ModelSummary) -> tuple[str, ...]:
    """What a question mark in the table means, where there is one."""
    names = [layer.name for layer in summary.layers if layer.mult_adds is None]
    return (f"?: no rule here for {', '.join(names)}, so no total either",) if names else ()


def _row(layer: LayerSummary, summary: ModelSummary) -> tuple[str, ...]:
    return (
        layer.name,
        layer.path,
        times(layer.output_shape),
        integer(layer.params),
        _share(layer.params, summary.total_params),
        integer(layer.mult_adds),
        _share(layer.mult_adds, summary.mult_adds),
    )


def _share(part: int | None, whole: int | None) -> str:
    return percent(part / whole) if part and whole else ""


def _document(summary: ModelSummary) -> dict[str, Any]:
    return {
        "network": summary.network,
        "input_size": summary.input_shape,
        "dropout": summary.dropout,
        "total_params": summary.total_params,
        "trainable_params": summary.trainable_params,
        "unused_params": summary.unused_params,
        "mult_adds": summary.mult_adds,
        "memory": {"unit": "bytes", "dtype": "float32", "images": 1, **asdict(summary.memory)},
        "layers": _records(summary),
    }


def _records(summary: ModelSummary) -> list[dict[str, Any]]:
    """The layers; -1 stands for the batch in a shape."""
    return [{**asdict(row), "output_shape": (-1, *row.output_shape)} for row in summary.layers]
