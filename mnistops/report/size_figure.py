"""The figure of a study's networks: accuracy against parameters, beside what others published."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mnistops.report.figure import BLUE, ORANGE, logarithmic, new_figure, save_figure, tidy
from mnistops.report.published import Published

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnistops.studies.results import GroupResult


def draw_sizes(groups: Sequence["GroupResult"], published: Sequence[Published], path: Path) -> Path:
    """Draw each group's mean on test with its interval, and write the PNG.

    Args:
        groups: those without a run are left out.
        published: to draw beside them, by name.

    Raises:
        CannotCreate, CannotWrite: the file cannot be made.
    """
    figure = new_figure(9, 6)
    axes = figure.subplots()
    if published:
        axes.scatter(
            [other.num_params for other in published],
            [_error(other.accuracy) for other in published],
            s=36,
            facecolors="none",
            edgecolors=ORANGE,
            linewidths=1.5,
            label="published: one run, mostly its best epoch on test",
        )
    for group in groups:
        _draw_group(axes, group)
    for other in published:
        _name(axes, other.name, other.num_params, _error(other.accuracy), is_ours=False)
    axes.set_ylabel("test images misclassified (%)")
    axes.set_xlabel("parameters")
    logarithmic(axes, "x", "y")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.margins(x=0.15, y=0.15)
    tidy(axes)
    figure.legend(loc="outside upper right", ncols=2, frameon=False)
    return save_figure(figure, path)


def _draw_group(axes: "Axes", group: "GroupResult") -> None:
    mean, interval = group.test.mean, group.test.interval
    if mean is None:
        return
    half = 100 * (interval[1] - mean) if interval else None
    is_first = not any(label == _OURS for label in axes.get_legend_handles_labels()[1])
    axes.errorbar(
        group.num_params,
        _error(mean),
        yerr=half,
        color=BLUE,
        marker="D",
        markersize=6,
        capsize=4,
        linewidth=1.5,
        linestyle="none",
        label=_OURS if is_first else None,
    )
    _name(axes, group.name, group.num_params, _error(mean), is_ours=True)


_OURS = "mnistops: mean and 95 % interval over seeds"


def _name(axes: "Axes", name: str, num_params: int, error: float, *, is_ours: bool) -> None:
    axes.annotate(
        f"{name:.30}\n{num_params:,}" if is_ours else f"{name} {num_params:,}",
        (num_params, error),
        xytext=(-7, -5) if is_ours else (3, 4),
        textcoords="offset points",
        ha="right" if is_ours else "left",
        va="top" if is_ours else "bottom",
        # Slanted, names of networks of the same accuracy do not run into each other.
        rotation=0 if is_ours else 30,
        rotation_mode="anchor",
        fontsize=8,
        color="black" if is_ours else "dimgray",
        parse_math=False,
    )


def _error(accuracy: float) -> float:
    """In percent."""
    return 100 * (1 - accuracy)
