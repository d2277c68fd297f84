"""The tree: frozen, closed, with presets under what is given."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mnistops.settings import RECIPES, Settings
from mnistops.settings.sections import TrainSettings
from mnistops.settings.tree import deep_merge


def test_it_is_frozen() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.seed = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.train.epochs = 1  # type: ignore[misc]


def test_it_reads_nothing_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTOPS_SEED", "7")
    assert Settings().seed == 0


def test_a_recipe_stands_under_what_is_given() -> None:
    assert Settings().train.learning_rate == RECIPES["one-cycle"]["train"]["learning_rate"]
    plateau = Settings(train={"recipe": "plateau"})
    assert plateau.train.learning_rate is None
    assert plateau.network.dropout == 0.03
    given = Settings(train={"recipe": "plateau", "epochs": 3}, network={"dropout": 0.5})
    assert (given.train.epochs, given.network.dropout) == (3, 0.5)


def test_what_a_recipe_sets_does_not_count_as_given() -> None:
    given = {"train": {"recipe": "one-cycle", "learning_rate": 0.3}, "network": {"dropout": 0.0}}
    settings = Settings.model_validate(given)
    assert settings.train.model_fields_set == {"recipe", "learning_rate"}
    assert settings.network.model_fields_set == {"dropout"}
    assert Settings(train=TrainSettings(epochs=15)).train.model_fields_set == {"epochs"}
    assert Settings(seed=3).model_dump(exclude_unset=True)["train"] == {}
    assert TrainSettings().model_fields_set == set()


def test_a_change_of_recipe_keeps_what_was_given_and_nothing_else() -> None:
    plateau = {"train": {"recipe": "plateau"}}
    changed = Settings(seed=3, train={"batch_size": 64}).changed(plateau)
    assert changed == Settings(seed=3, train={"recipe": "plateau", "batch_size": 64})
    # 0.3 is what one-cycle would have had, but it was given.
    assert Settings(train={"learning_rate": 0.3}).changed(plateau).train.learning_rate == 0.3
    assert (
        Settings.model_validate(plateau).changed({"train": {"recipe": "one-cycle"}}) == Settings()
    )
    with pytest.raises(ValidationError):
        Settings().changed({"train": {"epochs": 0}})


def test_a_built_section_does_not_bury_the_recipe() -> None:
    settings = Settings(train=TrainSettings(recipe="plateau", batch_size=64))
    assert settings.network.dropout == 0.03
    assert settings.train.batch_size == 64
    assert Settings(train=TrainSettings(batch_size=64)).train.learning_rate == 0.3


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
)


@given(st.dictionaries(st.sampled_from([*Settings.model_fields, "x"]), _JSON))
def test_any_values_are_settings_or_a_validation_error(values: dict[str, object]) -> None:
    try:
        settings = Settings.model_validate(values)
    except ValidationError:
        return
    assert json.dumps(settings.model_dump(mode="json"))


def test_deep_merge_keeps_both_sides() -> None:
    lower = {"a": {"x": 1, "y": 2}, "b": 3}
    assert deep_merge(lower, {"a": {"y": 5}}) == {"a": {"x": 1, "y": 5}, "b": 3}
    assert lower == {"a": {"x": 1, "y": 2}, "b": 3}
