"""What is seen of a validation: lines as the original logged them."""

import re
from pathlib import Path

import pytest

from mnistops.data.sources import SourceFailed
from mnistops.evaluation import BatchEvaluated, EvaluationResult, Mistake
from mnistops.report.validation_view import ReportView, ValidationView
from mnistops.validation import DeviceOpened, ModelFound, ModelLoaded, Split, SplitBegun, SplitDone
from tests.made_data import made_set
from tests.report.test_progress import open_terminal

TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - INFO - ")


def done(split: Split, num_mistakes: int) -> SplitDone:
    mistakes = (Mistake(0, 1, 0, 0.5),) * num_mistakes
    return SplitDone(split, made_set(1), EvaluationResult(1000, 0.5, ((1,),), mistakes))


EVENTS = (
    DeviceOpened("cpu (2 threads)"),
    ModelFound(Path("runs", "[bold]a[/bold]", "best.pt"), "done"),
    ModelLoaded("[bold]x[/bold]"),
    SplitBegun("train", "mnist", 60_000),
    BatchEvaluated(1000, 60_000),
    done("train", 610),
    SplitBegun("test", "mnist", 10_000),
    BatchEvaluated(5000, 10_000),
    done("test", 45),
)
LINES = [
    "Loading configuration...",
    "Using device: cpu (2 threads)",
    f"Loading model: {Path('runs', '[bold]a[/bold]', 'best.pt')}",
    "Model loaded successfully.",
    "Starting validation on train dataset...",
    "Number of incorrect predictions in train dataset: 610",
    "Starting validation on test dataset...",
    "Number of incorrect predictions in test dataset: 45",
]


def shown(*events: object) -> None:
    with ValidationView() as view:
        for event in events:
            view.show(event)


def test_without_a_terminal_lines_are_logged_as_by_the_original(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown(*EVENTS)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"([^\x00-\x1f\x7f]+\n)*", err)
    assert all(TIME.match(line) for line in err.splitlines())
    assert [TIME.sub("", line, count=1) for line in err.splitlines()] == LINES


@pytest.mark.parametrize("width", [40, 120])
def test_on_a_terminal_the_same_lines_stay(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = open_terminal(monkeypatch, width)
    shown(*EVENTS)
    assert [TIME.sub("", line, count=1) for line in terminal.stays()] == LINES
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("width", [40, 120])
def test_batches_move_a_bar(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch, width)
    shown(SplitBegun("test", "mnist", 10_000), BatchEvaluated(5000, 10_000))
    assert terminal.bars()[-1].startswith("Validating test ━")
    assert "╸" in terminal.bars()[-1] or "╺" in terminal.bars()[-1]  # half way
    assert all(len(line) == width for line in terminal.bars())


def test_a_split_that_is_done_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with ValidationView() as view:
        for event in EVENTS[:6]:
            view.show(event)
        num_bars = len(terminal.bars())
    assert num_bars
    assert len(terminal.bars()) == num_bars


def test_what_is_fetched_is_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    shown(SourceFailed("https://a", "timed out"))
    assert capsys.readouterr().err.splitlines()[1] == "no data from https://a: timed out"


@pytest.mark.parametrize("status", ["running", "interrupted", "failed"])
def test_a_run_that_is_not_finished_is_said_to_be(
    status: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with ValidationView() as view:
        view.show(ModelFound(Path("runs/a/last.pt"), status))
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(f" - WARNING - Its run is not finished: {status}")


def test_for_a_report_there_is_a_bar_and_nothing_stays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = open_terminal(monkeypatch)
    with ReportView() as view:
        for event in EVENTS:
            view.show(event)
    assert terminal.stays() == [] and capsys.readouterr() == ("", "")
    assert terminal.bars()[-1].startswith("report ━")
