"""The step: what is known of a call's arguments."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from mnistops.analysis.probing.record import Record
from mnistops.analysis.probing.shadow import (
    NotProbed,
    one_kind,
)
from mnistops.analysis.probing.step import Step


def step_of(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Step:
    return Step(function, function.__name__, args, kwargs, Record())


def test_an_argument_is_found_by_place_or_name() -> None:
    assert step_of(torch.relu, 1, 2).argument(1, "dim") == 2
    assert step_of(torch.relu, 1, dim=3).argument(1, "dim") == 3
    assert step_of(torch.relu, 1).argument(1, "dim", 4) == 4


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2, (2, 2)), ((3,), (3, 3)), ([1, 2], (1, 2)), (None, (7, 7)), ([], (7, 7))],
)
def test_sizes_are_one_per_axis(value: object, expected: tuple[int, ...]) -> None:
    assert step_of(torch.relu, 0, value).sizes(1, "stride", 2, 7) == expected


def test_the_result_needs_no_memory() -> None:
    images, weight = torch.empty(2, 3, 4, device="meta"), torch.ones(4, 5)
    step = step_of(torch.matmul, images, other=weight)
    assert step.result.is_meta
    assert step.shape == (2, 3, 5)
    assert [tuple(t.shape) for t in step.taken] == [(2, 3, 4), (4, 5)]


def test_a_source_without_shadow_is_not_probed() -> None:
    step = step_of(torch.relu, torch.ones(2))
    assert step.shadows == []
    with pytest.raises(NotProbed, match=r"^relu of weights by the images$"):
        _ = step.source


def test_shadows_of_lists_are_found() -> None:
    record = Record()
    first, second = torch.ones(2), torch.ones(2)
    shadow = one_kind(torch.ones(2), (2,))
    record.set_shadow(first, shadow)
    record.set_shadow(second, "a reason")
    step = Step(torch.cat, "cat", ([first, torch.ones(2), second],), {}, record)
    assert step.shadows == [shadow, "a reason"]
    assert step.known == [shadow]
    assert step.shadow_of(second) is None
