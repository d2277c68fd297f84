"""The record: which step joins positions."""

import pytest
import torch
from torch import Tensor

from mnistops.analysis.probing.record import Record, Shapes
from mnistops.analysis.probing.shadow import (
    Shadow,
    one_kind,
)


def shadow_of(*shape: int) -> Shadow:
    return one_kind(torch.ones(shape), shape)


def add(record: Record, name: str, taken: tuple[int, ...], given: tuple[int, ...]) -> Tensor:
    """A step from a tensor of one shape to one of another, which is returned."""
    tensor = torch.empty(given, device="meta")
    record.add(name, [shadow_of(*taken)], [tensor], [shadow_of(*given)])
    return tensor


def is_joined(record: Record, tensor: Tensor) -> bool:
    shadow = record.shadow_of(tensor)
    assert isinstance(shadow, Shadow)
    return shadow.is_joined


def test_what_was_never_set_has_no_shadow() -> None:
    record = Record()
    tensor = torch.ones(2)
    assert record.shadow_of(tensor) is None
    record.set_shadow(tensor, "a reason")
    assert record.shadow_of(tensor) == "a reason"
    assert record.shadow_of(tensor.clone()) is None


def test_steps_hold_shapes() -> None:
    record = Record()
    add(record, "mean", (2, 3, 8), (2, 3))
    assert record.steps == [Shapes("mean", [(2, 3, 8)], [(2, 3)])]


@pytest.mark.parametrize(
    ("name", "given", "grown", "joins"),
    [
        ("relu", (2, 3, 8), (2, 3, 12), False),
        ("mean", (2, 3), (2, 3), True),
        ("flip", (2, 3, 8), (2, 3, 12), True),
        ("flatten", (2, 24), (2, 36), False),
    ],
)
def test_a_step_joins_where_growth_is_lost(
    name: str, given: tuple[int, ...], grown: tuple[int, ...], joins: bool
) -> None:
    at_given = Record()
    assert not is_joined(at_given, add(at_given, name, (2, 3, 8), given))
    at_grown = Record(at_given)
    assert at_grown.alike == at_given.steps[0]
    assert is_joined(at_grown, add(at_grown, name, (2, 3, 12), grown)) is joins


def test_another_function_in_the_same_place_is_an_error() -> None:
    at_given = Record()
    add(at_given, "relu", (2, 8), (2, 8))
    with pytest.raises(RuntimeError, match="other functions at this size"):
        add(Record(at_given), "tanh", (2, 12), (2, 12))
