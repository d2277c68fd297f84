"""What runs over seeds tell: a mean, how far they spread, and whether two groups really differ.

S seeds, N images; wrong (S, N) is true where the run of a seed mistakes an image.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

CONFIDENCE = 0.95

# They tell a deviation to 2 %.
NUM_DRAWS = 2000

Interval = tuple[float, float]
Wrong = NDArray[np.bool_]


@dataclass(frozen=True)
class Spread:
    """Values of one group.

    Attributes:
        mean: None where there is no value.
        deviation: the standard deviation, with n-1; None of a single value.
        interval: that holds the mean over all seeds with 95 % confidence; None of a single value.
    """

    mean: float | None
    deviation: float | None
    interval: Interval | None


def spread_of(values: Sequence[float]) -> Spread:
    """Mean, deviation and Student's interval of values that are independent of each other."""
    if not values:
        return Spread(None, None, None)
    mean = float(np.mean(values))
    if len(values) == 1:
        return Spread(mean, None, None)
    deviation = float(np.std(values, ddof=1))
    half = _quantile(len(values) - 1) * deviation / len(values) ** 0.5
    return Spread(mean, deviation, (mean - half, mean + half))


@dataclass(frozen=True)
class Difference:
    """How much more of the images one group gets right than another.

    Attributes:
        value: of the mean accuracies, in -1..1.
        interval: that holds the difference over all seeds and all images with 95 % confidence;
            None of a single seed.
    """

    value: float
    interval: Interval | None

    @property
    def is_shown(self) -> bool:
        """Whether the interval leaves no room for there being none."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]


def compare(wrong: Wrong, others_wrong: Wrong, folds: Sequence[int]) -> Difference:
    """Hold a group against another, run by run and image by image: both have the same ones.

    Seeds and images are drawn anew again and again, as both might have been others; the deviation
    of the drawn differences makes the interval (Sellam and others, "The MultiBERTs", 2022,
    https://arxiv.org/abs/2106.16163). Few seeds tell little of the spread between seeds: its share
    of the deviation says which of Student's distributions is taken (Welch and Satterthwaite).

    Args:
        wrong, others_wrong: (S, N), in the same order of seeds.
        folds: (S,): the runs of one number are on the same images, in the same order.
    """
    better = others_wrong.astype(np.int8) - wrong.astype(np.int8)
    num_seeds = len(better)
    value = float(better.mean())
    if num_seeds < 2:
        return Difference(value, None)
    deviation = _drawn_deviation(better, np.asarray(folds))
    of_seeds = float(better.mean(1).std(ddof=1)) / num_seeds**0.5
    freedom = np.inf if of_seeds == 0 else (num_seeds - 1) * (deviation / of_seeds) ** 4
    half = _quantile(max(freedom, num_seeds - 1)) * deviation
    return Difference(value, (value - half, value + half))


def _quantile(freedom: float) -> float:
    return float(student.ppf((1 + CONFIDENCE) / 2, freedom))


def _drawn_deviation(better: NDArray[np.int8], folds: NDArray[np.int_]) -> float:
    """The standard deviation of the mean over seeds and images that are drawn anew.

    Args:
        better: (S, N) of -1, 0 and 1.
        folds: (S,).
    """
    num_seeds, num_images = better.shape
    random = np.random.default_rng(0)
    # Exchanged groups have the same draws, and so the same interval with the other sign.
    first = better[better != 0][:1]
    better = better * first if first.size else better
    # One less than there are: a draw of all would spread too little (Rao and Wu, 1988).
    seeds = random.multinomial(num_seeds - 1, [1 / num_seeds] * num_seeds, NUM_DRAWS)
    sums = np.empty((NUM_DRAWS, num_seeds))
    for fold in np.unique(folds):
        own = folds == fold
        # Images on which all runs do alike are drawn together: most are right everywhere.
        kinds, counts = np.unique(better[own], axis=1, return_counts=True)
        drawn = random.multinomial(num_images, counts / num_images, NUM_DRAWS)
        sums[:, own] = drawn @ kinds.T
    means = (seeds * sums).sum(1) / ((num_seeds - 1) * num_images)
    return float(means.std(ddof=1))
