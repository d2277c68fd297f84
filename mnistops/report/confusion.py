"""The confusion matrix as a picture: which class is taken for which."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mnistops.report.figure import new_figure, save_figure, short

if TYPE_CHECKING:
    from mnistops.validation import SplitDone

# From here on numbers in the cells would overlap.
MOST_NUMBERED = 25
# From here on names beside it would.
MOST_NAMED = 100


def draw_confusion(done: "SplitDone", path: Path) -> Path:
    """Draw the matrix, mistakes coloured by their number, and write the PNG."""
    from matplotlib.ticker import MaxNLocator

    counts = np.array(done.result.confusion)
    num_classes = len(counts)
    mistakes = np.where(np.eye(num_classes, dtype=bool), 0, counts)
    side = min(12, max(4.5, 0.55 * num_classes + 1))
    figure = new_figure(side, side)
    axes = figure.subplots()
    picture = axes.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(1, mistakes.max()))
    result = done.result
    axes.set(
        title=f"{done.split}: {result.num_errors:,} of {result.num_images:,} misclassified",
        xlabel="predicted",
        ylabel="actual",
    )
    if num_classes > MOST_NUMBERED:
        whole = MaxNLocator(integer=True, min_n_ticks=1)
        figure.colorbar(picture, ax=axes, label="mistakes", shrink=0.8, ticks=whole)
    if num_classes <= (MOST_NAMED if done.class_names else MOST_NUMBERED):
        names = [short(done.name_of(label)) for label in range(num_classes)]
        size = 10.0 if num_classes <= MOST_NUMBERED else 7.0
        is_long = max(map(len, names)) > 2
        turned: Any = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if is_long else {}
        axes.set_xticks(range(num_classes), names, fontsize=size, parse_math=False, **turned)
        axes.set_yticks(range(num_classes), names, fontsize=size, parse_math=False)
    if num_classes <= MOST_NUMBERED:
        for (row, column), count in np.ndenumerate(counts):
            is_dark = mistakes[row, column] > 0.75 * mistakes.max()
            color = "gray" if row == column else "white" if is_dark else "black"
            text = f"{count:,}" if count else "·"
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color=color)
    return save_figure(figure, path)
