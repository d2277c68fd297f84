"""The environment's variables as raw values; `test_load` has what becomes of them."""

import pytest
from pydantic_settings import SettingsError

from mnistops.settings.environment import Environment


def test_values_stand_in_their_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTOPS_SEED", "7")
    monkeypatch.setenv("mnistops_train__epochs", "3")
    monkeypatch.setenv("MNISTOPS_RF__DILATION", "1,2")
    monkeypatch.setenv("MNISTOPS_DATA", '{"offline": true}')
    assert Environment("MNISTOPS_")() == {
        "seed": "7",
        "train": {"epochs": "3"},
        "rf": {"dilation": "1,2"},
        "data": {"offline": True},
    }


def test_a_section_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTOPS_DATA", "offline")
    with pytest.raises(SettingsError, match='"data"'):
        Environment("MNISTOPS_")()
