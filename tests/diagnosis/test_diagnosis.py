"""A diagnosis: every check has its finding, whatever ends the process that looks."""

import pytest

from mnistops.diagnosis.diagnosis import CheckBegun, Diagnosis, diagnose
from mnistops.diagnosis.worker import all_checks
from mnistops.events import result_of
from mnistops.settings import Settings
from tests.diagnosis.broken import ABORTS, break_libraries


def test_what_ends_the_process_is_one_finding_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    break_libraries(monkeypatch, torch=ABORTS, scipy="raise ImportError('no libblas')")
    begun: list[CheckBegun] = []
    diagnosis = result_of(diagnose(Settings(data={"offline": True})), begun.append)
    names = [check.name for check in all_checks()]
    assert [finding.name for finding in diagnosis.findings] == names
    assert [event.name for event in begun] == names
    found = {finding.name: finding for finding in diagnosis.findings}
    assert found["torch"].state == "problem"
    assert found["torch"].found == "ended by SIGABRT: OMP: Error #15"
    assert found["torch"].advice.startswith("pip install --force-reinstall")
    assert (found["scipy"].state, found["scipy"].found) == ("problem", "ImportError: no libblas")
    assert found["native kernels"].state == "lacking"  # trains without
    assert found["training"].state == "problem"
    assert {found[name].state for name in ("numpy", "runs folder", "typer")} == {"fine"}
    assert {finding.name for finding in diagnosis.problems} >= {"torch", "scipy", "training"}
    assert "native kernels" not in {finding.name for finding in diagnosis.problems}


def test_a_worker_that_does_not_even_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    break_libraries(monkeypatch, packaging="raise ImportError('broken')")
    diagnosis: Diagnosis = result_of(diagnose(Settings()))
    (finding,) = diagnosis.findings
    assert (finding.name, finding.state) == ("diagnosis", "problem")
    assert finding.found == "exit code 1: ImportError: broken"
