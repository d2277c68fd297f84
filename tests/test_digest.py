"""The digest of values: any difference makes another, the layout in a file makes none."""

import hashlib
import io
import struct
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mnistops.digest import MOST_NESTED, digest

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    """Equal, types and order of keys included; 1, 1.0 and True are three values."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other)


@given(PLAIN, PLAIN)
def test_two_values_have_one_digest_if_they_are_the_same(one: Any, other: Any) -> None:
    assert (digest(one) == digest(other)) == same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (["ab", "c"], ["a", "bc"]),
        ([[1], 2], [[1, 2]]),
        ([0.0], [-0.0]),
        ([1, 1.0], [1.0, 1]),
        (torch.zeros(2, 3), torch.zeros(3, 2)),
        (torch.zeros(2), torch.zeros(2, dtype=torch.int32)),
        (torch.tensor([1.0, 2.0]), torch.tensor([2.0, 1.0])),
        (torch.zeros(0, 3), torch.zeros(0, 4)),
    ],
)
def test_what_is_alike_is_told_apart(one: object, other: object) -> None:
    assert digest(one) != digest(other)
    assert digest(one) == digest(one)


@given(st.integers(0, 8 * 40 - 1))
def test_any_flipped_bit_shows(bit: int) -> None:
    tensor = torch.arange(10, dtype=torch.float32)
    flipped = tensor.clone()
    flipped.view(torch.uint8)[bit // 8] ^= 1 << bit % 8
    assert digest({"w": tensor}) != digest({"w": flipped})


def test_a_file_in_between_changes_nothing() -> None:
    values = {
        "views": torch.arange(12).reshape(3, 4)[:, 1:3],
        "half": torch.tensor([1.5], dtype=torch.bfloat16),
        "one": torch.tensor(3.0),
        "list": [1, "x", None, True, 2.5],
    }
    file = io.BytesIO()
    torch.save(values, file)
    file.seek(0)
    assert digest(torch.load(file, weights_only=True)) == digest(values)


def test_what_it_has_no_rule_for_is_refused() -> None:
    with pytest.raises(TypeError, match="got set"):
        digest({"a": {1}})
    nested: list[Any] = []
    for _ in range(MOST_NESTED):
        nested = [nested]
    with pytest.raises(ValueError, match="in one another"):
        digest(nested)
    with pytest.raises(ValueError, match="got 4 bytes"):
        digest(torch.zeros(1).expand(1_000_000_000))


def test_it_never_changes() -> None:
    """Files that were written with another one would be refused."""
    values = {
        "a": [1, True, None, "x", 2.5],
        "t": torch.arange(3, dtype=torch.float32),
        "e": torch.zeros(0, 2),
    }
    fed = (
        b"dict 3;str 1;alist 5;int 1;bool True;NoneType None;str 1;xfloat "
        + struct.pack("<d", 2.5)
        + b"str 1;ttensor torch.float32 [3];"
        + struct.pack("<3f", 0, 1, 2)
        + b"str 1;etensor torch.float32 [0, 2];"
    )
    assert digest(values) == hashlib.sha256(fed).hexdigest()
