"""One result in each format."""

import json

import pytest

from mnistops.report.grid import Column, Grid
from mnistops.report.publish import Report, publish

REPORT = Report(
    (Grid((Column("a"),), (("1",),)), Grid((Column("b"),), (("2",),))),
    {"whole": [1, 2]},
    [{"a": 1}, {"a": 2}],
)


def test_formats(capsys: pytest.CaptureFixture[str]) -> None:
    publish(REPORT, "json")
    assert json.loads(capsys.readouterr().out) == {"whole": [1, 2]}
    publish(REPORT, "csv")
    assert capsys.readouterr().out == "a\n1\n2\n"
    publish(REPORT, "markdown")
    assert capsys.readouterr().out == "| a |\n| ---: |\n| 1 |\n\n| b |\n| ---: |\n| 2 |\n"
    publish(REPORT, "table")
    assert [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip()] == [
        "a",
        "─",
        "1",
        "b",
        "─",
        "2",
    ]
