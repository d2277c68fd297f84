"""A prediction while it goes on: a bar on a terminal, and nothing elsewhere."""

import pytest

from mnistops.evaluation import BatchEvaluated
from mnistops.prediction import PictureRead
from mnistops.report.prediction_view import PredictionView
from tests.report.test_progress import open_terminal


def test_a_bar_of_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with PredictionView() as view:
        view.show(PictureRead(1, 2))
        view.show(BatchEvaluated(2, 2))
    assert any("reading pictures" in bar for bar in terminal.bars())
    assert terminal.stays() == []


def test_elsewhere_it_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with PredictionView() as view:
        view.show(PictureRead(1, 1))
    assert capsys.readouterr() == ("", "")
