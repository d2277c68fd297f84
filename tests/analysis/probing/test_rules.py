"""The rules: what stands for which function."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from mnistops.analysis.probing.record import Record
from mnistops.analysis.probing.rules import RULES, SHAPE_ONLY, replaced
from mnistops.analysis.probing.shadow import (
    NotProbed,
    one_kind,
)
from mnistops.analysis.probing.step import Step


def taken_by(function: Callable[..., Any], name: str, *args: Any) -> Step:
    """A step on an image of 1 x 4 x 4 pixels, whose shadow is known."""
    record = Record()
    images = torch.empty(2, 1, 4, 4, device="meta")
    record.set_shadow(images, one_kind(torch.ones(1, 1, 4, 4), (2, 1, 4, 4)))
    return Step(function, name, (images, *args), {}, record)


def test_no_name_stands_twice() -> None:
    shared = {"relu", "conv2d", "cat", "getitem", "linear", "softmax"}
    assert shared <= set(RULES)
    assert not set(RULES) & SHAPE_ONLY


@pytest.mark.parametrize("name", sorted({*RULES, *SHAPE_ONLY}))
def test_every_name_is_one_of_torchs(name: str) -> None:
    rooms = (torch, torch.Tensor, torch.nn.functional)
    names = (name, f"{name}_", f"__{name}__", f"_{name}")
    assert any(hasattr(room, each) for room in rooms for each in names)


def test_a_function_without_a_rule_is_not_probed() -> None:
    with pytest.raises(NotProbed, match=r"^nothing linear stands for cummax$"):
        replaced(taken_by(torch.cummax, "cummax", 2))


def test_what_gives_no_tensor_needs_no_rule() -> None:
    assert replaced(taken_by(torch.Tensor.size, "size")) == (torch.Size([2, 1, 4, 4]), [])


def test_a_function_of_several_tensors_has_a_shadow_for_each() -> None:
    result, shadows = replaced(taken_by(torch.max, "max", 3))
    assert [tuple(tensor.shape) for tensor in result] == [(2, 1, 4), (2, 1, 4)]
    assert len(shadows) == 2
