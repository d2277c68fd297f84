"""Line charts: everything stands where matplotlib would put it."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from mnistops.report.line_chart import BOTTOM, LEFT, MOST_TICKS, RIGHT, TOP, LineChart, line_chart


def chart(*values: float, is_logarithmic: bool = True, target: float | None = None) -> LineChart:
    epochs = range(len(values))
    return line_chart("loss", epochs, {"test": values}, str, is_logarithmic, target)


def ys(drawn: LineChart) -> list[float]:
    return [point.y for point in drawn.lines[0].points]


VALUES = st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=40)


@given(VALUES, st.booleans())
def test_values_stand_where_matplotlib_puts_them(values: list[float], is_logarithmic: bool) -> None:
    axes = Figure().subplots()
    if is_logarithmic:
        axes.set_yscale("log")
        axes.set_ylim(min(values) / 1.15, max(values) * 1.15)
    else:
        axes.set_ylim(0, max(values) * 1.05)
    to_box = axes.transScale + axes.transLimits
    expected = [BOTTOM + to_box.transform((0.0, v))[1] * (TOP - BOTTOM) for v in values]
    assert ys(chart(*values, is_logarithmic=is_logarithmic)) == pytest.approx(expected, abs=0.06)


@given(VALUES, st.booleans())
@example([86957.0, 0.0078125], True)  # seven powers of ten
def test_all_is_in_the_box_and_ticks_are_few(values: list[float], is_logarithmic: bool) -> None:
    drawn = chart(*values, is_logarithmic=is_logarithmic)
    for point in drawn.lines[0].points:
        assert LEFT <= point.x <= RIGHT and TOP <= point.y <= BOTTOM
    assert 2 <= len(drawn.up) <= MOST_TICKS + 1
    assert 1 <= len(drawn.across) <= MOST_TICKS + 1
    for ticks in (drawn.up, drawn.across):
        for one, other in pairwise(ticks):
            assert one.text != other.text and one.place != other.place


def test_ticks_are_round_and_stand_at_their_values() -> None:
    drawn = chart(0.01, 0.1, 1.0)
    places = {tick.text: tick.place for tick in drawn.up}
    assert set(places) >= {"0.01", "0.1", "1"}
    assert [places[text] for text in ("0.01", "0.1", "1")] == ys(drawn)


def test_a_value_that_has_no_logarithm_stands_at_the_lower_end() -> None:
    drawn = chart(0.5, 0.0, 0.25)
    assert ys(drawn)[1] == BOTTOM
    assert drawn.lines[0].points[1].text == "epoch 1: 0.0"


def test_where_nothing_is_above_zero_the_scale_is_linear() -> None:
    drawn = chart(0.0, 0.0)
    assert ys(drawn) == [BOTTOM, BOTTOM]
    assert "0" in [tick.text for tick in drawn.up]


def test_one_epoch_stands_in_the_middle() -> None:
    (point,) = chart(0.5).lines[0].points
    assert point.x == (LEFT + RIGHT) / 2
    assert [tick.text for tick in chart(0.5).across] == ["0"]


def test_the_target_is_always_seen() -> None:
    drawn = chart(5.0, 4.0, target=0.7)
    assert drawn.target is not None
    assert TOP <= max(ys(drawn)) < drawn.target.place <= BOTTOM
    assert drawn.target.text == "0.7"


def test_the_chosen_epoch_is_marked_at_its_place() -> None:
    drawn = line_chart("loss", [0, 1, 2], {"test": [3, 2, 1]}, str, marked=1)
    assert drawn.marked == drawn.lines[0].points[1].x


def test_a_line_tells_its_last_value() -> None:
    assert chart(3.0, 2.0).lines[0].last == "2.0"
