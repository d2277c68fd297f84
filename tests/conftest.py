"""What all tests share: a clean place to run in, and ways to run the command."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from mnistops.cli.app import run
from tests.running import Outcome, Run

# A failing example prints how to repeat it; a slow machine is no failure.
settings.register_profile("mnistops", deadline=None, print_blob=True)
settings.load_profile("mnistops")
# For a longer search by hand: pytest --hypothesis-profile thorough
settings.register_profile("thorough", parent=settings.get_profile("mnistops"), max_examples=2000)


@pytest.fixture(autouse=True)
def clean_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder, and no settings from the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.upper().startswith("MNISTOPS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``mnistops`` in this process: arguments to exit code and both streams."""

    def run_command(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = run(arguments)
        return Outcome(code, *capsys.readouterr())

    return run_command
