"""Steps in graphs: on the CPU their operations one by one, recorded on a GPU."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from mnistops.data.augment import Warp
from mnistops.errors import UsageError
from mnistops.networks.spec import NetworkSpec
from mnistops.training.averaging import RunningMean
from mnistops.training.engines import EngineChoice, Workbench
from mnistops.training.graph_steps import GraphSteps
from mnistops.training.randomness import Randomness
from mnistops.training.step import TorchEngine
from mnistops.training.steps import Diverged, SingleSteps, Steps
from mnistops.training.tally import Tally
from tests.made_data import made_splits
from tests.training.benches import CPU, PLAIN, copied, equal_states, made_bench, still

NUM_STEPS = 15  # a graph of 12, and one of 3
RATES = [0.05 + number / 300 for number in range(NUM_STEPS)]
MOVED = Warp(15, 0.2, interpolation="bilinear")


def opened(
    graph: bool,
    averaging: float = 0,
    network: NetworkSpec | nn.Module = PLAIN,
    device: torch.device = CPU,
) -> tuple[Workbench, Steps, RunningMean]:
    splits = made_splits(16 * NUM_STEPS + 3).to(device)
    bench = made_bench(network, splits, 16, MOVED, device=device)
    engine = bench.open(EngineChoice("eager"), Randomness(0, device))
    assert isinstance(engine, TorchEngine)
    mean = RunningMean(bench.classifier.module, averaging)
    if graph:
        return bench, GraphSteps(engine, nesterov=True, mean=mean), mean
    return bench, SingleSteps(engine, nesterov=True, mean=mean), mean


def run(bench: Workbench, steps: Steps, num_epochs: int = 2) -> list[Tally]:
    random, tallies = Randomness(1, bench.device), []
    for _ in range(num_epochs):
        steps.begin(bench.epoch(random), RATES, Tally())
        for first in range(0, NUM_STEPS, steps.at_once):
            steps.run(first, min(steps.at_once, NUM_STEPS - first))
        tallies.append(steps.tally())
    return tallies


@pytest.mark.parametrize("averaging", [0, 20])
def test_they_come_to_what_single_steps_come_to(averaging: float) -> None:
    (single, *states), (graph, *graph_states) = (
        (run(bench, steps), copied(bench.classifier.module), copied(mean.network))
        for bench, steps, mean in (opened(graph, averaging) for graph in (False, True))
    )
    assert_near(graph, single)
    assert all(tally.num_images == 16 * NUM_STEPS for tally in graph)
    for state, expected in zip(graph_states, states, strict=True):
        for key, value in expected.items():
            torch.testing.assert_close(state[key], value, rtol=1e-4, atol=1e-5)
    assert single[1].loss < 0.9 * single[0].loss


def assert_near(found: list[Tally], expected: list[Tally], rel: float = 1e-5) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=rel)
        assert one.last_loss == pytest.approx(other.last_loss, rel=rel)
        assert abs(one.num_right - other.num_right) <= 100 * rel


def test_an_epoch_can_be_gone_on_with_by_another() -> None:
    bench, steps, _ = opened(graph=True)
    expected = run(bench, steps, 1)[0]

    bench, steps, _ = opened(graph=True)
    batches = bench.epoch(Randomness(1, CPU))
    steps.begin(batches, RATES, Tally())
    steps.run(0, 12)
    tally, weights, memory = steps.tally(), copied(bench.classifier.module), steps.values()

    bench, steps, _ = opened(graph=True)
    bench.classifier.module.load_state_dict(weights)
    steps.restore(memory)
    steps.begin(batches, RATES, tally)
    steps.run(12, 3)
    found = steps.tally()
    assert (found.loss_sum, found.num_right, found.last_loss) == (
        expected.loss_sum,
        expected.num_right,
        expected.last_loss,
    )


class Poisoned(nn.Module):
    """Its loss is no number from the sixth step on."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(784, 10)
        self.register_buffer("calls", torch.zeros(()))
        self.calls: Tensor

    def forward(self, images: Tensor) -> Tensor:
        self.calls += 1
        factor = torch.where(self.calls >= 6, torch.nan, 1.0)
        outputs: Tensor = self.fc(images.flatten(1)) * factor
        return outputs


def run_on(steps: Steps) -> None:
    steps.run(5, 4)
    steps.tally()


@pytest.mark.parametrize("graph", [False, True])
def test_a_loss_that_is_no_number_changes_no_weight_from_then_on(graph: bool) -> None:
    bench, steps, _ = opened(graph, network=Poisoned())
    batches = bench.epoch(Randomness(1, CPU))
    steps.begin(batches, RATES, Tally())
    for number in range(5):
        steps.run(number, 1)
    steps.tally()
    before = copied(bench.classifier.module)
    with pytest.raises(Diverged) as told:
        run_on(steps)
    assert told.value.number == 5 and str(told.value) == "nan"
    assert told.value.learning_rate == pytest.approx(RATES[5])
    after = copied(bench.classifier.module)
    assert all(torch.equal(after[key], before[key]) for key in ("fc.weight", "fc.bias"))
    # The gradients were no numbers either: that they were not taken is the optimizer's doing.
    gradients = [parameter.grad for parameter in bench.classifier.module.parameters()]
    assert not graph or all(g is not None and g.isnan().any() for g in gradients)


def test_batches_of_two_sizes_are_refused() -> None:
    bench, steps, _ = opened(graph=True)
    batches = bench.epoch(Randomness(1, CPU))
    with pytest.raises(UsageError, match=r"--engine graph: .* one size, got \[5, 16\]"):
        steps.begin([*batches, still(torch.arange(5))], RATES, Tally())


def test_momentum_that_was_not_kept_is_there_before_a_recording() -> None:
    _, steps, _ = opened(graph=True)
    kept = steps.values()
    steps.restore({0: kept[0]})
    assert steps.values().keys() == kept.keys()
    assert all((of["momentum_buffer"] == 0).all() for of in steps.values().values())


@pytest.mark.gpu
def test_recorded_they_come_to_the_same() -> None:
    device = torch.device("cuda", 0)
    (single, state), (recorded, recorded_state) = (
        (run(bench, steps), copied(bench.classifier.module))
        for bench, steps, _ in (opened(graph, device=device) for graph in (False, True))
    )
    assert_near(recorded, single, rel=1e-2)
    for key, value in state.items():
        torch.testing.assert_close(recorded_state[key], value, rtol=1e-3, atol=1e-4)


@pytest.mark.gpu
def test_each_replay_draws_other_random_numbers() -> None:
    device = torch.device("cuda", 0)
    bench, steps, _ = opened(True, network=PLAIN.changed(dropout=0.5), device=device)
    batch = bench.epoch(Randomness(1, device))[0]
    steps.begin([batch] * NUM_STEPS, [0.0] * NUM_STEPS, Tally())
    losses = []
    for number in range(NUM_STEPS):
        steps.run(number, 1)
        losses.append(steps.tally().last_loss)
    assert len(set(losses)) == NUM_STEPS and all(one != other for one, other in pairwise(losses))


@pytest.mark.gpu
def test_recording_leaves_weights_and_memory_as_they_were() -> None:
    device = torch.device("cuda", 0)
    bench, steps, _ = opened(True, device=device)
    before = copied(bench.classifier.module)
    steps.begin(bench.epoch(Randomness(1, device)), [0.0] * NUM_STEPS, Tally())
    steps.run(0, 12)
    after = copied(bench.classifier.module)
    parameters = dict(bench.classifier.module.named_parameters())
    assert equal_states({k: after[k] for k in parameters}, {k: before[k] for k in parameters})
