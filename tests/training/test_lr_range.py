"""The range test: its rates, its end, its suggestion, and the network left as it was."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mnistops.data.augment import Warp
from mnistops.errors import NotFinite
from mnistops.events import result_of
from mnistops.networks.build import build
from mnistops.networks.zoo import REFERENCE
from mnistops.settings import Settings
from mnistops.training import lr_range
from mnistops.training.engines import EngineChoice, EngineName
from mnistops.training.lr_range import RangeStep, find_learning_rate, range_test, steepest
from mnistops.training.randomness import Randomness
from tests.made_data import made_splits, write_dataset
from tests.training.benches import CPU, STILL, copied, equal_states, made_bench


def run(network: nn.Module, seed: int = 0) -> tuple[lr_range.RangeTest, list[RangeStep]]:
    events: list[RangeStep] = []
    random = Randomness(seed, CPU)
    bench = made_bench(network, made_splits(96), batch_size=16, warp=Warp())
    engine = bench.open(EngineChoice("eager"), random)
    steps = range_test(network, engine, bench.endless(random))
    return result_of(steps, events.append), events


@pytest.fixture
def fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lr_range, "NUM_STEPS", 60)


def test_the_seeds_rate_is_step_23() -> None:
    assert pytest.approx(0.10470379786343671, rel=1e-15) == 0.1 * 20 ** (23 / 1499)
    assert (lr_range.FIRST_RATE, lr_range.RATE_RATIO, lr_range.NUM_STEPS) == (0.1, 20, 1500)


@pytest.mark.usefixtures("fewer_steps")
def test_rates_rise_and_losses_are_smoothed() -> None:
    torch.manual_seed(0)
    test, events = run(build(REFERENCE))
    assert list(test.steps) == events
    rates = [step.learning_rate for step in test.steps]
    assert rates == pytest.approx([0.1 * 20 ** (i / 59) for i in range(len(rates))])
    smoothed = test.steps[0].loss
    for step in test.steps:
        if step.step:
            smoothed = 0.05 * step.loss + 0.95 * smoothed
        assert step.smoothed_loss == pytest.approx(smoothed)
    assert test.suggestion == rates[test.index]


@pytest.mark.usefixtures("fewer_steps")
def test_the_network_and_all_random_numbers_are_as_before() -> None:
    network = build(REFERENCE)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    state = torch.get_rng_state()
    first, _ = run(network)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert run(network)[0] == first


def test_it_stops_above_five_times_the_least_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = [1.0] * 20 + [200.0] * 5
    values = iter(losses)
    monkeypatch.setattr(
        "mnistops.training.step.TrainingStep.__call__", lambda *_: (next(values), 0)
    )
    test, _ = run(nn.Linear(1, 1))
    # 0.05 * 200 + 0.95 is above 5.
    assert len(test.steps) == 21


def test_a_loss_that_is_no_number_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    values = iter([2.0 - i / 20 for i in range(30)])

    monkeypatch.setattr(
        "mnistops.training.step.TrainingStep.__call__", lambda *_: (next(values, math.nan), 0)
    )
    assert len(run(nn.Linear(1, 1))[0].steps) == 30


def test_the_suggestion_is_numpys_steepest_without_the_ends() -> None:
    losses = [9.0, 1.0, *np.linspace(3, 2.9, 18).tolist(), 2.9, 2.0, *[1.9] * 11, 0.1]
    gradient = np.gradient(np.array(losses)[10:-5])
    assert steepest(losses) == 10 + gradient.argmin() == 21


@pytest.mark.parametrize("num_steps", [0, 1, 16])
def test_too_short_a_curve_suggests_nothing(num_steps: int) -> None:
    with pytest.raises(NotFinite, match=f"at least 17 steps before .* got {num_steps}"):
        steepest([1.0] * num_steps)


@pytest.mark.usefixtures("fewer_steps")
def test_a_native_test_finds_the_same_losses_and_leaves_the_network() -> None:
    tests = []
    engines: tuple[EngineName, ...] = ("eager", "native")
    for engine in engines:
        bench, random = made_bench(batch_size=16, warp=STILL), Randomness(1, CPU)
        module = bench.classifier.module
        before = copied(module)
        opened = bench.open(EngineChoice(engine), random)
        tests.append(result_of(range_test(module, opened, bench.endless(random))))
        assert equal_states(copied(module), before)
        assert all(parameter.grad is None for parameter in module.parameters())
    for one, other in zip(tests[0].steps[:20], tests[1].steps[:20], strict=True):
        assert other.loss == pytest.approx(one.loss, rel=2e-3)


@pytest.mark.usefixtures("fewer_steps")
def test_from_settings_to_a_rate() -> None:
    write_dataset(Path("made"))
    settings = Settings(data={"dataset": "made"}, train={"batch_size": 16})
    test = result_of(find_learning_rate(settings))
    assert 0.1 <= test.suggestion <= 2
