"""Options derived from settings: every command offers what it reads, and passes it on."""

import re

import pytest

from mnistops.settings.fields import fields, form, option, variable
from tests.cli.commands import all_commands
from tests.running import Run

HELPS = ["", *(" ".join(path) for path in all_commands())]


def test_config_show_offers_every_setting(command: Run) -> None:
    text = " ".join(command("config", "show", "--help").out.split())
    for key, field in fields():
        assert option(key, field) in text


# `config show` has the recipe of training for --recipe; tests/cli/test_study.py has the study's.
SHOWN = [pair for pair in fields() if pair[0] != "study.recipe"]


@pytest.mark.parametrize("key_and_field", SHOWN, ids=lambda pair: pair[0])
def test_every_option_reaches_its_setting(command: Run, key_and_field: tuple) -> None:  # type: ignore[type-arg]
    key, field = key_and_field
    words = form(field)
    number = "0.25" if words.startswith("a number") else "7"
    value = {
        "true or false": None,
        "text": "x",
        "a path": "x",
        "auto, cpu, cuda, cuda:N or mps": "cuda:1",
        "channels,height,width as 1,28,28, each from 1 to 65536": "3,4,5",
        "whole numbers from 1 to 65536, as 2 or 1,2": "4,5",
        "path patterns, as convblock5 or 'conv*,pool?'": "a,b[12]",
        "row,column of a unit from 0, as 0,0": "4,5",
        "a whole number, as 8000, 8k or 2M": "8000",
        "names of loggers, as tensorboard": "tensorboard",
        "KEY=VALUE,VALUE, as train.learning_rate=0.1,0.3": "train.epochs=1,2",
    }.get(words, words.split()[-1] if " or " in words else number)
    if words.startswith("some of "):
        value = words.split()[-1]
    given = [option(key, field), *([] if value is None else [value])]
    outcome = command("config", "show", *given)
    if key == "output.format":
        assert outcome.out.startswith("| setting |")
        return
    (line,) = [line for line in outcome.out.splitlines() if line.split()[0] == key]
    assert line.split()[1] == (value or "true")
    assert line.endswith("command line")


def test_help_shows_default_choices_and_variable(command: Run) -> None:
    text = " ".join(command("summary", "--help").out.replace("│", " ").split())
    assert "[default: table]" in text
    assert "[env: MNISTOPS_OUTPUT__FORMAT]" in text
    assert "(table, json, csv or markdown)" in text
    assert "NETWORK" in text


@pytest.mark.parametrize("name", HELPS)
def test_help_is_whole_in_80_columns(
    command: Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = command(*name.split(), "--help").out
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert not re.search(r"<\w", text)  # <bool>, <list[Path]>: of no use to who reads it
    words = " ".join(text.replace("│", " ").split())
    told = re.findall(r"\[env: (\w+)\]", words)
    assert set(told) <= {variable(key) for key, _ in fields()}
    assert len(told) == words.count("[env: ")


def test_what_is_on_can_be_turned_off(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTOPS_DATA__OFFLINE", "true")
    rows = command("config", "show", "--no-offline").out.splitlines()
    (row,) = [row.split() for row in rows if row.startswith("data.offline ")]
    assert row == ["data.offline", "false", "command", "line"]


def test_an_unset_option_masks_nothing(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTOPS_RF__KEEP_SIZE", "true")
    monkeypatch.setenv("MNISTOPS_OUTPUT__FORMAT", "csv")
    kept = command("rf", "--dilation", "2").out
    assert kept.startswith("network,what_if_dilation,name,path,")
    assert ",11x11," in next(row for row in kept.splitlines() if "convblock7" in row)
    changed = command("rf", "--dilation", "2", "--no-keep-size").out
    assert ",5x5," in next(row for row in changed.splitlines() if "convblock7" in row)
