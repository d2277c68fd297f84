"""Standard output; what a real pipe or a full disk does stands in cli/test_streams."""

import io
import sys

import pytest
from rich.text import Text

from mnistops.report.console import UNLIMITED_WIDTH, remark, show, stdout_console, write


def test_nothing_is_folded_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console = stdout_console()
    assert console.width == UNLIMITED_WIDTH
    show(console, [Text("word " * 500), Text("[red]:smile: literally", style="bold")])
    assert capsys.readouterr().out == ("word " * 500).rstrip() + "\n\n[red]:smile: literally\n"


def test_a_terminal_is_fitted_and_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "33")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    show(stdout_console(), [Text("word " * 20, style="bold")])
    assert "\x1b[1m" in terminal.getvalue()
    assert max(map(len, terminal.getvalue().split("\n"))) <= 33 + len("\x1b[1m\x1b[0m")


def test_closed_streams_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    write("x")
    remark("x")
    show(stdout_console(), [Text("x")])


def test_streams_that_the_users_code_has_closed_are_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    remark("nobody reads this")


def test_remarks_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    remark("one line")
    assert capsys.readouterr() == ("", "one line\n")
