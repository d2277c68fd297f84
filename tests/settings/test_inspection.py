"""Settings of a look at a network: lists and limits as people write them."""

import pytest
from pydantic import ValidationError

from mnistops.settings import Settings


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2", (2,)), ("1,2", (1, 2)), ("[1, 2]", (1, 2)), (["1", "2"], (1, 2)), ([3], (3,))],
)
def test_lists(text: object, expected: tuple[int, ...]) -> None:
    assert Settings(rf={"dilation": text}).rf.dilation == expected


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("rf", "dilation", "0"),
        ("rf", "dilation", "1,,2"),
        ("rf", "dilation", ""),
        ("rf", "dilation", "1.5"),
        ("rf", "unit", "-1,0"),
        ("summary", "max_params", "-8k"),
        ("summary", "max_params", "8.5"),
        ("summary", "columns", "layer,shape"),
        ("summary", "depth", 0),
    ],
)
def test_what_is_out_of_bounds(section: str, key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({section: {key: value}})


def test_limits_are_written_as_people_write_them() -> None:
    limits = Settings(summary={"max_params": "8k", "max_mult_adds": "2M", "max_kb": "32"}).summary
    assert (limits.max_params, limits.max_mult_adds, limits.max_kb) == (8000, 2_000_000, 32)
