"""A ModelSummary as a table and as records."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mnistops.analysis.budget import Budget
from mnistops.analysis.summary import LayerSummary, ModelSummary
from mnistops.analysis.window import times
from mnistops.report.grid import Column, Grid
from mnistops.report.numbers import integer, kibibytes, percent
from mnistops.report.publish import Report
from mnistops.settings.inspection import SummaryColumn

_MULT_ADDS = (
    "mult-adds: of convolutions, linear layers and products of matrices, for one image; "
    "one is a multiplication and an addition"
)

_COLUMNS: dict[SummaryColumn, Column] = {
    "layer": Column("layer", is_number=False),
    "path": Column("path", rank=3, is_number=False),
    "output": Column("output", rank=1),
    "params": Column("params"),
    "params-share": Column("share of\nparams", rank=4),
    "mult-adds": Column("mult-adds", rank=2, legend=_MULT_ADDS),
    "mult-adds-share": Column("share of\nmult-adds", rank=5),
    "connected-to": Column("connected to", is_number=False),
}


def summary_report(
    summary: ModelSummary, columns: Sequence[SummaryColumn] = (), budgets: Sequence[Budget] = ()
) -> Report:
    """The summary in every format; for programs, memory is in bytes.

    Args:
        columns: to show, in this order; none at all are all but the connections.
        budgets: to tell about.
    """
    shown = columns or tuple(name for name in _COLUMNS if name != "connected-to")
    return Report((_grid(summary, shown),), _document(summary, budgets), _records(summary))


def budget_lines(budgets: Sequence[Budget]) -> str:
    """A line for each limit: whether it is kept, and by how much it is not."""
    return "\n".join(map(_verdict, budgets))


def _verdict(budget: Budget) -> str:
    limit = f"{budget.option} {budget.limit:,.10g}"
    if budget.value is None:
        return f"over budget: the {budget.name} are not known, so {limit} is not kept"
    over = budget.value - budget.limit
    if over > 0:
        return (
            f"over budget: {_amount(budget.value)} {budget.name}, {_amount(over)} more than {limit}"
        )
    return f"within budget: {_amount(budget.value)} {budget.name} of {limit}"


def _amount(value: float) -> str:
    text = f"{value:,.2f}"
    return "less than 0.01" if text == "0.00" and value else text.removesuffix(".00")


def _grid(summary: ModelSummary, shown: Sequence[SummaryColumn]) -> Grid:
    total = {"layer": "total", "params": integer(summary.total_params)}
    total["mult-adds"] = integer(summary.mult_adds)
    return Grid(
        tuple(_COLUMNS[name] for name in shown),
        tuple(tuple(_cells(layer, summary)[name] for name in shown) for layer in summary.layers),
        total=tuple(total.get(name, "") for name in shown),
        title=f"{summary.network}, input {times(summary.input_shape)}",
        notes=(*_parameters(summary), *_activations(summary), *_unknown(summary)),
    )


def _parameters(summary: ModelSummary) -> tuple[str, ...]:
    trainable = integer(summary.trainable_params)
    frozen = integer(summary.total_params - summary.trainable_params)
    unused = f", {integer(summary.unused_params)} never run" if summary.unused_params else ""
    memory = summary.memory
    buffers = (
        f"; buffers: {integer(summary.buffers)} numbers, {kibibytes(memory.buffers)}"
        if summary.buffers
        else ""
    )
    return (
        f"parameters: {trainable} trainable, {frozen} frozen{unused}; "
        f"{kibibytes(memory.parameters)} in {summary.dtype}{buffers}",
    )


def _activations(summary: ModelSummary) -> tuple[str, ...]:
    dropout = "" if summary.dropout is None else f" at dropout {summary.dropout:g}"
    memory = summary.memory
    return (
        f"activations of one image in {summary.dtype}: {kibibytes(memory.inference_peak)} at the "
        f"peak of inference, {kibibytes(memory.training_kept)} kept for training{dropout}",
    )


def _unknown(summary: ModelSummary) -> tuple[str, ...]:
    """What a question mark in the table means, where there is one."""
    names = [layer.name for layer in summary.layers if layer.mult_adds is None]
    return (f"?: no rule here for {', '.join(names)}, so no total either",) if names else ()


def _cells(layer: LayerSummary, summary: ModelSummary) -> dict[SummaryColumn, str]:
    return {
        "layer": layer.name if layer.path != layer.name else layer.type,
        "path": layer.path,
        "output": times(layer.output_shape),
        "params": _params(layer),
        "params-share": _share(layer.params, summary.total_params),
        "mult-adds": integer(layer.mult_adds),
        "mult-adds-share": _share(layer.mult_adds, summary.mult_adds),
        "connected-to": ", ".join(layer.inputs),
    }


def _params(layer: LayerSummary) -> str:
    """The number, and what is special about them."""
    marks = [
        f"{'' if count == layer.params else integer(count) + ' '}{word}"
        for count, word in ((layer.frozen_params, "frozen"), (layer.shared_params, "shared"))
        if count
    ]
    return f"{integer(layer.params)} ({', '.join(marks)})" if marks else integer(layer.params)


def _share(part: int | None, whole: int | None) -> str:
    return percent(part / whole) if part and whole else ""


def _document(summary: ModelSummary, budgets: Sequence[Budget]) -> dict[str, Any]:
    kept = [{**asdict(budget), "is_exceeded": budget.is_exceeded} for budget in budgets]
    return {
        "network": summary.network,
        "input_size": summary.input_shape,
        "dropout": summary.dropout,
        "total_params": summary.total_params,
        "trainable_params": summary.trainable_params,
        "unused_params": summary.unused_params,
        "buffers": summary.buffers,
        "mult_adds": summary.mult_adds,
        "memory": {"unit": "bytes", "dtype": summary.dtype, "images": 1, **asdict(summary.memory)},
        **({"budgets": kept} if kept else {}),
        "layers": _records(summary),
    }


def _records(summary: ModelSummary) -> list[dict[str, Any]]:
    """The layers; -1 stands for the batch in a shape."""
    records = [{**asdict(row), "output_shape": (-1, *row.output_shape)} for row in summary.layers]
    for record in records:
        del record["is_module"]
    return records
