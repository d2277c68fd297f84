"""An export while it goes on: a bar on a terminal, and nothing elsewhere."""

import pytest

from mnistops.exports.export import FormatBegun, TimingBegun
from mnistops.report.export_view import ExportView
from tests.report.test_progress import open_terminal


def test_a_bar_of_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with ExportView() as view:
        view.show(FormatBegun("onnx"))
        view.show(TimingBegun())
    assert any("timing" in bar for bar in terminal.bars())
    assert terminal.stays() == []


def test_elsewhere_it_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with ExportView() as view:
        view.show(FormatBegun("onnx"))
        view.show(TimingBegun())
    assert capsys.readouterr() == ("", "")
