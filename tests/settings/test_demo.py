"""Settings of a demo: where its page goes."""

from pathlib import Path

from mnistops.settings import Settings
from mnistops.settings.fields import fields, option


def test_its_file_is_named_by_out() -> None:
    assert Settings().demo.file is None
    assert Settings.model_validate({"demo": {"file": "a.html"}}).demo.file == Path("a.html")
    assert option("demo.file", dict(fields())["demo.file"]) == "--out"
