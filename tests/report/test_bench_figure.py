"""A bench as bars: how long they are, and that what is written at them can be read."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from mnistops.benchmark.events import BenchResult
from mnistops.report.bench_figure import draw_bench
from mnistops.report.figure import BLUE, ORANGE
from tests.benchmark.test_events import RESULT


def bars(figure: Figure) -> list[Rectangle]:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_a_bench_becomes_a_png(tmp_path: Path) -> None:
    path = draw_bench(RESULT, tmp_path / "new" / "bench.png")
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("PNG", (900, 365))


def test_bars_are_as_long_as_pipelines_are_fast(drawn: list[Figure]) -> None:
    draw_bench(RESULT, Path("bench.png"))
    (figure,) = drawn
    assert [bar.get_width() for bar in bars(figure)] == [1000, 1250, 2000, 12_500, 4000]
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names == [pipeline.name for pipeline in RESULT.pipelines]
    bottom, top = figure.axes[0].get_ylim()
    assert bottom > top  # the first pipeline is above


def test_the_reference_is_told_apart(drawn: list[Figure]) -> None:
    draw_bench(RESULT, Path("bench.png"))
    colors = [to_hex(bar.get_facecolor()) for bar in bars(drawn[0])]
    assert colors == [color.lower() for color in (ORANGE, ORANGE, BLUE, BLUE, BLUE)]


def test_bars_tell_rate_ratio_and_share(drawn: list[Figure]) -> None:
    draw_bench(RESULT, Path("bench.png"))
    assert labels(drawn[0])[3] == "12,500 (10.0x, 62.5 % of the limit)"


def test_bars_leave_out_what_is_not_known(drawn: list[Figure]) -> None:
    unknown = [replace(pipeline, share_of_limit=None) for pipeline in RESULT.pipelines]
    draw_bench(replace(RESULT, pipelines=tuple(unknown[2:])), Path("bench.png"))
    draw_bench(replace(RESULT, pipelines=tuple(unknown)), Path("bench.png"))
    assert [labels(figure)[-1] for figure in drawn] == ["4,000", "4,000 (3.2x)"]


def faster(factor: float) -> BenchResult:
    pipelines = (
        replace(pipeline, images_per_second=factor * pipeline.images_per_second)
        for pipeline in RESULT.pipelines
    )
    return replace(RESULT, pipelines=tuple(pipelines))


@pytest.mark.parametrize("factor", [0.01, 1.0, 1000.0])
def test_nothing_that_is_written_is_cut_or_overlaps(factor: float, drawn: list[Figure]) -> None:
    draw_bench(faster(factor), Path("bench.png"))
    (figure,) = drawn
    figure.draw_without_rendering()
    axes = figure.axes[0]
    inside = [*axes.texts, *axes.get_yticklabels(), axes.title]
    for text in inside:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= figure.bbox.x1, text.get_text()
    low, high = axes.get_xlim()
    ticks = [
        text.get_window_extent()
        for text in axes.get_xticklabels()
        if low <= text.get_position()[0] <= high
    ]
    assert all(left.x1 < right.x0 for left, right in pairwise(ticks))


@pytest.mark.parametrize("name", ["[bold]a_b^c[/bold]", r"$\x$", "网络", "x" * 200])
def test_an_odd_name_is_drawn_without_a_warning(name: str, tmp_path: Path) -> None:
    draw_bench(replace(RESULT, network=name), tmp_path / "bench.png")
