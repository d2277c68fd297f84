"""The figure of a study's networks: accuracy against parameters, beside what others published."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnistops.report.figure import BLUE, ORANGE, logarithmic, new_figure, save_figure, tidy
from mnistops.report.published import Published

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnistops.studies.statistics import Spread

_OURS = "mnistops: mean and 95 % interval over seeds"
_THEIRS = "published: one run, mostly its best epoch on test"


@dataclass(frozen=True)
class Sized:
    """A network of ours: its parameters, and its accuracy on test over seeds."""

    name: str
    num_params: int
    accuracy: "Spread"


def draw_sizes(
    networks: Sequence[Sized], published: Sequence[Published], path: Path, label: str = _OURS
) -> Path:
    """Draw each network's mean with its interval, and write the PNG.

    Args:
        networks: those without a run are left out.
        published: to draw beside them, by name.
        label: of the networks, in the legend.

    Raises:
        CannotCreate, CannotWrite: the file cannot be made.
    """
    from matplotlib.ticker import LogLocator

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
            label=_THEIRS,
        )
    for network in networks:
        _draw_ours(axes, network, label)
    for other in published:
        _name(axes, other.name, other.num_params, _error(other.accuracy), is_ours=False)
    axes.set_ylabel("test images misclassified (%)")
    axes.set_xlabel("parameters")
    logarithmic(axes, "x", "y")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))  # five digits need their place
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.margins(x=0.15, y=0.15)
    tidy(axes)
    figure.legend(loc="outside upper right", ncols=2, frameon=False)
    return save_figure(figure, path)


def _draw_ours(axes: "Axes", network: Sized, label: str) -> None:
    mean, interval = network.accuracy.mean, network.accuracy.interval
    if mean is None:
        return
    half = 100 * (interval[1] - mean) if interval else None
    is_first = label not in axes.get_legend_handles_labels()[1]
    axes.errorbar(
        network.num_params,
        _error(mean),
        yerr=half,
        color=BLUE,
        marker="D",
        markersize=6,
        capsize=4,
        linewidth=1.5,
        linestyle="none",
        label=label if is_first else None,
    )
    _name(axes, network.name, network.num_params, _error(mean), is_ours=True)


def _name(axes: "Axes", name: str, num_params: int, error: float, *, is_ours: bool) -> None:
    axes.annotate(
        f"{name:.30} {num_params:,}",
        (num_params, error),
        xytext=(-8, 0) if is_ours else (3, -3),
        textcoords="offset points",
        ha="right" if is_ours else "left",
        va="center" if is_ours else "top",
        # Slanted, names of networks of the same accuracy do not run into each other.
        rotation=0 if is_ours else -30,
        rotation_mode="anchor",
        fontsize=8,
        color="black" if is_ours else "dimgray",
        parse_math=False,
    )


def _error(accuracy: float) -> float:
    """In percent."""
    return 100 * (1 - accuracy)
