"""Settings of a prediction."""

from pathlib import Path

import pytest

from mnistops.settings import Settings, load_settings


def test_where_to_show_what_is_seen_can_be_set_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().predict.show is None
    monkeypatch.setenv("MNISTOPS_PREDICT__SHOW", "seen")
    assert load_settings({}).settings.predict.show == Path("seen")
