"""run.json: it says how a run goes while it goes, and keeps when it was begun."""

from pathlib import Path

import pytest

from mnistops.settings import Settings
from mnistops.training.events import RunBegun
from mnistops.training.recording import recorded
from mnistops.training.run_folder import read_record, run_status

RUN = Path("run")
BEGUN = RunBegun(
    RUN, "net", 10, "one-cycle", 2, 32, "cpu", 100, 50, 0, "eager", "fp32", 1, 0.0, 1, 7
)


@pytest.fixture(autouse=True)
def folder() -> None:
    RUN.mkdir()


def test_it_says_running_then_done_and_what_came_of_it() -> None:
    with recorded(RUN, Settings(seed=3), BEGUN) as told:
        assert run_status(RUN) == "running"
        told["final"] = 5
    values = read_record(RUN)
    assert (values["status"], values["final"], values["seed"]) == ("done", 5, 3)
    assert (values["network"], values["num_params"], values["threads"]) == ("net", 10, 1)
    assert "run_folder" not in values and "steps_done" not in values and "resumed" not in values


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError, "failed"), (GeneratorExit, "interrupted")]
)
def test_it_says_how_else_it_ended(error: type[BaseException], status: str) -> None:
    with pytest.raises(error), recorded(RUN, Settings(), BEGUN):
        raise error
    assert run_status(RUN) == status


def test_it_keeps_when_it_was_begun_and_adds_when_it_went_on() -> None:
    begun = []
    for _ in range(3):
        with recorded(RUN, Settings(), BEGUN):
            pass
        begun.append(read_record(RUN)["begun"])
    assert len(set(begun)) == 1
    resumed = read_record(RUN)["resumed"]
    assert len(resumed) == 2 and begun[0] < resumed[0] < resumed[1]


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"resumed": 3, "begun": null}'])
def test_an_odd_one_is_written_anew(text: str) -> None:
    (RUN / "run.json").write_text(text)
    with recorded(RUN, Settings(), BEGUN):
        pass
    assert run_status(RUN) == "done" and isinstance(read_record(RUN)["begun"], str)
