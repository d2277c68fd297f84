"""A bench as bars: images per second of each pipeline."""

from pathlib import Path
from typing import TYPE_CHECKING

from mnistops.report.bench import times_as_fast
from mnistops.report.figure import BLUE, ORANGE, new_figure, save_figure, tidy
from mnistops.report.numbers import integer, percent

if TYPE_CHECKING:
    from mnistops.benchmark.events import BenchResult, Measured

# The longest bar leaves this share of the width to what is written behind it.
ROOM_FOR_LABELS = 0.6


def draw_bench(result: "BenchResult", path: Path) -> Path:
    """Draw a bar for each pipeline, and write the PNG.

    Raises:
        CannotCreate, CannotWrite: the file cannot be made.
    """
    pipelines = result.pipelines
    rates = [pipeline.images_per_second for pipeline in pipelines]
    figure = new_figure(9, 1.4 + 0.45 * len(pipelines))
    axes = figure.subplots()
    bars = axes.barh(
        range(len(pipelines)),
        rates,
        height=0.7,
        color=[ORANGE if pipeline.is_reference else BLUE for pipeline in pipelines],
    )
    axes.bar_label(bars, [_label(result, pipeline) for pipeline in pipelines], padding=4)
    axes.set_yticks(range(len(pipelines)), [pipeline.name for pipeline in pipelines])
    axes.invert_yaxis()
    axes.set_xlim(0, max(rates) * (1 + ROOM_FOR_LABELS))
    axes.set(xlabel="images per second")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_title(f"training {result.network:.40} on {result.device:.60}", parse_math=False)
    tidy(axes)
    axes.grid(visible=False, axis="y")
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    return save_figure(figure, path)


def _label(result: "BenchResult", pipeline: "Measured") -> str:
    parts = [f"{integer(round(pipeline.images_per_second))}"]
    if result.reference is not None:
        parts.append(times_as_fast(result.ratio(pipeline)))
    if pipeline.share_of_limit is not None:
        parts.append(f"{percent(pipeline.share_of_limit)} of the limit")
    return ", ".join(parts) if len(parts) == 1 else f"{parts[0]} ({', '.join(parts[1:])})"
