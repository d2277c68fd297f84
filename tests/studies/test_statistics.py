"""Statistics: intervals hold the truth as often as they say, and a winner is really better."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mnistops.studies import statistics
from mnistops.studies.statistics import Difference, Spread, compare, spread_of

Wrong = NDArray[np.bool_]


def random_wrong(random: np.random.Generator, num_seeds: int, num_images: int) -> Wrong:
    return random.random((num_seeds, num_images)) < random.random((1, num_images)) ** 4


def test_mean_deviation_and_students_interval() -> None:
    """By hand: deviation of 1..5 is sqrt(2.5), Student's quantile of 4 degrees is 2.776445."""
    spread = spread_of([1, 2, 3, 4, 5])
    assert spread.mean == 3
    assert spread.deviation == pytest.approx(2.5**0.5)
    half = 2.776445 * (2.5 / 5) ** 0.5
    assert spread.interval == pytest.approx((3 - half, 3 + half))


def test_few_values_tell_less() -> None:
    assert spread_of([]) == Spread(None, None, None)
    assert spread_of([0.5]) == Spread(0.5, None, None)
    assert spread_of([0.5, 0.5]) == Spread(0.5, 0, (0.5, 0.5))


def test_the_interval_holds_the_truth_95_times_in_100() -> None:
    random = np.random.default_rng(3)
    held = 0
    for values in random.normal(0.99, 0.01, (2000, 5)):
        interval = spread_of(values.tolist()).interval
        assert interval is not None
        held += interval[0] <= 0.99 <= interval[1]
    assert 0.94 < held / 2000 < 0.96


def worse_by_chance(random: np.random.Generator, num_seeds: int, spread: float) -> Wrong:
    """Runs of a group that is as good as any other: hard images, and seeds that are luckier."""
    hard = random.normal(size=(1, 1000))
    luck = random.normal(0, spread, (num_seeds, 1))
    wrong: Wrong = hard + 0.5 * random.normal(size=(num_seeds, 1000)) + luck > 2.5
    return wrong


@pytest.mark.parametrize("spread", [0.0, 0.3])
@pytest.mark.parametrize("num_seeds", [3, 10])
def test_equal_groups_are_seldom_told_apart(num_seeds: int, spread: float) -> None:
    random = np.random.default_rng(4)
    shown = 0
    for _ in range(150):
        one, other = (worse_by_chance(random, num_seeds, spread) for _ in range(2))
        shown += compare(one, other, [0] * num_seeds).is_shown
    assert shown / 150 < 0.08


def test_seeds_alone_would_tell_too_much() -> None:
    """Runs that are all alike say nothing of other images: 30 mistakes against 20 of 10,000."""
    wrong, others = (np.zeros((10, 10_000), bool) for _ in range(2))
    wrong[:, :20] = True
    others[:, 10:40] = True
    difference = compare(wrong, others, [0] * 10)
    assert difference.value == pytest.approx(0.001)
    assert difference.interval is not None
    # 30 images on which they differ, 20 for one and 10 for the other: z is 10 / sqrt(30).
    half = 1.96 * (30 / 10_000**2) ** 0.5
    assert difference.interval == pytest.approx((0.001 - half, 0.001 + half), abs=half / 20)
    assert not difference.is_shown


def test_a_real_difference_is_shown() -> None:
    random = np.random.default_rng(5)
    wrong = random_wrong(random, 10, 2000)
    better = wrong & (random.random(2000) < 0.5)
    difference = compare(better, wrong, [0] * 10)
    assert difference.value == pytest.approx(wrong.mean() - better.mean())
    assert difference.is_shown and difference.value > 0


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.booleans())
def test_exchanged_groups_have_the_interval_with_the_other_sign(
    seed: int, num_seeds: int, is_in_folds: bool
) -> None:
    random = np.random.default_rng(seed)
    wrong, others = (random_wrong(random, num_seeds, 40) for _ in range(2))
    folds = [number % 3 if is_in_folds else 0 for number in range(num_seeds)]
    there, back = compare(wrong, others, folds), compare(others, wrong, folds)
    assert there.interval is not None and back.interval is not None
    assert back.value == -there.value
    assert back.interval == (-there.interval[1], -there.interval[0])


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_a_group_does_not_beat_itself(seed: int, num_seeds: int) -> None:
    wrong = random_wrong(np.random.default_rng(seed), num_seeds, 40)
    difference = compare(wrong, wrong, range(num_seeds))
    assert difference == Difference(0, (0, 0) if num_seeds > 1 else None)
    assert not difference.is_shown


def test_one_seed_shows_nothing() -> None:
    wrong, others = np.zeros((1, 50), bool), np.ones((1, 50), bool)
    assert compare(wrong, others, [0]) == Difference(1, None)


@pytest.mark.parametrize("folds", [(0, 0, 0), (0, 1, 2), (0, 1, 0)])
def test_the_deviation_is_that_of_every_draw_there_is(folds: tuple[int, ...]) -> None:
    """Three seeds of four images: two of the seeds, and four images of each fold, in all ways."""
    random = np.random.default_rng(6)
    better = random.integers(-1, 2, (3, 4))
    images = list(product(range(4), repeat=4))
    # The mean of each seed's four drawn images, for each way to draw them.
    means = np.array([[better[seed, list(drawn)].mean() for drawn in images] for seed in range(3)])
    moments = np.zeros(2)
    for one, other in product(range(3), repeat=2):
        if folds[one] == folds[other]:
            values = (means[one] + means[other]) / 2
        else:
            values = (means[one][:, None] + means[other][None]).flatten() / 2
        moments += [values.mean() / 9, (values**2).mean() / 9]
    deviation = (moments[1] - moments[0] ** 2) ** 0.5
    drawn = statistics._drawn_deviation(better.astype(np.int8), np.array(folds))
    assert drawn == pytest.approx(deviation, rel=0.06)
