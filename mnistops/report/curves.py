"""Curves of a run: loss, accuracy and rate over epochs, and the range test."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from mnistops.disk import make_folder, replace_file
from mnistops.report.figure import (
    BLUE,
    GREEN,
    ORANGE,
    RED,
    logarithmic,
    new_figure,
    save_figure,
    tidy,
)
from mnistops.report.grid import to_csv
from mnistops.report.numbers import accuracy

if TYPE_CHECKING:
    from mnistops.training.events import RunResult
    from mnistops.training.lr_range import RangeTest


def draw_curves(result: "RunResult", path: Path) -> Path:
    """Draw loss and accuracy of every epoch, and write the PNG."""
    metrics = [epoch.metrics for epoch in result.epochs]
    epochs = [row.epoch for row in metrics]
    figure = new_figure(11, 4.5)
    left, right = figure.subplots(1, 2)
    train = "train (augmented)" if result.is_augmented else "train"
    splits = {train: (BLUE, "train"), "test": (ORANGE, "test")}
    if metrics[0].holdout_loss is not None:
        splits["hold-out"] = (GREEN, "holdout")
    for label, (color, name) in splits.items():
        style = {"color": color, "label": label, "marker": "o", "markersize": 3}
        left.plot(epochs, [getattr(row, f"{name}_loss") for row in metrics], **style)
        # An error is what is left of the accuracy: a logarithm shows the last tenths of it.
        errors = [100 * (1 - getattr(row, f"{name}_accuracy")) for row in metrics]
        right.plot(epochs, errors, **style)
    left.set(title="loss", xlabel="epoch", ylabel="mean cross-entropy (nats)")
    right.set(title="error", xlabel="epoch", ylabel="images misclassified (%)")
    if result.target_accuracy is not None:
        target = 100 * (1 - result.target_accuracy)
        line = {"color": RED, "linestyle": "--", "linewidth": 1}
        right.axhline(target, label=f"target {target:.3g} %", **line)
    chosen = result.best or result.final.metrics
    name = "best" if result.best else "last"
    figure.suptitle(
        f"{result.network:.40}, {result.num_params:,} parameters; {name} epoch {chosen.epoch}: "
        f"{accuracy(chosen.test_accuracy)} on test",
        parse_math=False,
    )
    for axes in (left, right):
        tidy(axes)
        if result.best is not None:
            axes.axvline(chosen.epoch, color="gray", linestyle=":", linewidth=1, label="best epoch")
        logarithmic(axes, "y")
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axes.legend()
    return save_figure(figure, path)


def write_range_test(test: "RangeTest", folder: Path) -> list[Path]:
    """Write the curve as lr_range.csv, and drawn as lr_range.png.

    Raises:
        CannotCreate, CannotWrite: a file cannot be made.
    """
    make_folder(folder)
    table = folder / "lr_range.csv"
    replace_file(table, f"{to_csv([asdict(step) for step in test.steps])}\n".encode())
    return [table, _draw_range_test(test, folder / "lr_range.png")]


def _draw_range_test(test: "RangeTest", path: Path) -> Path:
    """The loss against the rate, with the suggestion."""
    rates = [step.learning_rate for step in test.steps]
    figure = new_figure(7, 4.5)
    axes = figure.subplots()
    axes.plot(rates, [step.loss for step in test.steps], color=BLUE, alpha=0.25, label="batch")
    axes.plot(rates, [step.smoothed_loss for step in test.steps], color=BLUE, label="smoothed")
    axes.axvline(
        test.suggestion,
        color=RED,
        linestyle="--",
        linewidth=1,
        label=f"steepest at {test.suggestion:.4g}",
    )
    axes.set(
        title="learning-rate range test",
        xlabel="learning rate",
        ylabel="cross-entropy (nats)",
    )
    tidy(axes)
    logarithmic(axes, "x", "y")
    axes.legend()
    return save_figure(figure, path)
