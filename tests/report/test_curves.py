"""Curves: what is drawn of a run and of a range test, and that nothing odd in them stops it."""

import csv
from dataclasses import replace
from itertools import pairwise
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from mnistops.report.curves import draw_curves, write_range_test
from mnistops.training.events import EpochDone, EpochMetrics, RunResult
from mnistops.training.lr_range import RangeStep, RangeTest


def epoch(number: int, accuracy: float = 0.99, has_holdout: bool = False) -> EpochDone:
    holdout = (0.06, 0.985) if has_holdout else (None, None)
    metrics = EpochMetrics(number, 0.2, 0.95, 0.05, accuracy, 0.1, 9.5, *holdout)
    return EpochDone(metrics, 469, 0.1, round(10_000 * (1 - accuracy)), False, 0.1)


def result(*epochs: EpochDone) -> RunResult:
    return RunResult(Path("run"), "net", 5340, epochs, None, "none", 0.1, None, 0.993, 60.0, True)


def labels(axes: Axes) -> list[str]:
    return [str(line.get_label()) for line in axes.get_lines()]


def xs(line: Line2D) -> list[float]:
    return [float(x) for x in np.asarray(line.get_xdata())]


def ys(line: Line2D) -> list[float]:
    return [float(y) for y in np.asarray(line.get_ydata())]


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return picture.size


@pytest.mark.parametrize("num_epochs", [1, 3])
@pytest.mark.parametrize("has_holdout", [False, True])
def test_a_run_becomes_a_png(num_epochs: int, has_holdout: bool, tmp_path: Path) -> None:
    epochs = [epoch(number, has_holdout=has_holdout) for number in range(num_epochs)]
    path = draw_curves(result(*epochs), tmp_path / "curves.png")
    assert size_of(path) == (1100, 450)


def test_losses_and_errors_are_drawn_epoch_by_epoch(drawn: list[Figure]) -> None:
    draw_curves(result(epoch(0, 0.98), epoch(1, 0.99)), Path("curves.png"))
    loss, error = drawn[0].axes
    train, test = loss.get_lines()
    assert labels(loss) == ["train (augmented)", "test"]
    assert (xs(train), ys(train)) == ([0, 1], [0.2, 0.2])
    assert ys(test) == [0.05, 0.05]
    assert ys(error.get_lines()[1]) == pytest.approx([2.0, 1.0])


def test_images_are_called_augmented_where_they_are(drawn: list[Figure]) -> None:
    draw_curves(replace(result(epoch(0)), is_augmented=False), Path("curves.png"))
    assert labels(drawn[0].axes[0]) == ["train", "test"]


def test_the_holdout_is_drawn_where_there_is_one(drawn: list[Figure]) -> None:
    draw_curves(result(epoch(0, has_holdout=True)), Path("curves.png"))
    loss, error = drawn[0].axes
    assert labels(loss) == ["train (augmented)", "test", "hold-out"]
    assert ys(loss.get_lines()[2]) == [0.06]
    assert ys(error.get_lines()[2]) == pytest.approx([1.5])


def test_the_target_is_a_line_at_the_error_that_it_leaves(drawn: list[Figure]) -> None:
    draw_curves(result(epoch(0)), Path("curves.png"))
    target = drawn[0].axes[1].get_lines()[-1]
    assert target.get_label() == "target 0.7 %"
    assert ys(target) == pytest.approx([0.7, 0.7])


def test_without_a_target_there_is_no_line(drawn: list[Figure]) -> None:
    draw_curves(replace(result(epoch(0)), target_accuracy=None), Path("curves.png"))
    assert labels(drawn[0].axes[1]) == ["train (augmented)", "test"]


def test_the_title_tells_the_best_epoch_or_else_the_last(drawn: list[Figure]) -> None:
    run = result(epoch(0, 0.9912), epoch(1, 0.99))
    draw_curves(run, Path("curves.png"))
    draw_curves(replace(run, best=run.epochs[0].metrics), Path("curves.png"))
    assert [figure.get_suptitle() for figure in drawn] == [
        "net, 5,340 parameters; last epoch 1: 99.00 % on test",
        "net, 5,340 parameters; best epoch 0: 99.12 % on test",
    ]


@pytest.mark.parametrize("num_epochs", [1, 2, 15])
def test_epochs_are_whole_numbers(num_epochs: int, drawn: list[Figure]) -> None:
    draw_curves(result(*map(epoch, range(num_epochs))), Path("curves.png"))
    for axes in drawn[0].axes:
        left, right = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if left <= tick <= right]
        assert ticks
        assert all(tick == round(tick) for tick in ticks)


def test_no_error_at_all_draws_without_a_warning(tmp_path: Path) -> None:
    draw_curves(result(epoch(0, 1.0)), tmp_path / "one.png")
    draw_curves(result(epoch(0, 0.99), epoch(1, 1.0)), tmp_path / "last.png")


def test_nothing_above_zero_draws_without_a_warning(tmp_path: Path) -> None:
    done = epoch(0, 1.0)
    perfect = replace(done.metrics, train_accuracy=1.0, train_loss=0.0, test_loss=0.0)
    run = replace(result(replace(done, metrics=perfect)), target_accuracy=1.0)
    draw_curves(run, tmp_path / "curves.png")


# Dollars would begin a formula, and an ill-formed one here; the font lacks the last.
@pytest.mark.parametrize("name", ["[bold]a_b^c[/bold]", r"$\x$", "网络"])
def test_an_odd_name_is_drawn_without_a_warning(name: str, tmp_path: Path) -> None:
    draw_curves(replace(result(epoch(0)), network=name), tmp_path / "curves.png")


def range_test(num_steps: int) -> RangeTest:
    steps = (RangeStep(i, 0.1 * 1.002**i, 2.3 / (i + 1), 2.3 / (i + 2)) for i in range(num_steps))
    return RangeTest(tuple(steps), index=11)


def test_a_range_test_becomes_a_table_and_a_png(tmp_path: Path) -> None:
    test = range_test(20)
    table, picture = write_range_test(test, tmp_path / "new" / "folder")
    assert (table.name, picture.name) == ("lr_range.csv", "lr_range.png")
    assert table.read_text().startswith("step,learning_rate,loss,smoothed_loss\n0,0.1,2.3,1.15\n")
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    assert float(rows[11]["learning_rate"]) == test.suggestion
    assert size_of(picture) == (700, 450)


def test_a_range_test_shows_its_suggestion(drawn: list[Figure], tmp_path: Path) -> None:
    write_range_test(range_test(1000), tmp_path)
    batch, smoothed, suggestion = drawn[0].axes[0].get_lines()
    assert (len(xs(batch)), len(xs(smoothed))) == (1000, 1000)
    assert suggestion.get_label() == "steepest at 0.1022"
    assert xs(suggestion) == [range_test(20).suggestion] * 2


@pytest.mark.parametrize("num_steps", [17, 40, 300, 1500])
def test_the_rates_of_a_range_test_do_not_overlap(
    num_steps: int, drawn: list[Figure], tmp_path: Path
) -> None:
    write_range_test(range_test(num_steps), tmp_path)
    drawn[0].draw_without_rendering()
    axis = drawn[0].axes[0].xaxis
    texts = [text for text in axis.get_ticklabels(which="both") if text.get_text()]
    boxes = [text.get_window_extent() for text in texts]
    boxes.sort(key=attrgetter("x0"))
    assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))
