"""McNemar's test and Holm's correction, against sums of their own and published examples."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistops.runs.mcnemar import Pair, compare_mistakes, holm, mcnemar

COUNTS = st.integers(0, 60)


@given(COUNTS, COUNTS)
def test_it_is_the_share_of_outcomes_as_unlikely(a: int, b: int) -> None:
    """Every way to share out the images that only one mistakes, counted one by one."""
    total = a + b
    least = min(a, b)
    tail = sum(comb(total, k) for k in range(least + 1))
    expected = min(Fraction(1), Fraction(2 * tail, 2**total))
    assert mcnemar(a, b) == pytest.approx(float(expected), rel=1e-9)
    assert mcnemar(a, b) == mcnemar(b, a)


def test_a_published_example() -> None:
    # Fagerland, Lydersen and Laake, "The McNemar test for binary matched-pairs data: mid-p and
    # asymptotic are better than exact conditional", 2013: 1 and 7 of 21.
    assert mcnemar(1, 7) == pytest.approx(0.0703, abs=5e-5)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_rejects_as_the_procedure_does(p_values: list[float]) -> None:
    """Step down: while the lowest that is left is below 5 % of how many are left, reject it."""
    adjusted = holm(p_values)
    left = sorted(range(len(p_values)), key=lambda i: p_values[i])
    rejected = set()
    while left and p_values[left[0]] * len(left) < 0.05:
        rejected.add(left.pop(0))
    assert {i for i, p in enumerate(adjusted) if p < 0.05} == rejected
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))


MISTAKES = st.sets(st.integers(0, 30))


@given(st.lists(MISTAKES, min_size=2, max_size=4))
def test_every_pair_once_and_every_mistake_in_its_place(mistakes: list[set[int]]) -> None:
    pairs = compare_mistakes(mistakes)
    assert len(pairs) == len(mistakes) * (len(mistakes) - 1) // 2
    for pair in pairs:
        assert pair.a < pair.b
        assert pair.only_a + pair.both == len(mistakes[pair.a])
        assert pair.only_b + pair.both == len(mistakes[pair.b])
        assert pair.only_a + pair.only_b + pair.both == len(mistakes[pair.a] | mistakes[pair.b])


def test_the_better_one_makes_fewer_mistakes_of_its_own() -> None:
    many, few = set(range(20)), {100}
    (pair,) = compare_mistakes([many, few])
    assert pair == Pair(0, 1, 20, 1, 0, mcnemar(20, 1), mcnemar(20, 1))
    assert pair.better == 1
    assert compare_mistakes([few, many])[0].better == 0
    assert compare_mistakes([few, {1, 2}])[0].better is None
    assert compare_mistakes([set(), set()])[0].p_value == 1.0
