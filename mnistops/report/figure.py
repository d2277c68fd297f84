"""Drawing with matplotlib: no window, no global state, one look."""

import logging
import warnings
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mnistops.disk import make_folder, replace_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart by people who do not see all colours: https://jfly.uni-koeln.de/color/
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
DOTS_PER_INCH = 100
LONGEST_NAME = 20

# It would tell of each home folder in which it can keep nothing.
logging.getLogger("matplotlib").setLevel(logging.ERROR)


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure, sizes in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")


def short(name: str) -> str:
    """A name that has room."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def tidy(axes: "Axes") -> None:
    """Lines to read values by, and no box around them."""
    axes.grid(alpha=0.3, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)


def logarithmic(axes: "Axes", *names: Literal["x", "y"]) -> None:
    """Logarithmic scales, with plain numbers at 1, 2 and 5 times powers of ten; more on short ones.

    Along an axis where nothing is above zero the scale stays linear.
    """
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    for name in names:
        axis = axes.xaxis if name == "x" else axes.yaxis
        if axis.get_minpos() == float("inf"):
            continue
        axes.set(**{f"{name}scale": "log"})
        low, high = axis.get_view_interval()
        is_short = high < 5 * low
        axis.set_major_locator(
            LogLocator(subs=(1, 1.5, 2, 3, 4, 5, 6, 8) if is_short else (1, 2, 5))
        )
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())


def save_figure(figure: "Figure", path: Path) -> Path:
    """Write a PNG in one step.

    Raises:
        CannotCreate, CannotWrite: the file cannot be made.
    """
    from matplotlib import rc_context

    file = BytesIO()
    # A user's own matplotlibrc may not cut a page, and a name in any script may be drawn.
    with rc_context({"savefig.bbox": None}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        figure.savefig(file, format="png", dpi=DOTS_PER_INCH)
    make_folder(path.parent)
    replace_file(path, file.getvalue())
    return path
