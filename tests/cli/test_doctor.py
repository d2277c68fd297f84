"""``mnistops doctor``: a report, and its verdict as the exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mnistops.diagnosis.check import Finding
from mnistops.diagnosis.diagnosis import Diagnosis
from tests.diagnosis.broken import break_libraries
from tests.running import Run


@pytest.mark.slow
def test_this_machine_is_fine(command: Run) -> None:
    outcome = command("doctor", "--format", "json", "--data-dir", "empty")
    result = json.loads(outcome.out)
    assert (outcome.code, result["is_fine"], outcome.err) == (0, True, "")
    found = {finding["name"]: finding["found"] for finding in result["findings"]}
    assert " images/s: reference, " in found["training"]
    assert str(Path.home()) not in outcome.out
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(("state", "code"), [("fine", 0), ("lacking", 0), ("problem", 1)])
def test_only_a_problem_is_a_negative_verdict(
    command: Run, monkeypatch: pytest.MonkeyPatch, state: str, code: int
) -> None:
    def diagnose(_: object):  # type: ignore[no-untyped-def]
        yield from ()
        return Diagnosis((Finding("x", state, "y", "z"),))  # type: ignore[arg-type]

    monkeypatch.setattr("mnistops.diagnosis.diagnosis.diagnose", diagnose)
    for format_ in ("table", "json", "markdown", "csv"):
        outcome = command("doctor", "--format", format_)
        assert outcome.code == code and outcome.out


def test_it_starts_without_what_may_be_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that cannot import torch, numpy, scipy or matplotlib still reports so."""
    broken = dict.fromkeys(("torch", "numpy", "scipy", "matplotlib"), "raise ImportError('no')")
    break_libraries(monkeypatch, **broken)
    Path("afile").touch()
    done = subprocess.run(
        [sys.executable, "-m", "mnistops", "doctor", "--format", "csv", "--runs-dir", "afile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    for name in broken:
        assert f"{name},problem,ImportError: no," in done.stdout
    assert 'runs folder,problem,"afile: expected a folder that can be written to' in done.stdout
