"""What others published: in order, and each with its source unless nobody knows it."""

from mnistops.report.published import PUBLISHED


def test_each_has_a_source_or_says_that_none_is_known() -> None:
    for other in PUBLISHED:
        assert (
            (other.source is None) == (other.name == "unknown") == (other.protocol == "not known")
        )


def test_they_are_sorted_and_in_the_right_units() -> None:
    sizes = [other.num_params for other in PUBLISHED]
    assert sizes == sorted(sizes)
    assert all(0.9 < other.accuracy < 1 for other in PUBLISHED)
