"""Sections: what each setting takes, and what is out of its bounds."""

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
        ("train", "epochs", 0),
        ("train", "epochs", True),
        ("train", "epochs", 1.5),
        ("train", "learning_rate", 0),
        ("train", "learning_rate", -1),
        ("train", "learning_rate", float("nan")),
        ("train", "learning_rate", float("inf")),
        ("train", "recipe", "fast"),
        ("train", "epoch", 3),
        ("network", "dropout", 1),
        ("network", "input_size", "28"),
        ("network", "input_size", "1,28,0"),
        ("rf", "dilation", "0"),
        ("rf", "dilation", "1,,2"),
        ("rf", "dilation", ""),
        ("rf", "dilation", "1.5"),
        ("rf", "unit", "-1,0"),
        ("summary", "max_params", "-8k"),
        ("summary", "max_params", "8.5"),
        ("summary", "columns", "layer,shape"),
        ("summary", "depth", 0),
        ("network", "input_size", "1,2,3,4,5"),
        ("train", "holdout_fold", -1),
    ],
)
def test_what_is_out_of_bounds(section: str, key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({section: {key: value}})


def test_limits_are_written_as_people_write_them() -> None:
    limits = Settings(summary={"max_params": "8k", "max_mult_adds": "2M", "max_kb": "32"}).summary
    assert (limits.max_params, limits.max_mult_adds, limits.max_kb) == (8000, 2_000_000, 32)


def test_an_input_may_have_other_axes_than_an_image() -> None:
    for size in ((1, 100), (1, 28, 28), (1, 8, 8, 8)):
        assert Settings(network={"input_size": size}).network.input_size == size
