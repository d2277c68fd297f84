"""``mnistops config``."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.running import Run


def test_show(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("mnistops.toml").write_text("[train]\nbatch_size = 64\n")
    monkeypatch.setenv("MNISTOPS_SEED", "3")
    rows = {
        line.split()[0]: line.split()[1:]
        for line in command("config", "show", "--epochs", "2").out.splitlines()[2:]
    }
    assert rows["train.epochs"] == ["2", "command", "line"]
    assert rows["seed"] == ["3", "environment", "MNISTOPS_SEED"]
    assert rows["train.batch_size"] == ["64", "mnistops.toml"]
    assert rows["train.learning_rate"] == ["0.3", "recipe", "one-cycle"]
    assert rows["device"] == ["auto", "default"]


def test_show_as_json(command: Run) -> None:
    rows = json.loads(command("config", "show", "--format", "json").out)
    assert {"setting": "data.dir", "value": None, "source": "default"} in rows


def test_init(command: Run) -> None:
    printed = command("config", "init").out
    assert command("config", "init", "mnistops.toml") == (0, "", "")
    assert Path("mnistops.toml").read_text() == printed
    assert tomllib.loads(printed)["train"] == {}
    assert "(default)" not in printed
    assert command("summary").code == 0
    again = command("config", "init", "mnistops.toml")
    assert again.code == 73
    assert "expected a new file, got a path that exists" in again.err


def test_init_needs_no_sound_settings(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTOPS_SEED", "x")
    assert command("config", "show").code == 2
    assert command("config", "init").code == 0


def test_schema(command: Run) -> None:
    schema = json.loads(command("config", "schema").out)
    assert schema["additionalProperties"] is False
    assert "train" in schema["properties"]
