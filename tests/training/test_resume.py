"""Runs that are stopped and gone on with: to the bit what they would have come to."""

import csv
import json
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from mnistops.checkpoint import load_checkpoint
from mnistops.errors import BadInput, Locked, MissingInput, UsageError
from mnistops.events import result_of
from mnistops.lock import locked
from mnistops.settings import Settings
from mnistops.training.events import (
    CheckpointBroken,
    EpochDone,
    RateFound,
    RunBegun,
    RunWasDone,
    StepDone,
)
from mnistops.training.run import resume, train
from tests.made_data import write_dataset
from tests.training.benches import equal_states

RUN = Path("run")


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset(Path("made"), 150, 50)
    monkeypatch.setattr("mnistops.training.loop.SECONDS_BETWEEN_EVENTS", 0.0)
    monkeypatch.setattr("mnistops.training.lr_range.NUM_STEPS", 30)


def settings(run_dir: str = "run", **values: Any) -> Settings:
    train_values = {"epochs": 2, "batch_size": 48, "engine": "eager", **values}
    return Settings(data={"dataset": "made"}, train={**train_values, "run_dir": run_dir})


def stop_after(count: int, asked: Settings) -> None:
    """Begin a run, and close it after so many events."""
    with closing(train(asked)) as events:
        list(islice(events, count))


def outcome(folder: Path) -> tuple[Any, ...]:
    """What a run came to, but for its times."""
    checkpoint = load_checkpoint(folder / "last.pt")
    with (folder / "metrics.csv").open() as file:
        rows = [
            {k: v for k, v in row.items() if k != "time_seconds"} for row in csv.DictReader(file)
        ]
    record = json.loads((folder / "run.json").read_text())
    kept = {key: record[key] for key in ("status", "learning_rate", "selection", "engine")}
    final = {k: v for k, v in record["final"].items() if k != "time_seconds"}
    assert checkpoint.training is not None
    optimizer = {
        str(number): memory["momentum_buffer"]
        for number, memory in checkpoint.training["optimizer"].items()
    }
    return rows, kept, final, dict(checkpoint.state_dict), optimizer


def assert_same(found: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    assert found[:3] == expected[:3]
    assert equal_states(found[3], expected[3]) and equal_states(found[4], expected[4])


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"engine": "native", "averaging": 0.3},
        {"recipe": "plateau", "holdout": 30},  # a range test, a last smaller batch, dropout
    ],
    ids=["eager", "native", "plateau"],
)
def test_wherever_it_is_stopped_it_comes_to_the_same(values: dict[str, Any]) -> None:
    num_events = len(list(train(settings("whole", **values))))
    expected = outcome(Path("whole"))
    assert [row["epoch"] for row in expected[0]] == ["0", "1"]
    first = next(
        n for n, e in enumerate(train(settings("first", **values))) if isinstance(e, RunBegun)
    )
    for count in range(first + 1, num_events, 1 if not values else 3):
        name = f"run{count}"
        stop_after(count, settings(name, **values))
        assert json.loads(Path(name, "run.json").read_text())["status"] == "interrupted"
        result = result_of(resume(Path(name)))
        assert result is not None and len(result.epochs) == 2
        assert_same(outcome(Path(name)), expected)


@pytest.mark.slow
def test_so_does_one_that_torch_compiles() -> None:
    values = {"engine": "compiled", "averaging": 0.3}
    result_of(train(settings("whole", **values)))
    for count in (4, 7):
        stop_after(count, settings(f"run{count}", **values))
        torch.compiler.reset()  # as in a new process: it is compiled once more
        result_of(resume(Path(f"run{count}")))
        assert_same(outcome(Path(f"run{count}")), outcome(Path("whole")))


def test_it_can_be_stopped_again_and_again() -> None:
    result_of(train(settings("whole")))
    stop_after(3, settings())
    for _ in range(40):
        with closing(resume(RUN)) as events:
            told = list(islice(events, 4))  # a step and a test, at the most
        if any(isinstance(event, RunWasDone) for event in told):
            break
    assert_same(outcome(RUN), outcome(Path("whole")))
    assert len(json.loads((RUN / "run.json").read_text())["resumed"]) >= 2


def test_it_tells_where_it_goes_on() -> None:
    with closing(train(settings())) as events:
        for event in events:
            if isinstance(event, StepDone) and (event.epoch, event.step) == (1, 0):
                break
    begun, *rest = [e for e in resume(RUN) if isinstance(e, RunBegun | StepDone | EpochDone)]
    assert isinstance(begun, RunBegun) and (begun.epochs_done, begun.steps_done) == (1, 1)
    assert [(e.epoch, e.step) for e in rest if isinstance(e, StepDone)] == [(1, 1), (1, 2)]


def test_a_run_that_had_saved_nothing_begins_anew() -> None:
    stop_after(2, settings())  # it has begun
    (RUN / "last.pt").unlink(missing_ok=True)
    result = result_of(resume(RUN))
    whole = result_of(train(settings("whole")))
    assert result is not None
    assert [d.metrics.train_loss for d in result.epochs] == [
        d.metrics.train_loss for d in whole.epochs
    ]


def test_of_a_run_that_is_done_it_says_so_and_touches_nothing() -> None:
    result_of(train(settings()))
    before = {path: path.read_bytes() for path in RUN.iterdir()}
    told: list[object] = []
    assert result_of(resume(RUN), told.append) is None
    assert told == [RunWasDone(RUN)]
    assert {path: path.read_bytes() for path in RUN.iterdir()} == before


def test_the_range_test_is_not_done_twice_and_not_forgotten() -> None:
    values = {"recipe": "plateau"}
    with closing(train(settings(**values))) as events:
        for event in events:
            if isinstance(event, StepDone):
                break
    told: list[object] = []
    result = result_of(resume(RUN), told.append)
    assert not any(isinstance(event, RateFound) for event in told)
    whole = result_of(train(settings("whole", **values)))
    assert result is not None and result.range_test == whole.range_test
    assert result.learning_rate == whole.learning_rate


def test_a_broken_checkpoint_costs_the_steps_since_the_one_before() -> None:
    result_of(train(settings("whole")))
    with closing(train(settings(save_seconds=0))) as events:
        for event in events:
            if isinstance(event, StepDone) and event.epoch == 1:
                break
    (RUN / "last.pt").write_bytes((RUN / "last.pt").read_bytes()[:5000])
    told: list[object] = []
    result_of(resume(RUN), told.append)
    broken = [event for event in told if isinstance(event, CheckpointBroken)]
    assert [(event.path, event.taken) for event in broken] == [
        (RUN / "last.pt", RUN / "previous.pt")
    ]
    assert_same(outcome(RUN), outcome(Path("whole")))


@pytest.mark.parametrize(
    "name", ["optimizer", "random", "epoch", "step", "network", "tally", "mean"]
)
def test_what_it_cannot_go_on_from_is_refused_and_left(name: str) -> None:
    stop_after(4, settings())
    values = torch.load("run/last.pt", weights_only=True)
    del values["training"][name]
    rewrite(values)
    before = {path: path.read_bytes() for path in RUN.iterdir()}
    with pytest.raises(
        BadInput, match=f"run/last.pt: expected what this run goes on from, got .*{name}"
    ):
        result_of(resume(RUN))
    assert {path: path.read_bytes() for path in RUN.iterdir()} == before


def rewrite(values: dict[str, Any]) -> None:
    from mnistops.digest import digest

    values.pop("digest")
    values["digest"] = digest(values)
    torch.save(values, "run/last.pt")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda training: training["random"].update(order=torch.zeros(3, dtype=torch.uint8)),
            "got RuntimeError",
        ),
        (lambda training: training.update(network={}), "got RuntimeError: Error"),
        (lambda training: training.update(epochs=[{"a": 1}]), "got KeyError"),
        (lambda training: training.update(learning_rate="fast"), "got ValueError"),
    ],
)
def test_so_is_what_does_not_fit(change: Any, message: str) -> None:
    stop_after(4, settings())
    values = torch.load("run/last.pt", weights_only=True)
    change(values["training"])
    rewrite(values)
    with pytest.raises(BadInput, match=message):
        result_of(resume(RUN))


@pytest.mark.parametrize("engine", ["eager", "native"])
@pytest.mark.parametrize("shape", [(), (1,), (3, 4)])
def test_momentum_of_another_shape_is_refused(engine: str, shape: tuple[int, ...]) -> None:
    """Also one that could be spread over the parameter."""
    stop_after(4, settings(engine=engine))
    values = torch.load("run/last.pt", weights_only=True)
    values["training"]["optimizer"][0]["momentum_buffer"] = torch.zeros(shape)
    rewrite(values)
    with pytest.raises(BadInput, match=r"optimizer 0: expected momentum of \[.*, got \["):
        result_of(resume(RUN))


def test_settings_that_were_changed_meanwhile_are_another_run() -> None:
    stop_after(4, settings())
    config = (RUN / "config.toml").read_text()
    assert "batch_size = 48" in config
    (RUN / "config.toml").write_text(config.replace("batch_size = 48", "batch_size = 16"))
    with pytest.raises(BadInput, match=r"got ValueError: other settings than config.toml"):
        result_of(resume(RUN))


def test_asked_settings_must_be_the_runs() -> None:
    stop_after(4, settings())
    asked = {"train.epochs": 5, "train.batch_size": 48, "seed": 3, "output.format": "json"}
    with pytest.raises(UsageError) as error:
        result_of(resume(RUN, asked))
    assert error.value.message == (
        "--resume run: expected the settings of that run, got --epochs 5 where it has 2, "
        "--seed 3 where it has 0"
    )
    assert result_of(resume(RUN, {"train.epochs": 2, "train.resume": RUN})) is not None


def test_there_must_be_a_run() -> None:
    with pytest.raises(MissingInput, match=r"--resume nowhere: expected a run's folder"):
        result_of(resume(Path("nowhere")))


@pytest.mark.parametrize("text", ["epochs = [", "[train]\nepochs = 0", "[trian]\n", "\x00"])
def test_its_settings_must_be_a_runs(text: str) -> None:
    RUN.mkdir()
    (RUN / "config.toml").write_text(text)
    with pytest.raises(BadInput, match=r"^run/config.toml: expected the settings of a run, got: "):
        result_of(resume(RUN))


def test_a_run_that_goes_on_is_locked() -> None:
    stop_after(4, settings())
    with locked(RUN), pytest.raises(Locked, match="expected no other process at work in it"):
        result_of(resume(RUN))


def test_it_trains_with_the_threads_that_it_had() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        stop_after(4, settings())
        torch.set_num_threads(2)
        begun = next(event for event in resume(RUN) if isinstance(event, RunBegun))
        assert begun.threads == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_weights_to_begin_with_are_another_thing() -> None:
    result_of(train(settings("first", learning_rate=0.1)))
    weights = load_checkpoint(Path("first/last.pt")).state_dict
    asked = settings(init_from="first", epochs=1, learning_rate=1e-9)
    result = result_of(train(asked))
    found = load_checkpoint(RUN / "last.pt").state_dict
    for key, value in weights.items():
        if "running" not in key and "num_batches" not in key:
            torch.testing.assert_close(found[key], value)
    assert len(result.epochs) == 1


def test_they_must_be_the_networks() -> None:
    result_of(train(settings("first")))
    asked = settings(init_from="first").changed({"network": {"name": "tiny"}})
    with pytest.raises(BadInput, match=r"^first/last.pt: expected the weights of "):
        result_of(train(asked))
    assert not RUN.exists()
