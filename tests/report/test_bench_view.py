"""What is seen of a bench."""

import re

import pytest

from mnistops.benchmark.events import (
    BenchBegun,
    LeftOut,
    PipelineOpened,
    PipelineOpening,
    RoundDone,
)
from mnistops.data.sources import SourceFailed
from mnistops.report.bench_view import BenchView
from mnistops.training.preparation import EngineSought
from tests.report.test_progress import open_terminal

EVENTS = (
    EngineSought(),
    BenchBegun("[bold]x[/bold]", 5340, "cpu (2 threads)", 60_000),
    PipelineOpening("reference"),
    PipelineOpened("reference (0 workers)", 0.0),
    PipelineOpening("compiled"),
    PipelineOpened("compiled", 34.567),
    PipelineOpening("native"),
    LeftOut("native", "no compiler\x1b[2J"),
    RoundDone("reference (0 workers)", 1234.5, 1, 10),
    RoundDone("compiled", 4321.9, 2, 10),
)
LINES = [
    "[bold]x[/bold], 5,340 parameters, on cpu (2 threads); 60,000 training images",
    "ready: reference (0 workers)",
    "ready: compiled, in 34.6 s",
    "left out: native: no compiler\\x1b[2J",
    "timing, 10 turns",
]


def shown(*events: object) -> None:
    with BenchView() as view:
        for event in events:
            view.show(event)


def test_without_a_terminal_there_are_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    shown(*EVENTS)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == LINES


@pytest.mark.parametrize("width", [40, 120])
def test_on_a_terminal_the_same_lines_stay(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = open_terminal(monkeypatch, width)
    shown(*EVENTS)
    assert terminal.stays() == LINES
    assert capsys.readouterr().out == ""


def test_turns_move_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    shown(*EVENTS)
    assert re.match("timing ━.* compiled: 4,322 images/s ", terminal.bars()[-1])


def test_what_is_compiled_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    shown(*EVENTS[:5])
    assert terminal.bars()[-1].startswith("making ready: compiled ━")


def test_what_is_fetched_is_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    shown(SourceFailed("https://a", "timed out"))
    assert capsys.readouterr().err == "no data from https://a: timed out\n"
