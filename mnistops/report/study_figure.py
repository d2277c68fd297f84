"""The figure of a study: each run a dot, below the dots of a group its mean and interval."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from mnistops.report.figure import BLUE, ORANGE, new_figure, save_figure, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnistops.studies.results import GroupResult, Judge, StudyResult

# Of the distance between two groups.
_MEAN_BELOW = 0.2
_DOTS_ABOVE = 0.6

_NUM_STACKS = 70
"""Dots nearer to each other than such a share of all that is drawn stand on each other."""


def draw_study(result: "StudyResult", path: Path) -> Path:
    """Draw the share of mistakes of every run, and write the PNG."""
    num_groups = len(result.groups)
    figure = new_figure(9, 1.4 + 0.8 * num_groups)
    axes = figure.subplots()
    runs = [_errors(group, result.judged_on) for group in result.groups]
    everything = [value for values in runs for value in values]
    width = (max(everything) - min(everything)) / _NUM_STACKS
    tallest = max(max(_levels(values, width), default=0) for values in runs)
    step = min(0.14, _DOTS_ABOVE / max(1, tallest))
    for place, (group, values) in enumerate(zip(result.groups, runs, strict=True)):
        levels = _levels(values, width)
        heights = [place - step * level for level in levels]
        axes.scatter(values, heights, s=30, color=BLUE, linewidths=0)
        _draw_mean(axes, group, place + _MEAN_BELOW)
    axes.scatter([], [], s=30, color=BLUE, linewidths=0, label="a run")
    names = [fill(group.name, 30, max_lines=2, placeholder=" …") for group in result.groups]
    axes.set_yticks(range(num_groups), names)
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    axes.set_ylim(num_groups - 1 + 2.5 * _MEAN_BELOW, -_DOTS_ABOVE - 0.15)
    left, right = axes.get_xlim()  # the interval of two runs may be a wide one
    kind = "held-out" if result.judged_on == "holdout" else "test"
    axes.set(xlim=(max(left, -1), min(right, 101)), xlabel=f"{kind} images misclassified (%)")
    tidy(axes)
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside upper right", ncols=2, frameon=False)
    return save_figure(figure, path)


def _draw_mean(axes: "Axes", group: "GroupResult", height: float) -> None:
    """The mean and its interval; one name for all of them in the legend."""
    judged = group.judged
    if judged.mean is None:
        return
    half = judged.interval[1] - judged.mean if judged.interval else 0.0
    is_first = not any(label.startswith("mean") for label in axes.get_legend_handles_labels()[1])
    axes.errorbar(
        100 * (1 - judged.mean),
        height,
        xerr=100 * half or None,
        color=ORANGE,
        marker="D",
        markersize=6,
        markeredgecolor="black",
        markeredgewidth=0.6,
        capsize=4,
        linewidth=2,
        label="mean and 95 % interval" if is_first else None,
    )


def _errors(group: "GroupResult", on: "Judge") -> list[float]:
    """The mistakes of each run, in percent."""
    on_holdout = on == "holdout"
    accuracies = (row.holdout_accuracy if on_holdout else row.test_accuracy for row in group.rows)
    return [100 * (1 - accuracy) for accuracy in accuracies if accuracy is not None]


def _levels(values: Sequence[float], width: float) -> list[int]:
    """For each value, how many others as near as this stand below it."""
    seen: Counter[int] = Counter()
    levels = []
    for value in values:
        stack = round(value / width) if width else 0
        levels.append(seen[stack])
        seen[stack] += 1
    return levels
