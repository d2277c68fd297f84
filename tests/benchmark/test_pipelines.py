"""Pipelines of our engines, and how the speed of one is told."""

import time
from collections.abc import Generator
from itertools import islice

import pytest
import torch

from mnistops.benchmark.pipelines import EnginePipeline, TimedStep, measure_rate
from mnistops.training.batches import Batch
from mnistops.training.engines import EngineChoice, Workbench
from mnistops.training.randomness import Randomness
from tests.training.benches import copied, equal_states, made_bench

EAGER = EngineChoice("eager")


class Made:
    """Steps with times of their own."""

    name, num_warm_up = "made", 2

    def __init__(self, *steps: TimedStep) -> None:
        self.given = steps
        self.num_taken = 0
        self.is_closed = False

    def steps(self) -> Generator[TimedStep, None, None]:
        try:
            for step in self.given:
                self.num_taken += 1
                yield step
        finally:
            self.is_closed = True


def test_the_rate_is_over_the_steps_after_the_first_ones() -> None:
    slow, quick = TimedStep(10, 100.0), TimedStep(30, 0.5)
    pipeline = Made(slow, slow, quick, TimedStep(10, 1.5), quick)
    assert measure_rate(pipeline, 2.0) == 40 / 2.0
    assert pipeline.num_taken == 4
    assert pipeline.is_closed


def test_there_is_always_one_timed_step() -> None:
    pipeline = Made(*[TimedStep(8, 0.5)] * 3)
    assert measure_rate(pipeline, 1e-9) == 16


def test_an_engine_trains_its_network_epoch_after_epoch() -> None:
    bench = made_bench()  # of 160 images, 32 in a batch
    before = copied(bench.classifier.module)
    pipeline = EnginePipeline("eager", bench, EAGER)
    steps = list(islice(pipeline.steps(), 7))
    assert [step.num_images for step in steps] == [32] * 7
    assert all(step.seconds > 0 for step in steps)
    assert not equal_states(before, copied(bench.classifier.module))


def test_steps_bear_their_share_of_what_draws_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = Workbench.epoch

    def slowly(bench: Workbench, random: Randomness) -> list[Batch]:
        time.sleep(0.5)
        return draw(bench, random)

    monkeypatch.setattr(Workbench, "epoch", slowly)
    pipeline = EnginePipeline("eager", made_bench(), EAGER)
    steps = list(islice(pipeline.steps(), 5))
    assert all(step.seconds > 0.5 / 5 for step in steps)


def test_the_global_random_numbers_are_left_alone() -> None:
    state = torch.get_rng_state()
    measure_rate(EnginePipeline("eager", made_bench(), EAGER), 0.01)
    assert torch.equal(torch.get_rng_state(), state)
