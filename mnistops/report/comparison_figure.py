"""The figures of a comparison: the curves of all runs, and accuracy against parameters."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from mnistops.report.size_figure import Sized, draw_sizes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnistops.runs.comparison import Compared, Comparison

_LOOKS = tuple(product(("-", "--", ":", "-."), (BLUE, ORANGE, GREEN, RED, "#CC79A7", "#000000")))
_LONGEST_NAME = 90


def draw_comparison(comparison: "Comparison", folder: Path) -> list[Path]:
    """Write curves.png and, where the runs' networks are not of one size, sizes.png.

    Raises:
        CannotCreate, CannotWrite: a file cannot be made.
    """
    files = [_draw_curves(comparison, folder / "curves.png")]
    networks = list(_networks(comparison))
    if len({network.num_params for network in networks}) > 1:
        label = "runs (their numbers); of seeds the mean and its 95 % interval"
        files.append(draw_sizes(networks, (), folder / "sizes.png", label))
    return files


def _networks(comparison: "Comparison") -> Iterator[Sized]:
    """The runs that, as far as is known, differ in their seed alone, together."""
    # Imported here: scipy is behind it.
    from mnistops.studies.statistics import spread_of

    alike: dict[tuple[object, ...], dict[int, Compared]] = {}
    for number, compared in enumerate(comparison.runs, 1):
        run = compared.run
        key = (run.network, run.num_params, run.recipe, run.num_epochs)
        alike.setdefault(key, {})[number] = compared
    for (network, num_params, *_), group in alike.items():
        if isinstance(num_params, int):
            name = f"{network} ({', '.join(map(str, group))})"
            yield Sized(name, num_params, spread_of([one.accuracy for one in group.values()]))


def _draw_curves(comparison: "Comparison", path: Path) -> Path:
    """Loss and error on test of every epoch of every run."""
    figure = new_figure(11, 4.5 + 0.22 * len(comparison.runs))
    left, right = figure.subplots(1, 2)
    for place, compared in enumerate(comparison.runs):
        _draw_run(left, right, place, compared)
    left.set(title="loss on test", xlabel="epoch", ylabel="mean cross-entropy (nats)")
    right.set(title="error on test", xlabel="epoch", ylabel="images misclassified (%)")
    for axes in (left, right):
        tidy(axes)
        logarithmic(axes, "y")
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    legend = figure.legend(
        *left.get_legend_handles_labels(), loc="outside lower left", frameon=False
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    return save_figure(figure, path)


def _draw_run(left: "Axes", right: "Axes", place: int, compared: "Compared") -> None:
    style, color = _LOOKS[place % len(_LOOKS)]
    name = compared.run.name
    if len(name) > _LONGEST_NAME:
        name = f"…{name[-_LONGEST_NAME:]}"
    looks: dict[str, Any] = {"linestyle": style, "color": color, "marker": "o", "markersize": 3}
    rows = compared.metrics
    for axes, key in ((left, "test_loss"), (right, "test_accuracy")):
        points = [(row.get("epoch"), row.get(key)) for row in rows]
        known = [(x, y) for x, y in points if x is not None and y is not None]
        heights = [y if key == "test_loss" else 100 * (1 - y) for _, y in known]
        axes.plot([x for x, _ in known], heights, **looks, label=f"{place + 1}: {name}")
