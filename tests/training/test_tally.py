"""Tallies: means over images, whatever batches they came in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistops.training.tally import Tally

BATCHES = st.lists(
    st.tuples(st.floats(0, 10), st.integers(0, 50), st.integers(50, 200)), min_size=1
)


@given(BATCHES)
def test_it_is_of_all_images(batches: list[tuple[float, int, int]]) -> None:
    tally = Tally()
    for loss, right, size in batches:
        tally = tally.after(loss, right, size)
    images = sum(size for _, _, size in batches)
    assert tally.num_images == images
    assert tally.loss == pytest.approx(sum(loss * size for loss, _, size in batches) / images)
    assert tally.accuracy == sum(right for _, right, _ in batches) / images
    assert tally.last_loss == batches[-1][0]


def test_it_lasts() -> None:
    tally = Tally().after(1.0, 1, 2).lasting(3.0)
    assert (tally.seconds, tally.after(1.0, 1, 2).seconds) == (3.0, 3.0)
