"""Results: groups over their seeds, and who is compared with whom."""

from pathlib import Path

import pytest

from mnistops.settings import Settings
from mnistops.studies.outcome import RunOutcome
from mnistops.studies.plan import Group, PlannedRun
from mnistops.studies.results import (
    GroupResult,
    Judge,
    compare_groups,
    group_result,
    row_of,
)
from tests.study_runs import made_outcome

Outcomes = dict[tuple[str, int], RunOutcome]


def made(**mistakes: list[list[int]]) -> tuple[list[GroupResult], Outcomes]:
    """Groups of runs with these mistakes, of 100 images, on the hold-out and on test."""
    groups, outcomes = [], Outcomes()
    for name, of_seeds in mistakes.items():
        settings = Settings(train={"holdout": 100, "epochs": 2})
        rows = []
        for seed, wrong in enumerate(of_seeds):
            train = settings.train.model_copy(update={"holdout_fold": seed})
            update = {"seed": seed, "train": train}
            run = PlannedRun(f"{name}-{seed}", name, settings.model_copy(update=update))
            outcomes[name, seed] = made_outcome(wrong[:1], wrong, num_holdout=100)
            rows.append(row_of(run, outcomes[name, seed], Path("runs", run.name)))
        groups.append(group_result(Group(name, settings), 5340, rows))
    return groups, outcomes


def pairs(groups: list[GroupResult], outcomes: Outcomes, on: Judge) -> list[tuple[str, str]]:
    return [(one.a, one.b) for one in compare_groups(groups, outcomes, on)]


def test_a_run_is_a_row() -> None:
    ((group,), _) = made(a=[[1, 2], [5, 6, 7]])
    row = group.rows[1]
    assert (row.group, row.seed, row.holdout_fold, row.epochs) == ("a", 1, 1, 2)
    assert (row.holdout_errors, row.holdout_accuracy) == (3, 0.97)
    assert (row.test_errors, row.test_accuracy) == (1, 0.99)
    assert row.run_folder == str(Path("runs", "a-1"))


def test_without_a_hold_out_its_columns_are_empty() -> None:
    run = PlannedRun("a-0", "a", Settings())
    row = row_of(run, made_outcome([1]), Path("r"))
    assert (row.holdout_fold, row.holdout_errors, row.holdout_accuracy) == (None, None, None)
    group = group_result(Group("a", Settings()), 5340, [row])
    assert group.holdout is None and group.judged == group.test
    assert group.num_epochs == 15


def test_a_group_is_judged_on_the_hold_out_where_there_is_one() -> None:
    ((group,), _) = made(a=[[1, 2], [5, 6, 7, 8]])
    assert group.judged == group.holdout
    assert group.judged.mean == pytest.approx(0.97)
    assert group.test.mean == pytest.approx(0.99)


def test_two_groups_are_compared_with_each_other() -> None:
    groups, outcomes = made(a=[[1, 2], [3, 4]], b=[[1], [3]])
    (comparison,) = compare_groups(groups, outcomes, "holdout")
    assert (comparison.a, comparison.b, comparison.on) == ("a", "b", "holdout")
    assert comparison.difference == pytest.approx(-0.01)
    (on_test,) = compare_groups(groups, outcomes, "test")
    assert on_test.difference == 0 and on_test.winner is None


def test_of_more_the_best_is_compared_with_each_of_the_others() -> None:
    groups, outcomes = made(a=[[1, 2]], b=[[1]], c=[[1, 2, 3]])
    assert pairs(groups, outcomes, "holdout") == [("b", "a"), ("b", "c")]


def test_a_winner_is_named_whichever_side_it_is_on() -> None:
    good, bad = [[1]] * 5, [[1, *range(20, 60)]] * 5
    for mistakes in ({"a": good, "b": bad}, {"b": bad, "a": good}):
        groups, outcomes = made(**mistakes)
        (comparison,) = compare_groups(groups, outcomes, "holdout")
        assert comparison.winner == "a"
        assert comparison.interval is not None


def test_only_seeds_that_both_have_are_compared() -> None:
    groups, outcomes = made(a=[[1], [2, 3]], b=[[1]])
    (comparison,) = compare_groups(groups, outcomes, "holdout")
    assert (comparison.difference, comparison.interval, comparison.winner) == (0, None, None)


def test_groups_without_a_run_in_common_are_not_compared() -> None:
    groups, outcomes = made(a=[[1]], b=[[1]], none=[])
    assert pairs(groups, outcomes, "holdout") == [("a", "b")]
    assert groups[2].judged.mean is None
    del outcomes["b", 0]
    assert pairs(groups, outcomes, "holdout") == []
