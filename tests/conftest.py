"""What all tests share: a clean place to run in, and ways to run the command."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from mnistops.cli.app import run
from mnistops.disk import cache_folder
from tests.running import Outcome, Run

pytest_plugins = ["tests.browser"]

# A failing example prints how to repeat it; a slow machine is no failure.
settings.register_profile("mnistops", deadline=None, print_blob=True)
settings.load_profile("mnistops")
# For a longer search by hand: pytest --hypothesis-profile thorough
settings.register_profile("thorough", parent=settings.get_profile("mnistops"), max_examples=2000)


if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # As of what a shell runs in the background: commands that tests interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for this session: native kernels are built into it once; MNIST is the user's own."""
    home = tmp_path_factory.mktemp("cache")
    (home / "mnistops").mkdir()
    data = cache_folder() / "data"
    if data.is_dir():
        (home / "mnistops" / "data").symlink_to(data.resolve(), target_is_directory=True)
    return home


@pytest.fixture(autouse=True)
def clean_place(tmp_path: Path, cache_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder, no settings from the environment, no engine chosen before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    shutil.rmtree(cache_home / "mnistops" / "engines", ignore_errors=True)
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
