"""The figures of a comparison: every run's curves in one, the networks' sizes in the other."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from mnistops.report import comparison_figure
from mnistops.report.comparison_figure import draw_comparison
from mnistops.runs.comparison import Comparison
from tests.report.test_comparison import THREE, TWO


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch, drawn: list[Figure]) -> list[Figure]:
    def keep(figure: Figure, path: Path) -> Path:
        drawn.append(figure)
        return path

    monkeypatch.setattr(comparison_figure, "save_figure", keep)
    return drawn


def sized(comparison: Comparison, *sizes: int | None) -> Comparison:
    runs = tuple(
        replace(one, run=replace(one.run, num_params=size, network=f"n{size}"))
        for one, size in zip(comparison.runs, sizes, strict=True)
    )
    return replace(comparison, runs=runs)


def test_each_run_has_its_curves(figures: list[Figure]) -> None:
    assert draw_comparison(TWO, Path("out")) == [Path("out/curves.png")]
    left, right = figures[0].axes
    assert [np.asarray(line.get_ydata()).tolist() for line in left.get_lines()] == [[0.5]] * 2
    errors = [float(np.asarray(line.get_ydata())[0]) for line in right.get_lines()]
    assert errors == pytest.approx([10, 10])
    looks = {(line.get_color(), line.get_linestyle()) for line in left.get_lines()}
    assert len(looks) == 2
    names = [text.get_text() for text in figures[0].legends[0].get_texts()]
    assert names == ["1: run0", "2: run1"]


def test_networks_of_several_sizes_are_drawn_by_size(figures: list[Figure]) -> None:
    files = draw_comparison(sized(THREE, 940, 5340, 5340), Path("out"))
    assert files == [Path("out/curves.png"), Path("out/sizes.png")]
    axes = figures[1].axes[0]
    bars = [item for item in axes.containers if isinstance(item, ErrorbarContainer)]
    points = [
        (float(np.asarray(bar[0].get_xdata())[0]), float(np.asarray(bar[0].get_ydata())[0]))
        for bar in bars
    ]
    # 30 of 1000, and the mean of 4 and 5 of 1000.
    assert np.allclose(points, [(940, 3), (5340, 0.45)])
    names = [text.get_text() for text in axes.texts]
    assert names == ["n940 (1) 940", "n5340 (2, 3) 5,340"]


def test_runs_that_tell_little_are_drawn_without_a_warning(tmp_path: Path) -> None:
    odd = sized(THREE, None, 940, 10)
    first = replace(odd.runs[0], metrics=({"epoch": 0, "test_loss": None}, {"x": 1.0}))
    second = replace(odd.runs[1], run=replace(odd.runs[1].run, name=r"网络 $\x$ [b] " * 20))
    comparison = replace(odd, runs=(first, second, odd.runs[2]))
    for path in draw_comparison(comparison, tmp_path):
        assert path.exists()
    none = replace(TWO, runs=tuple(replace(run, metrics=()) for run in TWO.runs))
    assert draw_comparison(none, tmp_path)[0].exists()


def test_many_runs_have_many_looks(figures: list[Figure]) -> None:
    many = replace(TWO, runs=TWO.runs * 12)
    draw_comparison(many, Path("out"))
    lines = figures[0].axes[0].get_lines()
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 24
