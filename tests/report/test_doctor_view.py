"""A diagnosis while it goes on: a moving line on a terminal, and nothing elsewhere."""

import pytest

from mnistops.diagnosis.diagnosis import CheckBegun
from mnistops.report.doctor_view import DoctorView
from tests.report.test_progress import STYLE, open_terminal


def test_on_a_terminal_it_names_what_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with DoctorView() as view:
        view.show(CheckBegun("[red]numpy"))
    assert "looking at [red]numpy" in STYLE.sub("", terminal.getvalue())
    assert terminal.stays() == []


def test_elsewhere_it_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with DoctorView() as view:
        view.show(CheckBegun("torch"))
    assert capsys.readouterr() == ("", "")
