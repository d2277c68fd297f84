"""A bug of ours: two lines for the user, and a file for who mends it."""

import re
from pathlib import Path
from unittest.mock import Mock

import pytest

from mnistops.analysis import what_if
from mnistops.cli.crash import MOST_KEPT, explain_crash
from mnistops.disk import cache_folder
from mnistops.errors import ExitCode
from tests.running import Run


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A bug in ``mnistops rf``, and a cache of this test's own."""
    monkeypatch.setattr(what_if, "field_tables", Mock(side_effect=ZeroDivisionError("a\nb")))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.usefixtures("broken")
def test_the_file_has_all_that_a_report_needs(command: Run) -> None:
    outcome = command("rf", "--unit", "1,2")
    (file,) = (cache_folder() / "crashes").iterdir()
    assert outcome == (
        ExitCode.BUG,
        "",
        "error: mnistops: expected no bug, got ZeroDivisionError: a b\n"
        f"hint: please report it, with {file}\n",
    )
    text = file.read_text()
    assert re.match(r"mnistops [\d.]+, Python 3\.", text)
    assert "\nmnistops 'rf' '--unit' '1,2'\n" in text
    assert "Traceback" in text and "mnistops/cli/rf.py" in text
    assert text.endswith("ZeroDivisionError: a\nb\n")


@pytest.mark.usefixtures("broken")
def test_debug_shows_the_traceback_as_well(command: Run) -> None:
    error = command("rf", "--debug").err
    assert error.startswith("error: mnistops: expected no bug") and "mnistops/cli/rf.py" in error


@pytest.mark.usefixtures("broken")
def test_where_no_file_can_be_written_that_is_said(command: Run, tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    outcome = command("rf")
    assert outcome.code == ExitCode.BUG
    assert outcome.err.splitlines()[1] == (
        f"hint: please report it, with what --debug prints ({cache_folder()}/crashes: expected to "
        "make a folder, got: Not a directory)"
    )


@pytest.mark.usefixtures("broken")
def test_a_few_are_kept_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10, 10 + MOST_KEPT + 3):
        monkeypatch.setattr("os.getpid", lambda number=number: number)
        explain_crash(ValueError("x"), ())
    kept = {path.stem.rpartition("-")[2] for path in (cache_folder() / "crashes").iterdir()}
    assert kept == {str(number) for number in range(13, 13 + MOST_KEPT)}


@pytest.mark.usefixtures("broken")
def test_words_that_are_no_text_are_kept_too() -> None:
    explain_crash(ValueError("\udcff"), ("\udcff",))
    (file,) = (cache_folder() / "crashes").iterdir()
    assert "\\udcff" in file.read_text()
