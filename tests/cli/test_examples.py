"""The examples in help texts: every command has some, and all can be called."""

import shlex
from pathlib import Path

import pytest

from mnistops.cli.examples import EXAMPLES
from mnistops.errors import BadInput
from mnistops.networks.zoo import REFERENCE
from mnistops.settings import load_settings
from tests.cli.commands import all_commands
from tests.running import Run

LINES = [line for lines in EXAMPLES.values() for line in lines]
QUICK = ("summary", "rf", "runs list", "config show")


@pytest.fixture(autouse=True)
def files() -> None:
    """What the examples name."""
    Path("net.toml").write_text(REFERENCE.to_toml())
    Path("net.py").write_bytes(
        (Path(__file__).parents[2] / "examples" / "residual.py").read_bytes()
    )


def words_of(line: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words after `mnistops`, with what stands before it set and what is redirected left."""
    before, _, after = line.partition("mnistops ")
    for setting in shlex.split(before):
        monkeypatch.setenv(*setting.split("="))
    return shlex.split(after.partition(">")[0])


def test_every_command_has_examples() -> None:
    groups = {words[:1] for words in all_commands() if len(words) == 2}
    single = {" ".join(words) for words in all_commands() if words not in groups}
    assert set(EXAMPLES) == single | {""}
    for words, lines in EXAMPLES.items():
        assert all(f"mnistops {words}" in line for line in lines)


@pytest.mark.parametrize("line", LINES)
def test_they_are_what_the_command_takes(
    command: Run, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*given: object) -> None:
        load_settings(*given)  # type: ignore[arg-type]
        raise BadInput("called")

    monkeypatch.setattr("mnistops.cli.options.load_settings", stop)
    words = words_of(line, monkeypatch)
    outcome = command(*words)
    if words[-1] == "--help" or words[:2] in (["config", "init"], ["config", "schema"]):
        assert outcome.code == 0
    else:
        assert outcome == (65, "", "error: called\n")


@pytest.mark.parametrize("line", [line for words in QUICK for line in EXAMPLES[words]])
def test_the_quick_ones_run(command: Run, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(*words_of(line, monkeypatch)).code == 0


@pytest.mark.parametrize("words", EXAMPLES)
def test_they_end_the_help(command: Run, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    lines = [line.strip() for line in command(*words.split(), "--help").out.splitlines()]
    end = [line for line in lines if line][-len(EXAMPLES[words]) :]
    assert end == [*EXAMPLES[words]]
