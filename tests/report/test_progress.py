"""Standard error while it goes on: a bar on a terminal, lines everywhere."""

import io
import re
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from mnistops.data.class_folders import PicturesRead
from mnistops.data.files import FILES
from mnistops.data.known import KNOWN, MNIST
from mnistops.data.sources import Fetching, SourceFailed, Waiting, fetch
from mnistops.report.progress import View
from mnistops.training.engine_choice import EngineMissed

UP, ERASE = "\x1b[1A", "\x1b[2K"
STYLE = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    """Standard error as a terminal that remembers all that was written."""

    def isatty(self) -> bool:
        return True

    def stays(self) -> list[str]:
        """The lines that are left on the screen: what was erased is gone."""
        lines, row = [""], 0
        for token in re.findall(r"\x1b\[[0-9;?]*[a-zA-Z]|\n|[^\x1b\r\n]+", self.getvalue()):
            if token == "\n":
                row += 1
                lines += [""] * (row == len(lines))
            elif token == UP:
                row -= 1
            elif token == ERASE:
                lines[row] = ""
            elif not token.startswith("\x1b"):
                lines[row] += token
        return [line for line in lines if line]

    def bars(self) -> list[str]:
        """The lines with a bar that were on the screen at some time."""
        lines = re.split(r"\r|\n|\x1b\[2K", STYLE.sub("", self.getvalue()))
        return [line for line in lines if "━" in line]


def open_terminal(monkeypatch: pytest.MonkeyPatch, width: int = 120) -> Terminal:
    """Not a fixture: pytest sets the streams anew between set-up and test."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(width))
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def test_without_a_terminal_lines_are_all(capsys: pytest.CaptureFixture[str]) -> None:
    with View() as view:
        view.bar("work", 1, 2, "details")
        view.line("one\ntwo [bold]x[/bold] :smile:")
        view.clear()
    assert capsys.readouterr() == ("", "one\ntwo [bold]x[/bold] :smile:\n")


def test_lines_come_before_the_view_is_entered(capsys: pytest.CaptureFixture[str]) -> None:
    View().line("early")
    assert capsys.readouterr().err == "early\n"


def test_a_closed_standard_error_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with View() as view:
        view.bar("work", 1, 2)
        view.line("one")
        view.clear()


def test_a_terminal_gets_a_bar_and_lines_that_stay(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = open_terminal(monkeypatch)
    with View() as view:
        view.line("before")
        view.bar("work", 1, 2, "details")
        view.line("between")
        view.bar("work", 2, 2, "more")
    assert terminal.stays() == ["before", "between"]
    assert any(re.match("work ━.* details ", line) for line in terminal.bars())
    assert re.match("work ━.* more ", terminal.bars()[-1])
    assert capsys.readouterr().out == ""


def test_a_bar_that_is_cleared_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with View() as view:
        view.bar("work", 1, 2)
        view.clear()
        num_bars = len(terminal.bars())
    assert len(terminal.bars()) == num_bars
    assert terminal.stays() == []


def test_other_work_gets_a_bar_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with View() as view:
        view.bar("first", 5, 10)
        view.bar("second", 1, None)
    assert terminal.bars()[0].startswith("first ")
    assert terminal.bars()[-1].startswith("second ")


@pytest.mark.parametrize("width", [40, 120])
def test_a_bar_fits_its_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch, width)
    with View() as view:
        view.bar("work", 1, 2, "loss 0.1")
    assert terminal.bars()
    assert all(len(line) == width for line in terminal.bars())


def test_a_long_line_is_left_to_the_terminal_to_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch, 40)
    with View() as view:
        view.line("word " * 20 + "end")
    assert terminal.stays() == ["word " * 20 + "end"]


def test_names_are_literal_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with View() as view:
        view.bar("[bold]x[/bold] :smile:", 1, 2, "[red]y[/red]")
        view.line("[bold]z[/bold] :smile: 1,234 'quoted'")
    assert re.match(r"\[bold\]x\[/bold\] :smile: ━.* \[red\]y\[/red\] ", terminal.bars()[-1])
    assert terminal.stays()[0] == "[bold]z[/bold] :smile: 1,234 'quoted'"
    # No colours in a line: nothing of it is taken for a number or a string.
    assert "[bold]z[/bold] :smile: 1,234 'quoted'\n" in terminal.getvalue()


def test_no_color_takes_the_colours_but_not_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)

    def written() -> str:
        start = len(terminal.getvalue())
        with View() as view:
            view.bar("work", 1, 2)
        return terminal.getvalue()[start:]

    assert STYLE.search(written())
    monkeypatch.setenv("NO_COLOR", "1")
    text = written()
    assert not STYLE.search(text)
    assert "work ━" in text


def test_a_dumb_terminal_gets_no_control_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    monkeypatch.setenv("TERM", "dumb")
    with View() as view:
        view.bar("work", 1, 2)
        view.line("one")
        view.clear()
    assert "\x1b" not in terminal.getvalue()
    assert "one" in terminal.getvalue().splitlines()


def test_an_error_gives_the_cursor_and_the_streams_back(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with suppress(KeyboardInterrupt), View() as view:
        view.bar("work", 1, 2)
        raise KeyboardInterrupt
    hidden, _, after = terminal.getvalue().rpartition("\x1b[?25h")
    assert "\x1b[?25l" in hidden
    assert "\x1b[?25l" not in after
    assert sys.stderr is terminal


def test_a_failed_source_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with View() as view:
        view.show(SourceFailed("https://a", "a.gz: expected to download it, got: timed out"))
    assert capsys.readouterr().err == (
        "no data from https://a: a.gz: expected to download it, got: timed out\n"
    )


def test_who_is_waited_for_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with View() as view:
        view.show(Waiting("data: expected no other process at work in it, got one with pid 3"))
    assert capsys.readouterr().err == (
        "waiting: data: expected no other process at work in it, got one with pid 3\n"
    )


def test_a_missing_engine_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Each group of a study asks for one."""
    missed = EngineMissed("native", "--engine native: expected a C++ compiler, got none (g++)")
    with View() as view:
        view.show(missed)
        view.show(missed)
    assert capsys.readouterr().err == (
        "going on without engine native: expected a C++ compiler, got none (g++)\n"
    )


def test_what_a_source_fetches_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The events are the mirror's own, from a file that is fetched in four pieces."""
    name = f"{FILES[0].name}.gz"
    (tmp_path / name).write_bytes(bytes(200_000))
    mirror = f"{tmp_path.as_uri()}/"
    monkeypatch.setitem(KNOWN, MNIST, replace(KNOWN[MNIST], mirrors=(mirror,)))
    events = fetch(MNIST, tmp_path / "data", is_named=True)
    with View() as view:
        for event in events:
            view.show(event)
            if isinstance(event, SourceFailed):
                break
    events.close()
    fetching, failed = capsys.readouterr().err.splitlines()
    assert fetching == f"fetching {name} from {mirror}"
    assert failed.startswith(f"no data from {mirror}: ")


def test_fetching_moves_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with View() as view:
        view.show(Fetching("https://a", "a.gz", 0, 9_000_000))
        view.show(Fetching("https://a", "a.gz", 4_500_000, 9_000_000))
    assert terminal.stays() == ["fetching a.gz from https://a"]
    assert re.match(r"fetching a\.gz ━.* 4\.5 MB ", terminal.bars()[-1])


def test_pictures_that_are_read_move_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with View() as view:
        view.show(PicturesRead(500, 1000))
        view.show(PicturesRead(1000, 1000))
    assert terminal.stays() == []
    assert terminal.bars()[0].startswith("reading pictures ")


def test_fetching_without_an_end_moves_a_bar_too(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with View() as view:
        view.show(Fetching("package index", "a-wheel", 0, None))
    assert terminal.bars()[-1].startswith("fetching a-wheel ")
