"""McNemar's exact test: whether one of two networks is better on images like these."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from scipy.stats import binomtest

SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Pair:
    """Two runs on the same images.

    Attributes:
        a, b: their places among the runs, from 0.
        only_a, only_b, both: images that only a, only b, both mistake.
        p_value: of McNemar's exact test, two-sided.
        adjusted: the same after Holm's correction for all pairs.
    """

    a: int
    b: int
    only_a: int
    only_b: int
    both: int
    p_value: float
    adjusted: float

    @property
    def better(self) -> int | None:
        """The place of the better one, where one is shown to be, at 5 % over all pairs."""
        if self.adjusted >= SIGNIFICANCE:
            return None
        return self.a if self.only_a < self.only_b else self.b


def mcnemar(only_a: int, only_b: int) -> float:
    """The p-value for two that are equally good: an image that one mistakes is as likely either's.

    McNemar, "Note on the sampling error of the difference between correlated proportions", 1947;
    two-sided, by the binomial distribution, without an approximation.
    """
    if only_a + only_b == 0:
        return 1.0
    return float(binomtest(only_a, only_a + only_b, 0.5).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for their number, so that all of them hold at once.

    Holm, "A simple sequentially rejective multiple test procedure", 1979: the lowest is multiplied
    by their number, the next by one less, and none is lower than one before it.
    """
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, (len(p_values) - rank) * p_values[place])
        adjusted[place] = min(1.0, highest)
    return adjusted


def compare_mistakes(mistakes: Sequence[Collection[int]]) -> tuple[Pair, ...]:
    """All pairs of runs.

    Args:
        mistakes: for each run, the images that it mistakes, by their index.
    """
    sets = [frozenset(wrong) for wrong in mistakes]
    places = [(a, b) for a in range(len(sets)) for b in range(a + 1, len(sets))]
    counts = [(len(sets[a] - sets[b]), len(sets[b] - sets[a])) for a, b in places]
    p_values = [mcnemar(*each) for each in counts]
    return tuple(
        Pair(a, b, only_a, only_b, len(sets[a] & sets[b]), p_value, adjusted)
        for (a, b), (only_a, only_b), p_value, adjusted in zip(
            places, counts, p_values, holm(p_values), strict=True
        )
    )
