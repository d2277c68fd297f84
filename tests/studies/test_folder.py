"""A study's folder: new, gone on with, or refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mnistops.errors import BadInput, CannotCreate, Locked, MnistopsError, UsageError
from mnistops.studies.folder import Request, StudyFolder, open_folder
from mnistops.studies.outcome import write_outcome
from tests.study_runs import made_outcome

REQUEST: Request = {"seeds": 2, "groups": ["a", "b"], "group a": {"train": {"epochs": 1}}}


def opened(named: str | None = "study", request: Request = REQUEST) -> StudyFolder:
    with open_folder(Path("runs"), "net", Path(named) if named else None, request) as folder:
        return folder


def refused(request: Request = REQUEST) -> MnistopsError:
    with pytest.raises(MnistopsError) as error:
        opened(request=request)
    return error.value


def test_a_new_one_is_named_by_time_and_network() -> None:
    folder = opened(None)
    assert folder.path.parent == Path("runs") and folder.path.name.endswith("-study-net")
    record = json.loads((folder.path / "study.json").read_text())
    assert record["request"] == REQUEST and "torch" in record["versions"]
    assert {path.name for path in folder.path.iterdir()} >= {"runs", "workers"}


def test_a_named_one_is_made_and_found_again() -> None:
    folder = opened()
    assert folder.path == Path("study")
    record = Path("study/study.json").read_bytes()
    assert opened() == folder
    assert Path("study/study.json").read_bytes() == record


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 3}, "expected the study that is in it, with seeds 2, got 3"),
        ({"groups": ["a"]}, "with groups a, b, got a"),
        ({"group a": {"train": {"epochs": 2}}}, "with group a.train.epochs 1, got 2"),
        ({"group a": {"train": {}}}, "with group a.train.epochs 1, got none"),
        ({"more": 1}, "with more none, got 1"),
    ],
)
def test_another_study_is_refused(change: Request, message: str) -> None:
    opened()
    error = refused({**REQUEST, **change})
    assert isinstance(error, UsageError)
    assert error.message.startswith("--dir study: ") and message in error.message


def test_a_folder_of_something_else_is_refused_and_left() -> None:
    Path("study").mkdir()
    Path("study/note").write_text("mine")
    assert isinstance(refused(), CannotCreate)
    assert [path.name for path in Path("study").iterdir()] == ["note"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"request": 3}'])
def test_a_record_that_tells_nothing(text: str) -> None:
    Path("study").mkdir()
    Path("study/study.json").write_text(text)
    assert isinstance(refused(), BadInput)


def test_a_study_that_goes_on_is_left_to_itself() -> None:
    pytest.importorskip("fcntl")
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from mnistops.studies.folder import open_folder\n"
        "with open_folder(Path('runs'), 'net', Path('study'), {}):\n"
        "    print('ready', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        error = refused({})
        assert (
            isinstance(error, Locked) and "expected no other process at work in it" in error.message
        )
        process.kill()
    assert opened(request={}).path == Path("study")


def test_runs_have_their_places() -> None:
    folder = opened()
    run = folder.run("a-seed0")
    assert (folder.outcome("a-seed0"), folder.num_epochs("a-seed0")) == (None, 0)
    run.mkdir()
    (run / "metrics.csv").write_text("epoch\n0\n1\n")
    write_outcome(run, made_outcome([1]))
    assert folder.num_epochs("a-seed0") == 2
    assert folder.outcome("a-seed0") == made_outcome([1])
    folder.discard("a-seed0")
    folder.discard("a-seed0")
    assert not run.exists() and run.parent.exists()
