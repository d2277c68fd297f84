"""The figure of accuracy against parameters: everything that is known is in it."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from PIL import Image

from mnistops.report.published import PUBLISHED, Published
from mnistops.report.size_figure import Sized, draw_sizes
from mnistops.studies.statistics import spread_of


def sized(name: str, num_params: int, *errors: int) -> Sized:
    return Sized(name, num_params, spread_of([1 - wrong / 1000 for wrong in errors]))


OURS = (sized("tiny", 900, 12, 14), sized("reference", 5340, 4, 6), sized("none", 70))
THEIRS = (Published("others", 697, 0.99, "best of 700", None),)


def means(figure: Figure) -> list[tuple[float, float]]:
    bars = [item for item in figure.axes[0].containers if isinstance(item, ErrorbarContainer)]
    return [
        (float(np.asarray(bar[0].get_xdata())[0]), float(np.asarray(bar[0].get_ydata())[0]))
        for bar in bars
    ]


def names(figure: Figure) -> list[str]:
    return [item.get_text() for item in figure.axes[0].texts if isinstance(item, Annotation)]


def test_it_becomes_a_png(tmp_path: Path) -> None:
    path = draw_sizes(OURS, PUBLISHED, tmp_path / "sizes.png")
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("PNG", (900, 600))


def test_each_network_that_ran_and_each_published_one_is_in_it(drawn: list[Figure]) -> None:
    draw_sizes(OURS, THEIRS, Path("sizes.png"))
    assert np.allclose(means(drawn[0]), [(900, 1.3), (5340, 0.5)])
    (theirs,) = (item for item in drawn[0].axes[0].collections if isinstance(item, PathCollection))
    assert np.asarray(theirs.get_offsets()).tolist() == [[697, pytest.approx(1)]]
    assert names(drawn[0]) == ["tiny 900", "reference 5,340", "others 697"]
    assert len(drawn[0].legends[0].get_texts()) == 2


def test_both_axes_are_logarithmic_with_plain_numbers(drawn: list[Figure]) -> None:
    draw_sizes(OURS, (), Path("sizes.png"))
    axes = drawn[0].axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    drawn[0].draw_without_rendering()
    assert "1,000" in {label.get_text() for label in axes.get_xticklabels()}
    assert len(drawn[0].legends[0].get_texts()) == 1


@pytest.mark.parametrize(
    "networks",
    [
        (sized("one", 900, 4),),
        (sized("perfect", 900, 0, 0), sized("not", 90, 1)),
        (sized("none", 900),),
        (sized("网络 " + r"$\x$ [b] " * 9, 900, 4, 5), sized("alike", 900, 4, 5)),
    ],
)
def test_odd_studies_are_drawn_without_a_warning(
    networks: tuple[Sized, ...], tmp_path: Path
) -> None:
    assert draw_sizes(networks, THEIRS, tmp_path / "sizes.png").exists()
