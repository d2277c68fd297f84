"""The shadow: values without their repetitions, and how they are put together."""

import pytest
import torch
from torch import Tensor

from mnistops.analysis.probing.shadow import (
    Shadow,
    broadcast,
    by_channels,
    distinct,
    one_kind,
    together,
)

# Two kinds of channels: 1, 2 in the first and the third, 10, 20 in the second.
VALUES = torch.tensor([[1.0, 2.0], [10.0, 20.0]], dtype=torch.double)
TWO_KINDS = by_channels(VALUES, [0, 1, 0], (2, 3, 2), is_joined=False)


def whole(shadow: Shadow) -> Tensor:
    return shadow.plain().expand(shadow.shape)


def test_plain_values_stand_where_their_labels_say() -> None:
    assert whole(TWO_KINDS)[1].tolist() == [[1, 2], [10, 20], [1, 2]]
    assert TWO_KINDS.values.shape == (2, 1, 1, 2)


def test_channels_are_told_apart_by_kind() -> None:
    values, kinds = TWO_KINDS.channels()
    assert (values.tolist(), kinds) == (VALUES.tolist(), [0, 1, 0])
    values, kinds = one_kind(VALUES, (2, 2, 2)).channels()
    assert (values.tolist(), kinds) == (VALUES.tolist(), [0, 1])
    values, kinds = one_kind(torch.ones(2), (2, 5, 2)).channels()
    assert (values.shape, kinds) == ((1, 2), [0] * 5)


@pytest.mark.parametrize("dims", [[1], [2], [1, 2]])
def test_a_mean_is_torchs(dims: list[int]) -> None:
    mean = TWO_KINDS.mean(dims)
    expected = whole(TWO_KINDS).mean(dims, keepdim=True).expand(2, 3, 2)
    torch.testing.assert_close(whole(mean), expected)


def test_together_is_the_mean_of_what_is_broadcast() -> None:
    row = one_kind(torch.tensor([3.0, 5.0], dtype=torch.double), (2,))
    both = together([TWO_KINDS, row], (2, 3, 2))
    torch.testing.assert_close(whole(both), (whole(TWO_KINDS) + whole(row)) / 2)
    assert len(both.values) == 2
    assert together([TWO_KINDS, TWO_KINDS], (2, 3, 2)).values.equal(TWO_KINDS.values)


def test_what_is_joined_stays_joined() -> None:
    joined = one_kind(torch.ones(2), (2,), is_joined=True)
    assert together([TWO_KINDS, joined], (2, 3, 2)).is_joined
    assert joined.mean([0]).is_joined
    assert not TWO_KINDS.mean([1]).is_joined


def test_distinct_labels_are_numbered() -> None:
    kinds, places = distinct(torch.tensor([[7, 3], [3, 7]]))
    assert (kinds.tolist(), places.tolist()) == ([3, 7], [[1, 0], [0, 1]])


def test_shapes_are_broadcast_as_torch_does() -> None:
    assert broadcast((3, 1), (1, 4), (4,)) == (3, 4)
