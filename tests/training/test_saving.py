"""What a run saves of itself, and what it goes on from."""

import math
import threading
from pathlib import Path

import pytest
import torch

from mnistops.checkpoint import load_checkpoint
from mnistops.disk import replace_file
from mnistops.errors import BadInput, NotFinite
from mnistops.events import result_of
from mnistops.settings import Settings
from mnistops.training.batches import Batch
from mnistops.training.events import CheckpointBroken, EpochDone, StepDone
from mnistops.training.run import train
from mnistops.training.run_folder import run_status
from mnistops.training.saving import newest_checkpoint
from mnistops.training.step import TrainingStep
from tests.made_data import write_dataset


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset(Path("made"), 120, 50)
    monkeypatch.setattr("mnistops.training.loop.SECONDS_BETWEEN_EVENTS", 0.0)


def settings(**values: object) -> Settings:
    train_values = {"epochs": 2, "batch_size": 30, "run_dir": "run", "engine": "eager", **values}
    return Settings(data={"dataset": "made"}, train=train_values)


def position() -> tuple[int, int]:
    training = load_checkpoint(Path("run/last.pt")).training
    assert training is not None
    return training["epoch"], training["step"]


def test_within_an_epoch_it_saves_as_often_as_is_asked() -> None:
    events = train(settings(save_seconds=0))
    positions = [position() for event in events if isinstance(event, StepDone | EpochDone)]
    assert positions == [
        (0, 1),
        (0, 2),
        (0, 3),
        (0, 4),
        (1, 0),
        (1, 1),
        (1, 2),
        (1, 3),
        (1, 4),
        (2, 0),
    ]


def test_it_does_not_save_more_often() -> None:
    for event in train(settings(save_seconds=1000)):
        if isinstance(event, StepDone):
            assert Path("run/last.pt").exists() == (event.epoch > 0)
            if event.epoch > 0:
                assert position() == (1, 0)


def test_a_checkpoint_within_an_epoch_can_be_used_as_any() -> None:
    for event in train(settings(save_seconds=0)):
        if isinstance(event, StepDone) and event.step == 1:
            break
    assert load_checkpoint(Path("run/last.pt")).settings["train"]["epochs"] == 2


def test_what_is_chosen_is_saved_before_the_run_goes_on_from_it() -> None:
    for event in train(settings(holdout=30)):
        if isinstance(event, EpochDone):
            assert Path("run/best.pt").exists()
            assert load_checkpoint(Path("run/best.pt")).training is None


def newest() -> tuple[object, list[CheckpointBroken]]:
    told: list[CheckpointBroken] = []
    found = result_of(newest_checkpoint(Path("run")), told.append)
    return found.path if found else None, told


def test_a_broken_one_gives_way_to_the_one_before() -> None:
    result_of(train(settings()))
    last, previous = Path("run/last.pt"), Path("run/previous.pt")
    assert newest() == (last, [])
    whole = last.read_bytes()
    last.write_bytes(whole[:-100])
    found, (told,) = newest()
    assert found == told.taken == previous and told.path == last
    assert "run/last.pt: expected a checkpoint" in told.reason
    previous.write_bytes(b"")
    with pytest.raises(BadInput, match=r"^run/previous.pt: "):
        newest()


def test_where_nothing_is_saved_there_is_none() -> None:
    Path("run").mkdir()
    assert newest() == (None, [])


def test_weights_alone_are_not_enough() -> None:
    result_of(train(settings(holdout=30)))
    Path("run/best.pt").replace("run/last.pt")
    with pytest.raises(
        BadInput, match="expected what a run goes on from, got weights alone"
    ) as error:
        newest()
    assert error.value.hint == "`mnistops train --init-from run/last.pt` begins a new run with them"


def test_a_loss_that_is_no_number_is_never_saved_over_what_was_sound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls, original = iter(range(100)), TrainingStep.__call__

    def step(self: TrainingStep, batch: Batch, rate: float) -> tuple[float, int]:
        if next(calls) == 5:
            with torch.no_grad():
                for value in self.engine.network.state_dict().values():  # type: ignore[attr-defined]
                    value.fill_(math.nan) if value.is_floating_point() else None
            return math.nan, 0
        return original(self, batch, rate)

    monkeypatch.setattr(TrainingStep, "__call__", step)
    with pytest.raises(NotFinite, match=r"^epoch 1, step 1: .* got nan at learning rate 0\.\d+$"):
        result_of(train(settings(save_seconds=0)))
    assert position() == (1, 1)
    held = load_checkpoint(Path("run/last.pt")).state_dict.values()
    assert all(value.isfinite().all() for value in held)
    assert run_status(Path("run")) == "failed"


def test_whoever_reads_while_it_saves_gets_the_old_one_or_the_new() -> None:
    result_of(train(settings()))
    stop, last = threading.Event(), Path("run/last.pt")
    files = [last.read_bytes(), Path("run/previous.pt").read_bytes()]

    def save() -> None:
        while not stop.is_set():
            for data in files:
                replace_file(last, data)

    saver = threading.Thread(target=save)
    saver.start()
    try:
        epochs = {len((load_checkpoint(last).training or {})["epochs"]) for _ in range(200)}
    finally:
        stop.set()
        saver.join()
    assert epochs == {1, 2}
