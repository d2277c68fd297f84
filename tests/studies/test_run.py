"""A study from settings to its folder: stopped, gone on with, and with workers that die."""

import csv
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mnistops
from mnistops.errors import BadInput, UsageError
from mnistops.events import result_of
from mnistops.settings import Settings
from mnistops.studies.events import (
    EpochsDone,
    RunFailed,
    RunFinished,
    RunStarted,
    StudyBegun,
    StudyDone,
    WorkerDied,
)
from mnistops.studies.outcome import RunOutcome
from mnistops.studies.results import MissingRun, StudyResult
from mnistops.studies.run import study
from mnistops.studies.worker import error_path
from tests.made_data import write_dataset
from tests.study_runs import InstantPool, Work, made_outcome

Use = Callable[[Work], InstantPool]


@pytest.fixture(autouse=True)
def made() -> None:
    write_dataset(Path("made"), 120, 50)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Let workers come to what this makes of their settings, at once."""

    def use(work: Work) -> InstantPool:
        pool = InstantPool(work)
        monkeypatch.setattr("mnistops.studies.run.keep_busy", pool)
        return pool

    return use


def settings(**sections: Any) -> Settings:
    train = {"epochs": 1, "batch_size": 30, "engine": "eager", "learning_rate": 0.1}
    asked = {"seeds": 2, "recipe": "one-cycle,plateau", "dir": "study", "workers": 2}
    return Settings(
        data={"dataset": "made"},
        train={**train, **sections.pop("train", {})},
        study={**asked, **sections.pop("study", {})},
        **sections,
    )


def run(asked: Settings) -> tuple[StudyResult, list[object]]:
    events: list[object] = []
    return result_of(study(asked), events.append), events


def by_recipe(asked: Settings) -> RunOutcome:
    """Three more mistakes with plateau, one more with each seed."""
    wrong = range(4 + asked.seed if asked.train.recipe == "plateau" else 1 + asked.seed)
    num_holdout = asked.train.holdout
    return made_outcome(wrong, wrong if num_holdout else (), num_holdout, num_test=50)


def test_it_is_the_packages_study() -> None:
    assert mnistops.study is study


def test_events_come_in_order_and_the_result_last(use: Use) -> None:
    use(by_recipe)
    result, events = run(settings())
    (begun,) = [event for event in events if isinstance(event, StudyBegun)]
    assert begun.groups == ("one-cycle", "plateau")
    assert (begun.num_seeds, begun.num_done, begun.num_workers) == (2, 0, 2)
    assert (begun.device, begun.engines) == ("cpu", ("eager",))
    assert sum(isinstance(event, RunStarted) for event in events) == 4
    rows = [event.row for event in events if isinstance(event, RunFinished)]
    assert [(row.group, row.seed) for row in rows] == [
        ("one-cycle", 0),
        ("plateau", 0),
        ("one-cycle", 1),
        ("plateau", 1),
    ]
    assert events[-1] == StudyDone(result)
    assert [event.num_done for event in events if isinstance(event, EpochsDone)][-1] == 8
    assert [group.name for group in result.groups] == ["one-cycle", "plateau"]
    assert [[row.test_errors for row in group.rows] for group in result.groups] == [[1, 2], [4, 5]]
    (comparison,) = result.comparisons
    assert comparison.difference == pytest.approx(3 / 50)


def test_its_folder_tells_all(use: Use) -> None:
    use(by_recipe)
    result, _ = run(settings(seed=5, train={"holdout": 40}))
    assert result.folder == Path("study") and result.judged_on == "holdout"
    rows = list(csv.DictReader(Path("study/study.csv").read_text().splitlines()))
    assert [(row["group"], row["seed"], row["holdout_fold"]) for row in rows] == [
        ("one-cycle", "5", "0"),
        ("plateau", "5", "0"),
        ("one-cycle", "6", "1"),
        ("plateau", "6", "1"),
    ]
    asked = json.loads(Path("study/workers/plateau-seed6.json").read_text())
    assert asked["train"]["run_dir"] == str(Path("study/runs/plateau-seed6"))
    assert (asked["seed"], asked["train"]["holdout_fold"]) == (6, 1)
    assert asked["train"]["engine"] == "eager" and asked["network"]["dropout"] == 0.03


def test_what_is_done_is_not_done_again(use: Use) -> None:
    def until_killed(asked: Settings) -> RunOutcome:
        if (asked.train.recipe, asked.seed) == ("one-cycle", 1):
            raise KeyboardInterrupt
        return by_recipe(asked)

    first = use(until_killed)
    with pytest.raises(KeyboardInterrupt):
        run(settings())
    assert first.done == ["one-cycle-seed0", "plateau-seed0", "one-cycle-seed1"]
    left = Path("study/runs/one-cycle-seed1/half")
    left.parent.mkdir()
    left.touch()
    second = use(by_recipe)
    result, events = run(settings())
    assert second.done == ["one-cycle-seed1", "plateau-seed1"]
    assert [event.num_done for event in events if isinstance(event, StudyBegun)] == [2]
    assert len(result.rows) == 4 and not left.exists()
    third = use(by_recipe)
    assert run(settings())[0] == result
    assert third.done == []


def test_another_request_is_refused(use: Use) -> None:
    use(by_recipe)
    run(settings())
    for change, message in (
        ({"seed": 1}, "with first seed 0, got 1"),
        ({"study": {"seeds": 3}}, "with seeds 2, got 3"),
        ({"study": {"recipe": "plateau"}}, "with groups one-cycle, plateau, got reference"),
        ({"train": {"batch_size": 40}}, "with group one-cycle.train.batch_size 30, got 40"),
    ):
        with pytest.raises(UsageError) as error:
            run(settings(**change))
        assert message in error.value.message
    write_dataset(Path("made"), 120, 60)
    with pytest.raises(UsageError, match="with images "):
        run(settings())


def test_a_run_that_dies_is_told_and_missing(use: Use) -> None:
    def work(asked: Settings) -> RunOutcome | str | None:
        if asked.seed == 0:
            return by_recipe(asked)
        return "ended by SIGKILL" if asked.train.recipe == "plateau" else None

    use(work)
    result, events = run(settings())
    died = [event for event in events if isinstance(event, WorkerDied)]
    assert died == [WorkerDied("plateau", 1, "ended by SIGKILL")]
    assert result.missing == (
        MissingRun("one-cycle", 1, "its worker ended without a result"),
        MissingRun("plateau", 1, "ended by SIGKILL"),
    )
    assert [event.missing for event in events if isinstance(event, RunFailed)] == [*result.missing]
    assert len(result.rows) == 2


def test_a_loss_that_is_no_number_is_that_runs_alone(use: Use) -> None:
    def work(asked: Settings) -> RunOutcome | None:
        if asked.train.recipe == "one-cycle":
            return by_recipe(asked)
        tell(asked, "NotFinite")
        return None

    use(work)
    result, _ = run(settings())
    assert [missing.reason for missing in result.missing] == ["a: expected b, got c"] * 2
    assert result.comparisons == () and result.groups[1].judged.mean is None


def tell(asked: Settings, kind: str) -> None:
    """What a worker does when the user can mend something."""
    assert asked.train.run_dir is not None
    request = Path("study/workers", f"{asked.train.run_dir.name}.json")
    told = {"kind": kind, "message": "a: expected b, got c", "hint": None}
    error_path(request).write_text(json.dumps(told))


def test_any_other_mistake_ends_the_study(use: Use) -> None:
    pool = use(lambda asked: tell(asked, "BadInput"))
    with pytest.raises(BadInput, match="a: expected b, got c"):
        run(settings())
    assert len(pool.done) == 1
    use(by_recipe)
    assert len(run(settings())[0].rows) == 4  # nothing of it is left


def test_mistakes_are_found_before_there_is_a_folder(use: Use) -> None:
    use(by_recipe)
    for change in ({"study": {"vary": "train.epochs=0"}}, {"train": {"batch_size": 500}}):
        with pytest.raises(UsageError):
            run(settings(**change))
    assert not Path("study").exists()


def test_a_real_worker_comes_to_what_a_training_does() -> None:
    result, events = run(settings(study={"seeds": 1, "recipe": "one-cycle"}))
    (row,) = result.rows
    assert (row.group, row.epochs, result.missing) == ("reference", 1, ())
    alone = mnistops.Settings(
        data={"dataset": "made"},
        train={
            "run_dir": "alone",
            "epochs": 1,
            "batch_size": 30,
            "engine": "eager",
            "learning_rate": 0.1,
        },
    )
    assert result_of(mnistops.train(alone)).final.test_errors == pytest.approx(
        row.test_errors, abs=3
    )  # another number of threads
    assert Path("study/runs/reference-seed0/last.pt").exists()
    assert Path("study/workers/reference-seed0.log").read_text() == ""
    assert EpochsDone(1, 1) in events


@pytest.mark.slow
def test_a_worker_that_is_really_killed_is_begun_again() -> None:
    killed: list[str] = []

    def kill_once(event: object) -> None:
        if isinstance(event, RunStarted) and not killed:
            os.kill(event.pid, signal.SIGKILL)
            killed.append(event.name)
        events.append(event)

    events: list[object] = []
    result = result_of(study(settings(study={"seeds": 1})), kill_once)
    assert [event.reason for event in events if isinstance(event, WorkerDied)] == [
        "ended by SIGKILL"
    ]
    assert (len(result.rows), result.missing) == (2, ())


@pytest.mark.slow
def test_a_second_death_leaves_the_run_out() -> None:
    def kill(event: object) -> None:
        if isinstance(event, RunStarted) and event.name == "plateau-seed0":
            os.kill(event.pid, signal.SIGKILL)

    result = result_of(study(settings(study={"seeds": 1})), kill)
    assert result.missing == (MissingRun("plateau", 0, "ended by SIGKILL"),)
    assert [row.group for row in result.rows] == ["one-cycle"]
    again, events = run(settings(study={"seeds": 1}))
    assert [event.name for event in events if isinstance(event, RunStarted)] == ["plateau-seed0"]
    assert (len(again.rows), again.missing) == (2, ())
