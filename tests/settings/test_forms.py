"""Lists as people write them."""

import pytest

from mnistops.settings.forms import read_count, split_commas, split_not_at_all, split_numbers


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


def test_a_text_with_commas_of_its_own_stays_whole() -> None:
    assert split_not_at_all("a=1,2") == ["a=1,2"]
    assert split_not_at_all(["a=1,2", "b=3"]) == ["a=1,2", "b=3"]
    assert split_not_at_all(7) == 7


def test_truth_is_no_number() -> None:
    with pytest.raises(ValueError, match="true or false"):
        split_numbers([1, True])


@pytest.mark.parametrize(
    ("given", "count"),
    [("2M", 2_000_000), ("1.5k", 1500), ("8G", 8 * 10**9), ("0.5k", 500), (8000, 8000)],
)
def test_counts_have_suffixes(given: object, count: int) -> None:
    assert read_count(given) == count


@pytest.mark.parametrize("given", ["8000", "k", "xM", "2MB", "", None, True, "1e999999k"])
def test_what_is_no_count_is_left_to_the_type(given: object) -> None:
    assert read_count(given) == given
