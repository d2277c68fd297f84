"""A training as values: stopped anywhere and gone on with, it comes to the same, to the bit."""

import io
from itertools import islice
from typing import Any

import pytest
import torch

from mnistops.networks.spec import NetworkSpec
from mnistops.training.engines import EngineChoice
from mnistops.training.state import Training
from tests.training.benches import PLAIN, copied, equal_states
from tests.training.test_loop import start

DROPPING = PLAIN.changed(dropout=0.2)
CHOICES = [EngineChoice("eager"), EngineChoice("native")]


@pytest.fixture(autouse=True)
def every_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnistops.training.loop.SECONDS_BETWEEN_EVENTS", 0.0)


def begin(**given: Any) -> tuple[Training, Any]:
    network: NetworkSpec = given.pop("network", DROPPING)
    _, training, events = start(network=network, epochs=2, rate=0.05, **given)
    return training, events


def in_a_file(values: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(values, file)
    file.seek(0)
    loaded: dict[str, Any] = torch.load(file, weights_only=True)
    return loaded


def outcome(training: Training) -> tuple[Any, ...]:
    rows = [
        (*(getattr(done.metrics, name) for name in NUMBERS), done.last_loss, done.test_errors)
        for done in training.epochs
    ]
    return (
        rows,
        copied(training.network),
        copied(training.mean.network),
        training.values()["optimizer"],
    )


NUMBERS = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "learning_rate",
    "holdout_loss",
)


@pytest.mark.parametrize("choice", CHOICES, ids=str)
@pytest.mark.parametrize(
    "given",
    [{}, {"recipe": "plateau"}, {"averaging": 0.5}, {"holdout": 40}],
    ids=["plain", "plateau", "averaging", "holdout"],
)
def test_it_can_be_stopped_anywhere(choice: EngineChoice, given: dict[str, Any]) -> None:
    training, events = begin(choice=choice, **given)
    num_events = len(list(events))
    expected = outcome(training)
    assert len(expected[0]) == 2 and num_events >= 14
    for stop in range(1, num_events + 1):
        training, events = begin(choice=choice, **given)
        list(islice(events, stop))
        values = in_a_file(training.values())

        # Another seed: all that counts comes from the values.
        training, events = begin(choice=choice, seed=5, **given)
        training.restore(values)
        list(events)
        found = outcome(training)
        assert found[0] == expected[0], stop
        assert equal_states(found[1], expected[1]) and equal_states(found[2], expected[2]), stop
        for number, memory in expected[3].items():
            buffers = (memory["momentum_buffer"], found[3][number]["momentum_buffer"])
            assert torch.equal(*buffers), stop


def test_the_epochs_that_are_done_are_kept() -> None:
    training, events = begin()
    list(events)
    values = in_a_file(training.values())
    other, rest = begin(seed=9)
    other.restore(values)
    assert other.epochs == training.epochs and other.epoch == 2
    assert list(rest) == []


def test_time_goes_on_where_it_stopped() -> None:
    training, _ = begin()
    values = training.values() | {"seconds": 1000.0}
    before = training.seconds
    training.restore(values)
    assert training.seconds - before == pytest.approx(1000, abs=1)
