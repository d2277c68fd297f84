"""Recipes: the rate's course, and what is chosen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistops.settings import Settings
from mnistops.training.recipe import (
    Plateau,
    Selector,
    drops_last_batch,
    make_schedule,
    one_cycle,
    selection_of,
    target_of,
)


@given(st.integers(1, 5000))
def test_one_cycle_rises_to_the_peak_and_falls_to_zero(total: int) -> None:
    shares = [one_cycle(step, total) for step in range(total)]
    assert all(0 < share <= 1 for share in shares)
    peak = shares.index(max(shares))
    assert shares[: peak + 1] == sorted(shares[: peak + 1])
    assert shares[peak:] == sorted(shares[peak:], reverse=True)
    if total >= 100:
        assert max(shares) > 0.95
        assert shares[-1] < 0.02
        assert peak / total == pytest.approx(0.2, abs=0.02)


def test_one_cycle_sets_every_step() -> None:
    schedule = make_schedule("one-cycle", 0.3, 9)
    rates = []
    for step in range(9):
        rates.append(schedule.rate(step))
        schedule.after_epoch(100.0 * step)
    assert rates == pytest.approx(
        [0.3 * share for share in (0.5, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8)]
    )


def test_plateau_follows_the_seeds_log() -> None:
    """The test losses of the seed's README, and the rates that it printed."""
    losses = [
        0.04751643937379122,
        0.04003035141229629,
        0.038444595198333265,
        0.027877245303243398,
        0.02411178403198719,
        0.02256702058017254,
        0.02199115399904549,
        0.022306216959655286,
        0.021874626899976282,
        0.018106948681175707,
        0.01723082539178431,
        0.016916205030865966,
        0.018190599500015378,
        0.016056551749701612,
        0.017048460460454225,
    ]
    schedule = Plateau(0.10470379786343671)
    rates = []
    for number, loss in enumerate(losses):
        # Stopped and gone on with after any epoch, it comes to the same.
        stopped, schedule = schedule, Plateau(0.10470379786343671)
        schedule.restore(stopped.values())
        schedule.after_epoch(loss)
        rates.append(schedule.rate(number))
    assert rates == [0.10470379786343671] * 8 + [0.010470379786343673] * 7


def test_plateau_goes_no_lower_than_its_least_rate() -> None:
    schedule = Plateau(0.1)
    for _ in range(40):
        schedule.after_epoch(1.0)
    assert schedule.rate(0) == pytest.approx(1e-4)


def test_the_seeds_recipe_alone_keeps_a_last_batch_that_is_not_whole() -> None:
    assert drops_last_batch("one-cycle")
    assert not drops_last_batch("plateau")


def test_on_test_only_a_new_best_from_epoch_3_on_at_the_target_counts() -> None:
    selector = Selector("test", 0.99)
    accuracies = [0.995, 0.98, 0.99, 0.99, 0.9951, 0.9951, 0.996]
    chosen = [selector.is_best(epoch, value) for epoch, value in enumerate(accuracies)]
    assert chosen == [False, False, False, False, True, False, True]


def test_the_target_itself_is_enough() -> None:
    selector = Selector("test", 0.993)
    assert [selector.is_best(epoch, 0.99 + epoch / 1000) for epoch in range(4)][-1]


def test_the_seeds_own_run_saves_what_its_log_says() -> None:
    percent = [98.44, 98.68, 98.84, 99.13, 99.30, 99.34, 99.32, 99.29, 99.27, 99.46, 99.47]
    percent += [99.53, 99.55, 99.55, 99.55]
    selector = Selector("test", 0.993)
    chosen = [epoch for epoch, value in enumerate(percent) if selector.is_best(epoch, value / 100)]
    assert chosen == [4, 5, 9, 10, 11, 12]


def test_on_the_hold_out_the_first_highest_counts() -> None:
    selector = Selector("holdout", 0.99)
    assert [selector.is_best(n, a) for n, a in enumerate([0.5, 0.6, 0.6, 0.55, 0.7])] == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_without_a_choice_there_is_no_best() -> None:
    assert not Selector("none", 0.0).is_best(5, 1.0)


@pytest.mark.parametrize(
    ("recipe", "num_holdout", "selection"),
    [
        ("one-cycle", 0, "none"),
        ("plateau", 0, "test"),
        ("one-cycle", 9, "holdout"),
        ("plateau", 9, "holdout"),
    ],
)
def test_what_is_chosen_by(recipe: str, num_holdout: int, selection: str) -> None:
    assert selection_of(recipe, num_holdout) == selection


@pytest.mark.parametrize(
    ("dataset", "train", "target"),
    [
        ("mnist", {}, 0.993),
        ("mnist", {"target_accuracy": 0.9}, 0.9),
        ("fashion-mnist", {}, None),
        ("made", {"target_accuracy": 0.9}, 0.9),
        ("made", {"require_target": True}, 0.993),
        ("made", {"recipe": "plateau"}, 0.993),
        ("made", {"recipe": "plateau", "holdout": 10}, None),
    ],
)
def test_mnists_target_is_no_other_datas(
    dataset: str, train: dict[str, object], target: float | None
) -> None:
    assert target_of(Settings(data={"dataset": dataset}, train=train)) == target
