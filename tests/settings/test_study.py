"""Settings of a study: lists as people write them."""

import pytest
from pydantic import ValidationError

from mnistops.settings import Settings


def test_variations_and_recipes_are_lists() -> None:
    study = Settings(study={"vary": "train.epochs=1,2", "recipe": "one-cycle,plateau"}).study
    assert study.vary == ("train.epochs=1,2",)
    assert study.recipe == ("one-cycle", "plateau")
    several = ["train.epochs=1,2", "network.name=a,b.toml"]
    assert Settings(study={"vary": several}).study.vary == tuple(several)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seeds", 0),
        ("recipe", "one-cycle,fast"),
        ("vary", "train.epochs"),
        ("vary", "train.epochs="),
        ("vary", "=1,2"),
        ("vary", ["train.epochs=1,,2"]),
        ("workers", 0),
    ],
)
def test_what_is_out_of_bounds(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"study": {key: value}})
