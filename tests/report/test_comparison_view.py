"""A comparison while it goes on."""

from pathlib import Path

import pytest

from mnistops.data.sources import SourceFailed
from mnistops.evaluation import BatchEvaluated
from mnistops.report.comparison_view import ComparisonView
from mnistops.runs.comparison import RunEvaluating
from tests.report.test_progress import open_terminal


def test_a_line_for_each_run_that_is_evaluated(capsys: pytest.CaptureFixture[str]) -> None:
    with ComparisonView() as view:
        view.show(SourceFailed("mirror", "no route"))
        view.show(RunEvaluating(1, 3, Path("runs/\x1b/last.pt")))
        view.show(BatchEvaluated(10, 100))
    assert capsys.readouterr().err.splitlines() == [
        "no data from mirror: no route",
        "run 2 of 3: evaluating runs/\\x1b/last.pt",
    ]


def test_a_bar_of_the_images(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with ComparisonView() as view:
        view.show(BatchEvaluated(10, 100))
    assert any("test images" in bar for bar in terminal.bars())
