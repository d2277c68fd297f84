"""A run's result as a table and as records."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistops.report.grid import Column, Grid
from mnistops.report.numbers import accuracy, integer
from mnistops.report.publish import Report

if TYPE_CHECKING:
    from mnistops.training.events import EpochMetrics, RunResult
    from mnistops.training.lr_range import RangeTest

_SELECTION = {
    "none": "nothing was chosen: the last epoch is the result",
    "holdout": "the best epoch was chosen on images held out of the training set",
    "test": "best epoch and learning rate follow the test set, as the seed's did, so accuracies on "
    "test flatter the network",
}


def run_report(result: "RunResult") -> Report:
    """The run in every format; CSV has a row for each epoch."""
    return Report(
        (_grid(result),), _document(result), [_given(epoch.metrics) for epoch in result.epochs]
    )


def _given(metrics: "EpochMetrics") -> dict[str, Any]:
    return {key: value for key, value in asdict(metrics).items() if value is not None}


def _document(result: "RunResult") -> dict[str, Any]:
    final = result.final
    on_holdout = final.metrics.holdout_accuracy is not None
    return {
        "run_folder": str(result.run_folder),
        "network": result.network,
        "num_params": result.num_params,
        "epochs": len(result.epochs),
        "final": {
            "train_accuracy": final.metrics.train_accuracy,
            "test_accuracy": final.metrics.test_accuracy,
            "test_errors": final.test_errors,
            **({"holdout_accuracy": final.metrics.holdout_accuracy} if on_holdout else {}),
        },
        "best": _best(result.best),
        "selection": result.selection,
        "time_seconds": result.time_seconds,
    }


def _best(best: "EpochMetrics | None") -> dict[str, Any] | None:
    if best is None:
        return None
    names = ("epoch", "test_accuracy", "holdout_accuracy")
    return {key: value for key, value in _given(best).items() if key in names}


def _columns(is_augmented: bool) -> tuple[Column, ...]:
    images = " on augmented images" if is_augmented else ""
    return (
        Column("result", is_number=False),
        Column("epoch"),
        Column("train", rank=1, legend=f"train: running accuracy{images}"),
        Column("hold-out", rank=1),
        Column("test"),
        Column("errors on test"),
    )


def _grid(result: "RunResult") -> Grid:
    columns = _columns(result.is_augmented)
    rows = [_row("last", result, result.final.metrics.epoch)]
    if result.best is not None:
        rows.append(_row("best", result, result.best.epoch))
    has_holdout = result.final.metrics.holdout_accuracy is not None
    kept = [i for i, column in enumerate(columns) if has_holdout or column.title != "hold-out"]
    is_empty = result.selection == "test" and result.best is None
    return Grid(
        tuple(columns[i] for i in kept),
        tuple(tuple(row[i] for i in kept) for row in rows),
        title=f"{result.network}, {integer(result.num_params)} parameters",
        notes=(
            _SELECTION[result.selection],
            *(("no epoch from 3 on reached the target: no best was kept",) if is_empty else ()),
            *_target(result),
            f"run folder: {result.run_folder}",
        ),
    )


def _target(result: "RunResult") -> tuple[str, ...]:
    if result.target_accuracy is None:
        return ()
    verdict = "reached" if result.reaches_target else "missed"
    return (f"target {accuracy(result.target_accuracy)} on test: {verdict}",)


def _row(name: str, result: "RunResult", number: int) -> tuple[str, ...]:
    epoch = result.epochs[number]
    metrics = epoch.metrics
    return (
        name,
        str(number),
        accuracy(metrics.train_accuracy),
        "" if metrics.holdout_accuracy is None else accuracy(metrics.holdout_accuracy),
        accuracy(metrics.test_accuracy),
        integer(epoch.test_errors),
    )


def range_test_report(test: "RangeTest", files: Sequence[Path]) -> Report:
    """The range test in every format; CSV has a row for each step.

    Args:
        files: the curve, as they were written.
    """
    records = [asdict(step) for step in test.steps]
    columns = (Column("suggested learning rate"), Column("step"), Column("steps"))
    row = (f"{test.suggestion:.6g}", str(test.index), str(len(test.steps)))
    notes = (
        "suggested: where the smoothed loss falls fastest, the first 10 and last 5 steps left out",
        f"curve: {', '.join(map(str, files))}",
    )
    document = {
        "suggestion": test.suggestion,
        "step": test.index,
        "num_steps": len(test.steps),
        "files": [str(path) for path in files],
    }
    return Report((Grid(columns, (row,), notes=notes),), document, records)
