"""The worker: every check, each told before and after, and nothing else on its lines."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mnistops.diagnosis import worker
from mnistops.diagnosis.check import Check
from mnistops.diagnosis.worker import all_checks, tell
from mnistops.settings import Settings


def divide(_: Settings) -> str:
    print("noise")
    return str(1 / 0)


CHECKS = [
    Check("first", lambda _: "1", advice="a"),
    Check("second", divide, is_needed=False, advice="b"),
]


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "all_checks", lambda: CHECKS)


def told(first: int) -> list[dict[str, Any]]:
    return [json.loads(line) for line in tell(Settings(), first)]


def test_there_is_a_check_of_all_that_a_report_needs() -> None:
    names = [check.name for check in all_checks()]
    assert len(set(names)) == len(names)
    asked = ["mnistops", "python", "system", "torch", "numpy", "devices", "compiler", "data"]
    assert [name for name in names if name in asked] != []
    assert {*asked, "runs folder", "cache", "torch.compile", "training"} <= set(names)


@pytest.mark.usefixtures("two")
def test_each_check_is_told_before_and_after() -> None:
    begun, found, *others = told(0)
    assert begun == {
        "begun": {"name": "first", "state": "problem", "found": "it did not end", "advice": "a"}
    }
    assert found == {"found": {"name": "first", "state": "fine", "found": "1", "advice": ""}}
    assert others == told(1)
    assert others[0]["begun"]["state"] == "lacking"
    assert others[1]["found"]["found"] == "ZeroDivisionError: division by zero"
    assert told(2) == []


def test_what_libraries_print_is_not_among_the_lines() -> None:
    code = (
        "from mnistops.diagnosis import worker\n"
        "from tests.diagnosis.test_worker import CHECKS, Settings\n"
        "worker.all_checks = lambda: CHECKS\n"
        "worker.main(1, Settings().model_dump_json())\n"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert [list(json.loads(line)) for line in done.stdout.split("\n") if line] == [
        ["begun"],
        ["found"],
    ]
    assert (done.returncode, done.stderr) == (0, "noise\n")
