"""The settings file to start from, and its schema."""

import re
import tomllib

from mnistops.report.settings import commented_toml, settings_report, settings_schema
from mnistops.settings import Settings, load_settings
from mnistops.settings.fields import fields, value_of


def uncommented() -> str:
    """The file with every setting in it set."""
    return re.sub(r"^# (\w+ = )", r"\1", commented_toml(), flags=re.MULTILINE)


def test_it_is_all_comments() -> None:
    assert not any(tomllib.loads(commented_toml()).values())
    assert max(map(len, commented_toml().splitlines())) <= 200


def test_uncommented_it_holds_every_setting() -> None:
    values = tomllib.loads(uncommented())
    settings = Settings(**values)
    for key, field in fields():
        assert key.split(".")[-1] in str(values)
        default = field.default
        if default is not None and default != ():
            assert value_of(settings, key) == default


def test_what_recipes_set_is_told() -> None:
    assert "# by recipe: one-cycle: 0.0, plateau: 0.03\n" in commented_toml()
    assert "# unset by default; for example:\n# learning_rate" in commented_toml()


def test_the_schema_knows_every_setting() -> None:
    schema = settings_schema()
    assert set(schema["properties"]) == set(Settings.model_fields)
    assert schema["$defs"]["TrainSettings"]["properties"]["epochs"]["minimum"] == 1


def test_every_setting_is_shown_with_its_source() -> None:
    report = settings_report(load_settings({"train": {"epochs": 3}, "rf": {"dilation": "1,2"}}))
    rows = {row[0]: row[1:] for row in report.grids[0].rows}
    assert list(rows) == [key for key, _ in fields()]
    assert rows["train.epochs"] == ("3", "command line")
    assert rows["rf.dilation"] == ("1,2", "command line")
    assert rows["rf.keep_size"] == ("false", "default")
    assert rows["data.dir"] == ("unset", "default")
