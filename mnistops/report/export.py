"""An export as a table and as records."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mnistops.analysis.window import times
from mnistops.report.console import visible
from mnistops.report.grid import Column, Grid
from mnistops.report.numbers import integer
from mnistops.report.publish import Report

if TYPE_CHECKING:
    from mnistops.exports.export import ExportedFile, ExportResult


def export_report(result: "ExportResult") -> Report:
    """The export in every format; CSV has a row for each file."""
    records = [_record(result, file) for file in result.files]
    document = {
        "network": result.network,
        "num_params": result.num_params,
        "checkpoint": str(result.checkpoint),
        "input_size": list(result.image_size),
        "takes_pixels": result.takes_pixels,
        "mean": result.normalization.mean,
        "std": result.normalization.std,
        "num_classes": result.num_classes,
        "threads": result.threads,
        "torch": _milliseconds(result, result.milliseconds),
        "files": records,
    }
    return Report((_grid(result),), document, records)


def _record(result: "ExportResult", file: "ExportedFile") -> dict[str, Any]:
    return {
        "format": file.format,
        "file": None if file.path is None else str(file.path),
        "bytes": file.num_bytes,
        # JSON has no number for what is without end.
        "difference": file.proof.difference if file.proof.is_number else None,
        "limit": file.proof.limit,
        **_milliseconds(result, file.milliseconds),
    }


def _milliseconds(
    result: "ExportResult", milliseconds: Mapping[int, float] | None
) -> dict[str, float | None]:
    return {
        f"milliseconds_{number}": (milliseconds or {}).get(number) for number in result.milliseconds
    }


def _grid(result: "ExportResult") -> Grid:
    columns = (
        Column("file", is_number=False),
        Column("kB", rank=2),
        Column("difference", rank=1),
        Column("limit", rank=3),
        *(
            Column(f"{number} image{'s' if number > 1 else ''}\nms", rank=1)
            for number in result.milliseconds
        ),
    )
    rows = [("torch, eager", "-", "-", "-", *map(_shown, result.milliseconds.values()))]
    for file in result.files:
        name = f"{file.format}: not written" if file.path is None else visible(file.path.name)
        proof = (f"{file.proof.difference:.2g}", f"{file.proof.limit:.2g}")
        timed = [_shown((file.milliseconds or {}).get(number)) for number in result.milliseconds]
        rows.append((name, f"{file.num_bytes / 1000:,.1f}", *proof, *timed))
    title = (
        f"{visible(result.network)}, {integer(result.num_params)} parameters, "
        f"of {visible(result.checkpoint.name)}"
    )
    return Grid(columns, tuple(rows), title=title, notes=tuple(_notes(result)))


def _shown(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "-"
    return f"{milliseconds:.2f}" if milliseconds < 10 else f"{milliseconds:.1f}"


def _notes(result: "ExportResult") -> list[str]:
    mean, std = result.normalization.mean, result.normalization.std
    pixels = "pixels in 0..1 (a byte divided by 255)"
    normalised = f"(pixels - {mean:.6g}) / {std:.6g} of {pixels}"
    notes = [
        f"images: float32, N x {times(result.image_size)}: "
        f"{pixels if result.takes_pixels else normalised}",
        f"outputs: float32, N x {result.num_classes}; the highest one is the class",
        "difference: the largest from the network's own outputs, for batches of several sizes; of "
        "safetensors the largest of a weight",
        f"ms: of a call, the median, with {result.threads} thread"
        f"{'s' if result.threads > 1 else ''}",
    ]
    folders = dict.fromkeys(file.path.parent for file in result.files if file.path is not None)
    notes += [f"folder: {visible(str(folder))}" for folder in folders]
    if not result.is_proven:
        notes.append("not written: it is not the same network, by more than the limit")
    return notes
