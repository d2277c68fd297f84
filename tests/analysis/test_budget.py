"""Budgets: what is held against what, and by how much it is missed."""

from dataclasses import replace

from mnistops.analysis.budget import budgets
from mnistops.analysis.lower import lower
from mnistops.analysis.summary import summarize_graph
from mnistops.networks.zoo import REFERENCE
from mnistops.settings.inspection import SummarySettings

SUMMARY = summarize_graph(lower(REFERENCE))


def test_only_what_is_limited_is_told() -> None:
    assert budgets(SUMMARY, SummarySettings()) == ()
    (budget,) = budgets(SUMMARY, SummarySettings(max_kb=20.5))
    assert (budget.limit, budget.value) == (20.5, 5340 * 4 / 1024)
    assert budget.is_exceeded


def test_a_limit_that_is_reached_is_kept() -> None:
    settings = SummarySettings(max_params=5340, max_mult_adds=1_390_289)
    params, mult_adds = budgets(SUMMARY, settings)
    assert not params.is_exceeded
    assert mult_adds.is_exceeded


def test_what_is_not_known_keeps_no_limit() -> None:
    (budget,) = budgets(replace(SUMMARY, mult_adds=None), SummarySettings(max_mult_adds=10**12))
    assert budget.is_exceeded
