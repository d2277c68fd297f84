"""Lists as people write them."""

import pytest

from mnistops.settings.forms import split_commas, split_numbers


@pytest.mark.parametrize(
    ("given", "split"),
    [
        ("a,b", ["a", "b"]),
        (" a , b ", ["a", "b"]),
        (["a,b", "c"], ["a", "b", "c"]),
        (7, 7),
        ([], []),
    ],
)
def test_commas_split_a_list(given: object, split: object) -> None:
    assert split_commas(given) == split


@pytest.mark.parametrize(
    ("given", "split"),
    [("1,2", ["1", "2"]), ("[1, 2]", ["1", "2"]), (3, [3]), ([1, 2], [1, 2]), (None, None)],
)
def test_numbers_are_a_list(given: object, split: object) -> None:
    assert split_numbers(given) == split


def test_truth_is_no_number() -> None:
    with pytest.raises(ValueError, match="true or false"):
        split_numbers([1, True])
