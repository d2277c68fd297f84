"""Runs that get SIGKILL go on to the bit: the figures of README's "What you can rely on"."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def killed(kind: str, engine: str, count: int, folder: Path) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.killing", kind, engine, str(count), str(folder)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "count"), [("native", 40), ("eager", 20)])
def test_killed_at_random_moments(engine: str, count: int, tmp_path: Path) -> None:
    assert killed("random", engine, count, tmp_path) == {
        "killed": count,
        "same": count,
        "broken": 0,
    }


@pytest.mark.slow
def test_killed_in_the_middle_of_writes(tmp_path: Path) -> None:
    """Every third of them; the file that is there is whole each time."""
    counts = killed("writes", "native", 3, tmp_path)
    assert counts["killed"] > 50
    assert counts == {"killed": counts["killed"], "same": counts["killed"], "broken": 0}
