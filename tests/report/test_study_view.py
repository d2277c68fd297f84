"""What is seen of a study."""

import re
from pathlib import Path

import pytest

from mnistops.report.study_view import StudyView
from mnistops.studies.events import (
    EpochsDone,
    RunFailed,
    RunFinished,
    RunStarted,
    StudyBegun,
    StudyDone,
    WorkerDied,
)
from mnistops.studies.results import MissingRun, StudyResult
from mnistops.training.preparation import EngineSought
from tests.report.test_progress import open_terminal
from tests.study_runs import made_group

BEGUN = StudyBegun(Path("runs", "s"), ("one-cycle", "plateau"), 5, 0, 2, "cpu", ("native",))
ROW = made_group("one-cycle", [4]).rows[0]
DONE = StudyDone(StudyResult(Path("runs", "s"), (), (), "test", ()))
GOES_ON = f"the same `mnistops study ... --dir {Path('runs', 's')}` goes on from there"


def shown(*events: object) -> None:
    with StudyView() as view:
        for event in events:
            view.show(event)


def lines(capsys: pytest.CaptureFixture[str], *events: object) -> list[str]:
    shown(*events)
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()


def test_a_study_is_introduced(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, EngineSought(), BEGUN, DONE) == [
        "2 groups x 5 seeds: 10 runs",
        "2 at a time on cpu, native engine",
        f"study folder: {Path('runs', 's')}",
    ]


def test_one_that_goes_on_tells_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    half = StudyBegun(Path("s"), ("a",), 2, 1, 1, "cpu", ("eager", "native"))
    assert lines(capsys, half, DONE)[:2] == [
        "1 group x 2 seeds: 2 runs; 1 of them done before",
        "1 at a time on cpu, eager and native engine",
    ]
    begun = StudyBegun(Path("s"), ("a",), 1, 1, 1, "cpu", ("eager",))
    assert lines(capsys, begun, DONE)[:2] == [
        "1 group x 1 seed: 1 run; 1 of them done before",
        f"study folder: {Path('s')}",
    ]


def test_a_run_that_is_done_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    events = (BEGUN, RunStarted("one-cycle-seed0", 7), EpochsDone(15, 150), RunFinished(ROW), DONE)
    assert lines(capsys, *events)[3:] == [
        " 1  one-cycle, seed 0: test 99.60 %, 4 errors, 61.5 s",
    ]
    held = made_group("one-cycle", [4], [10]).rows[0]
    assert lines(capsys, BEGUN, RunFinished(held), DONE)[3:] == [
        " 1  one-cycle, seed 0: hold-out 98.00 % (fold 0), test 99.60 %, 4 errors, 61.5 s",
    ]


def test_deaths_are_told_and_control_characters_are_not_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failed = RunFailed(MissingRun("b", 1, "exit code 1: \x1b[31m"))
    assert lines(capsys, BEGUN, WorkerDied("a", 0, "ended by SIGKILL"), failed, DONE)[3:] == [
        "a, seed 0: ended by SIGKILL; begun again",
        "b, seed 1: exit code 1: \\x1b[31m; given up",
    ]


def stopped(kind: type[BaseException], *events: object) -> None:
    with StudyView() as view:
        for event in events:
            view.show(event)
        raise kind


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ValueError])
def test_one_that_is_stopped_tells_how_to_go_on(
    kind: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(kind):
        stopped(kind, BEGUN, RunFinished(ROW))
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"stopped with 1 of 10 runs done; {GOES_ON}"
    )


def test_before_it_has_begun_and_after_its_end_there_is_nothing_to_go_on_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for events in ((), (BEGUN, DONE)):
        with pytest.raises(KeyboardInterrupt):
            stopped(KeyboardInterrupt, *events)
        assert "goes on" not in capsys.readouterr().err


@pytest.mark.parametrize("width", [40, 80, 120])
def test_epochs_move_a_bar_of_which_nothing_is_cut(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = open_terminal(monkeypatch, width)
    shown(EngineSought(), BEGUN, EpochsDone(15, 150), RunFinished(ROW), EpochsDone(16, 150), DONE)
    bars = [line for line in terminal.bars() if line.startswith("epochs")]
    assert bars
    for line in bars:
        assert "…" not in line and len(line) == width
    if width >= 70:
        assert re.match("epochs ━.* of 10 runs ", bars[-1])
    assert terminal.stays()[-1].startswith(" 1  one-cycle, seed 0: ")
