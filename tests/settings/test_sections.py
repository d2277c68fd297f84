"""Sections: what each setting takes, and what is out of its bounds."""

import pytest
from pydantic import ValidationError

from mnistops.settings import Settings


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
        ("network", "input_size", "1,2,3,4,5"),
        ("train", "holdout_fold", -1),
    ],
)
def test_what_is_out_of_bounds(section: str, key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({section: {key: value}})


def test_an_input_may_have_other_axes_than_an_image() -> None:
    for size in ((1, 100), (1, 28, 28), (1, 8, 8, 8)):
        assert Settings(network={"input_size": size}).network.input_size == size
