"""The loop: what it tells, that it learns, and that a seed says all."""

from collections.abc import Generator
from typing import Any

import pytest
import torch
from torch import nn

from mnistops.data.augment import Warp
from mnistops.errors import NotFinite
from mnistops.evaluation import evaluate
from mnistops.networks.spec import Conv, GlobalAvgPool, MaxPool, NetworkSpec
from mnistops.networks.zoo import REFERENCE
from mnistops.settings.sections import TrainSettings
from mnistops.training.engines import EngineChoice, EngineName, Workbench
from mnistops.training.events import EpochDone, StepDone
from mnistops.training.loop import LoopEvent, fit
from mnistops.training.randomness import Randomness
from mnistops.training.recipe import drops_last_batch
from mnistops.training.state import Training, open_training
from tests.made_data import made_splits
from tests.training.benches import CPU, PLAIN, copied, made_bench

EAGER = EngineChoice("eager")
QUICK = NetworkSpec(
    name="quick",
    dropout=0.1,
    blocks=(
        MaxPool(name="pool", kernel_size=(4, 4)),
        Conv(name="first", out_channels=16),
        Conv(name="last", out_channels=10, activation="none", dropout=False),
        GlobalAvgPool(name="gap"),
    ),
)
SPLITS = made_splits(200, 60, 40)


def start(
    seed: int = 0,
    rate: float = 0.2,
    network: NetworkSpec = QUICK,
    choice: EngineChoice = EAGER,
    device: torch.device = CPU,
    **values: object,
) -> tuple[Workbench, Training, Generator[LoopEvent, None, None]]:
    """A training that has not begun."""
    random = Randomness(seed, device)
    settings = TrainSettings.model_validate({"epochs": 3, "batch_size": 32, **values})
    splits = (SPLITS if settings.holdout else made_splits(160, 60)).to(device)
    drop_last, warp = drops_last_batch(settings.recipe), Warp.of(settings)
    bench = made_bench(network, splits, settings.batch_size, warp, drop_last, random, device)
    training = open_training(bench, choice, random, settings, rate)
    return bench, training, fit(bench, training, splits, settings.epochs)


def run(seed: int = 0, **given: Any) -> tuple[nn.Module, list[LoopEvent]]:
    """The network that is the result, and all events."""
    _, training, events = start(seed, **given)
    told = list(events)
    return training.mean.network, told


def epochs(events: list[LoopEvent]) -> list[EpochDone]:
    return [event for event in events if isinstance(event, EpochDone)]


def test_it_learns_and_tells_of_each_epoch() -> None:
    network, events = run(epochs=4)
    done = epochs(events)
    assert [epoch.metrics.epoch for epoch in done] == [0, 1, 2, 3]
    assert done[-1].metrics.train_loss < done[0].metrics.train_loss
    assert done[-1].metrics.train_accuracy > 0.8
    splits = made_splits(160, 60)
    result = evaluate(network, splits.test, splits.normalization)
    assert done[-1].metrics.test_accuracy == result.accuracy
    assert (done[-1].test_errors, done[-1].metrics.test_loss) == (result.num_errors, result.loss)
    assert done[-1].metrics.time_seconds > 0


def test_steps_are_told_before_their_epoch() -> None:
    _, events = run()
    last = [event for event in events if isinstance(event, StepDone) and event.step == 4]
    assert [event.epoch for event in last] == [0, 1, 2]
    for step, epoch in zip(last, epochs(events), strict=True):
        assert step.loss == epoch.metrics.train_loss
        assert step.accuracy == epoch.metrics.train_accuracy
        assert step.num_steps == epoch.num_steps == 5


def numbers(events: list[LoopEvent]) -> list[tuple[float, ...]]:
    return [
        (done.metrics.train_loss, done.metrics.test_loss, done.last_loss) for done in epochs(events)
    ]


def test_a_seed_says_all_and_nobody_elses_numbers_count() -> None:
    first, events = run(seed=4)
    torch.manual_seed(99)
    second, again = run(seed=4)
    assert numbers(events) == numbers(again)
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    assert numbers(run(seed=5)[1]) != numbers(events)


def test_what_others_draw_between_events_does_not_count() -> None:
    _, events = run(seed=4)
    disturbed: list[LoopEvent] = []
    for event in start(seed=4)[2]:
        torch.rand(5)
        disturbed.append(event)
    assert numbers(disturbed) == numbers(events)


@pytest.mark.parametrize(("recipe", "steps"), [("one-cycle", 5), ("plateau", 6)])
def test_only_plateau_keeps_the_last_partial_batch(recipe: str, steps: int) -> None:
    _, events = run(recipe=recipe, batch_size=30, epochs=1)
    assert epochs(events)[0].num_steps == steps


def test_one_cycle_ends_near_zero_and_plateau_keeps_its_rate() -> None:
    rates = [done.metrics.learning_rate for done in epochs(run()[1])]
    assert rates[0] > rates[1] > rates[2] > 0
    assert rates[2] == pytest.approx(0.2 / 16 / 0.8)
    assert [d.metrics.learning_rate for d in epochs(run(recipe="plateau")[1])] == [0.2] * 3


def test_with_a_hold_out_it_is_measured_and_chosen_by() -> None:
    network, events = run(holdout=40, epochs=4)
    done = epochs(events)
    assert SPLITS.holdout is not None
    result = evaluate(network, SPLITS.holdout, SPLITS.normalization)
    assert done[-1].metrics.holdout_accuracy == result.accuracy
    assert done[-1].metrics.holdout_loss == result.loss
    held = [epoch.metrics.holdout_accuracy or 0.0 for epoch in done]
    highest = [number for number in range(4) if held[number] > max([-1.0, *held[:number]])]
    assert [epoch.metrics.epoch for epoch in done if epoch.is_best] == highest


def test_without_one_nothing_is_chosen() -> None:
    done = epochs(run()[1])
    assert not any(epoch.is_best for epoch in done)
    assert {epoch.metrics.holdout_accuracy for epoch in done} == {None}


def test_a_loss_that_is_no_number_stops_it_and_says_where() -> None:
    with pytest.raises(NotFinite, match=r"^epoch 0, step \d+: .* at learning rate 1e\+30$"):
        run(recipe="plateau", rate=1e30)


def test_it_leaves_the_network_ready_to_evaluate() -> None:
    assert not run(epochs=1)[0].training


def test_a_mean_is_what_is_tested_while_the_network_goes_on() -> None:
    bench, training, events = start(averaging=0.5, epochs=4)
    done = epochs(list(events))
    splits = made_splits(160, 60)
    averaged = evaluate(training.mean.network, splits.test, splits.normalization)
    trained = evaluate(bench.classifier.module, splits.test, splits.normalization)
    assert done[-1].metrics.test_loss == averaged.loss != trained.loss
    # Averaging changes what is tested, not how the network is trained.
    _, plain = run(epochs=4)
    assert [d.metrics.train_loss for d in epochs(plain)] == [d.metrics.train_loss for d in done]
    assert epochs(plain)[-1].metrics.test_loss == trained.loss


@pytest.mark.parametrize(("averaging", "holdout"), [(0, 0), (0.5, 0), (0, 40), (0.5, 40)])
def test_eager_and_native_runs_come_to_the_same(averaging: float, holdout: int) -> None:
    results = {}
    engines: tuple[EngineName, ...] = ("eager", "native")
    for engine in engines:
        network, events = run(
            network=PLAIN,
            choice=EngineChoice(engine),
            epochs=4,
            rate=0.05,
            averaging=averaging,
            holdout=holdout,
            interpolation="bilinear",
        )
        results[engine] = (copied(network), epochs(events))
    for one, other in zip(results["eager"][1], results["native"][1], strict=True):
        names = ("train_loss", "test_loss", *(("holdout_loss",) if holdout else ()))
        for name in names:
            expected = getattr(one.metrics, name)
            assert getattr(other.metrics, name) == pytest.approx(expected, rel=1e-4), name
        assert other.metrics.train_accuracy == pytest.approx(one.metrics.train_accuracy, abs=0.01)
        assert abs(other.test_errors - one.test_errors) <= 1
        assert other.metrics.learning_rate == one.metrics.learning_rate
    for key, value in results["eager"][0].items():
        torch.testing.assert_close(results["native"][0][key], value, rtol=1e-3, atol=1e-4)
    first, *_, last = (done.metrics.train_loss for done in results["native"][1])
    assert last < 0.8 * first


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_any_engine_says_when_it_diverges(engine: EngineName) -> None:
    with pytest.raises(NotFinite, match=r"^epoch 0, step \d+: .* at learning rate 1e\+30$"):
        run(network=PLAIN, choice=EngineChoice(engine), recipe="plateau", rate=1e30, batch_size=16)


def test_it_says_so_of_a_network_that_ends_with_relu() -> None:
    network, native = REFERENCE.changed(dropout=0.0), EngineChoice("native")
    with pytest.raises(NotFinite):
        run(network=network, choice=native, recipe="plateau", rate=1e30, batch_size=16)


@pytest.mark.gpu
def test_it_learns_on_a_gpu() -> None:
    device = torch.device("cuda", 0)
    _, events = run(device=device, epochs=4)
    assert epochs(events)[-1].metrics.train_accuracy > 0.8
