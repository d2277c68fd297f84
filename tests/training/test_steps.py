"""Steps one after the other: each by its own rate, into the mean, until a loss is no number."""

import math

import pytest
import torch

from mnistops.training.averaging import RunningMean
from mnistops.training.engines import EngineChoice
from mnistops.training.randomness import Randomness
from mnistops.training.step import TrainingStep
from mnistops.training.steps import Diverged, SingleSteps
from mnistops.training.tally import Tally
from tests.training.benches import CPU, copied, equal_states, made_bench

RATES = [0.05, 0.1, 0.02, 0.3, 0.01]


def opened(num_averaged: float = 0) -> tuple[SingleSteps, RunningMean]:
    bench = made_bench()  # 160 images, 32 in a batch
    engine = bench.open(EngineChoice("eager"), Randomness(0, CPU))
    mean = RunningMean(bench.classifier.module, num_averaged)
    steps = SingleSteps(engine, nesterov=True, mean=mean)
    steps.begin(bench.epoch(Randomness(1, CPU)), RATES, Tally())
    return steps, mean


def test_they_are_training_steps_each_at_its_rate() -> None:
    steps, mean = opened()
    steps.run(0, 3)
    steps.run(3, 2)
    tally = steps.tally()

    bench = made_bench()
    engine = bench.open(EngineChoice("eager"), Randomness(0, CPU))
    step = TrainingStep(engine, engine.descent(nesterov=True))
    batches = bench.epoch(Randomness(1, CPU))
    done = [step(batch, rate) for batch, rate in zip(batches, RATES, strict=True)]
    assert equal_states(copied(mean.network), copied(bench.classifier.module))
    assert tally.loss_sum == sum(loss * 32 for loss, _ in done)
    assert (tally.num_right, tally.num_images) == (sum(right for _, right in done), 160)
    assert tally.last_loss == done[-1][0] and tally.seconds > 0


def test_each_is_taken_into_the_mean() -> None:
    steps, mean = opened(num_averaged=10)
    before = copied(mean.network)
    steps.run(0, 4)
    assert equal_states(copied(mean.network), before)  # every fifth is
    steps.run(4, 1)
    assert not equal_states(copied(mean.network), before)


def test_what_the_optimizer_remembers_can_be_given_to_another() -> None:
    steps, _ = opened()
    steps.run(0, 2)
    other, _ = opened()
    assert other.values() == {}
    other.restore(steps.values())
    for number, memory in steps.values().items():
        assert torch.equal(other.values()[number]["momentum_buffer"], memory["momentum_buffer"])
    assert len(steps.values()) == 5


def test_a_loss_that_is_no_number_is_told_with_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = iter([1.0, 2.0, math.inf])
    monkeypatch.setattr(TrainingStep, "__call__", lambda *_: (next(losses), 3))
    steps, _ = opened()
    with pytest.raises(Diverged, match=r"^inf$") as told:
        steps.run(0, 5)
    assert (told.value.number, told.value.learning_rate) == (2, 0.02)
