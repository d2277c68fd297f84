"""A bench's result as a table and as records."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistops.report.grid import Column, Grid
from mnistops.report.numbers import integer, percent
from mnistops.report.publish import Report

if TYPE_CHECKING:
    from mnistops.benchmark.events import BenchResult, Measured

_COLUMNS = (
    Column("pipeline", is_number=False),
    Column("images/s"),
    Column("s per epoch", rank=1),
    Column("ratio", legend="ratio: to the faster reference"),
    Column("of limit", rank=2),
    Column(
        "compile s",
        rank=3,
        legend="compile s: once, before the first step; what was built before is found again",
    ),
)


def bench_report(result: "BenchResult", chart: Path) -> Report:
    """The bench in every format; CSV has a row for each pipeline.

    Args:
        chart: as it was written.
    """
    records = [_record(result, pipeline) for pipeline in result.pipelines]
    document = {
        "pipelines": records,
        "ratio_best_to_reference": result.ratio_best_to_reference,
    }
    return Report((_grid(result, chart),), document, records)


def _record(result: "BenchResult", pipeline: "Measured") -> dict[str, Any]:
    return {
        "name": pipeline.name,
        "device": result.device,
        "images_per_second": pipeline.images_per_second,
        "seconds_per_epoch": pipeline.seconds_per_epoch,
        "compile_seconds": pipeline.compile_seconds,
        "share_of_limit": pipeline.share_of_limit,
    }


def _grid(result: "BenchResult", chart: Path) -> Grid:
    rows = tuple(
        (
            pipeline.name,
            integer(round(pipeline.images_per_second)),
            f"{pipeline.seconds_per_epoch:.1f}",
            times_as_fast(result.ratio(pipeline)),
            percent(pipeline.share_of_limit),
            f"{pipeline.compile_seconds:.1f}" if pipeline.compile_seconds else "-",
        )
        for pipeline in result.pipelines
    )
    left_out = (f"left out: {one.name}: {one.reason}" for one in result.left_out)
    return Grid(
        _COLUMNS,
        rows,
        title=f"{result.network}, {integer(result.num_params)} parameters, on {result.device}",
        notes=(*_conditions(result), *_limit(result), *left_out, f"chart: {chart}"),
    )


def times_as_fast(ratio: float | None) -> str:
    """``3.9x``; ``-`` where there is nothing to compare with."""
    return "-" if ratio is None else f"{ratio:.1f}x"


def _conditions(result: "BenchResult") -> tuple[str, ...]:
    ours, seeds = ("its own" if p is None else f"{p:g}" for p in result.dropout)
    return (
        f"{integer(result.num_images)} images per epoch, {integer(result.batch_size)} per step; "
        "medians of rounds in turns",
        f"reference: torchvision's MNIST, PIL transforms and DataLoader; dropout {seeds}",
        f"the others: engines of mnistops train; dropout {ours}",
    )


def _limit(result: "BenchResult") -> tuple[str, ...]:
    machine, work = result.machine, result.work
    rates = (
        f"machine: {machine.flop_per_second / 1e9:,.0f} GFLOP/s in products of matrices, "
        f"{machine.bytes_per_second / 1e9:,.1f} GB/s in copies, both in fp32"
    )
    if work is None:
        return ("limit: unknown, for the network's work could not be counted", rates)
    most = integer(round(machine.images_per_second(work)))
    return (
        f"limit: {most} images/s, bound by {machine.bound(work)}: "
        f"{work.flop / 1e6:.3g} MFLOP and {work.moved_bytes / 1e6:.3g} MB an image",
        rates,
        "MB: outputs of layers with multiply-adds, written and read forward and backward",
    )
