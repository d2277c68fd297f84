"""The figure of a study: every run is in it, and nothing odd stops it."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from PIL import Image

from mnistops.report.study_figure import draw_study
from mnistops.studies.results import GroupResult, StudyResult
from tests.study_runs import made_group


def study(*groups: GroupResult) -> StudyResult:
    on_holdout = groups[0].holdout is not None
    return StudyResult(Path("study"), groups, (), "holdout" if on_holdout else "test", ())


TWO = study(made_group("one-cycle", [4, 4, 6]), made_group("plateau", [7, 9, 9]))


def dots(figure: Figure) -> list[list[tuple[float, float]]]:
    """The runs of each group as (percent, height)."""
    found = [item for item in figure.axes[0].collections if isinstance(item, PathCollection)]
    places = [np.asarray(item.get_offsets()) for item in found]
    return [[(round(x, 3), y) for x, y in place.tolist()] for place in places if len(place)]


def test_a_study_becomes_a_png(tmp_path: Path) -> None:
    path = draw_study(TWO, tmp_path / "study.png")
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("PNG", (900, 300))


def test_each_run_is_a_dot_and_equal_ones_stand_on_each_other(drawn: list[Figure]) -> None:
    draw_study(TWO, Path("study.png"))
    first, second = dots(drawn[0])
    assert [x for x, _ in first] == [0.4, 0.4, 0.6]
    assert [x for x, _ in second] == [0.7, 0.9, 0.9]
    assert len({*first, *second}) == 6
    axes = drawn[0].axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["one-cycle", "plateau"]
    assert axes.get_xlabel() == "test images misclassified (%)"
    assert axes.yaxis_inverted()  # in the order of the table


def test_a_hold_out_is_drawn_in_place_of_test(drawn: list[Figure]) -> None:
    draw_study(study(made_group("a", [4, 4], [10, 15])), Path("study.png"))
    assert [x for x, _ in dots(drawn[0])[0]] == [2, 3]
    assert drawn[0].axes[0].get_xlabel() == "held-out images misclassified (%)"


def test_the_mean_and_its_interval_are_below_the_dots(drawn: list[Figure]) -> None:
    draw_study(TWO, Path("study.png"))
    (mean, *_) = drawn[0].axes[0].lines
    assert np.asarray(mean.get_xdata()).tolist() == pytest.approx([1.4 / 3])
    assert np.asarray(mean.get_ydata()).tolist() > [0]
    labels = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert sorted(labels) == ["a run", "mean and 95 % interval"]


@pytest.mark.parametrize(
    "groups",
    [
        (made_group("one", [4]),),
        (made_group("none", []), made_group("one", [0])),
        (made_group("alike", [4, 4, 4, 4, 4, 4, 4, 4]),),
        (made_group("two", [4, 900]),),
        (made_group("网络 " + r"$\x$ [b] " * 9, [4, 5]),),
        tuple(made_group(str(number), [number, 2 * number]) for number in range(30)),
    ],
)
def test_odd_studies_are_drawn_without_a_warning(
    groups: tuple[GroupResult, ...], tmp_path: Path
) -> None:
    assert draw_study(study(*groups), tmp_path / "study.png").exists()


def test_an_interval_beyond_all_images_does_not_stretch_the_axis(drawn: list[Figure]) -> None:
    draw_study(study(made_group("two", [4, 900])), Path("study.png"))
    left, right = drawn[0].axes[0].get_xlim()
    assert left >= -1 and right <= 101


def test_many_alike_stay_with_their_group(drawn: list[Figure]) -> None:
    draw_study(study(made_group("a", [4] * 50), made_group("b", [4] * 49 + [5])), Path("study.png"))
    first, second = dots(drawn[0])
    assert max(y for _, y in first) == 0 and min(y for _, y in first) > -1
    assert min(y for _, y in second) > 0.2  # below the mean of the first


def test_groups_keep_their_names_short(drawn: list[Figure]) -> None:
    draw_study(study(made_group("plateau learning_rate=0.1 " * 9, [4])), Path("study.png"))
    (label,) = drawn[0].axes[0].get_yticklabels()
    assert len(label.get_text().split("\n")) == 2 and label.get_text().endswith("…")
