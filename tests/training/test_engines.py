"""Engines: all compute the same, trying them leaves no trace, and what native ones cannot train."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from mnistops.data.augment import Warp
from mnistops.errors import BadInput, UsageError
from mnistops.native.compiler import CannotBuild
from mnistops.native.network import lanes
from mnistops.networks.spec import Conv, Linear, MaxPool, NetworkSpec
from mnistops.networks.zoo import REFERENCE
from mnistops.training.engines import EngineChoice
from mnistops.training.randomness import Randomness
from mnistops.training.step import TrainingStep
from tests.made_data import made_splits
from tests.training.benches import CPU, PLAIN, copied, equal_states, made_bench

STILL = REFERENCE.changed(dropout=0.0)
MOVED = Warp(15, 0.2, interpolation="bilinear")
EAGER, COMPILED, NATIVE = (EngineChoice(name) for name in ("eager", "compiled", "native"))


def losses_of(
    choice: EngineChoice, network: NetworkSpec = STILL, num_steps: int = 20, seed: int = 0
) -> list[float]:
    """Of steps on the same batches from the same weights; the last batches are smaller ones."""
    bench = made_bench(network, made_splits(160), 64, MOVED, drop_last=False)
    engine = bench.open(choice, Randomness(seed, CPU))
    step = TrainingStep(engine, engine.descent(nesterov=True))
    random = Randomness(0, CPU)
    parts = [part for _ in range(-(-num_steps // 3)) for part in bench.epoch(random)]
    assert {len(part) for part in parts} == {64, 32}
    return [step(part, 0.02)[0] for part in parts[:num_steps]]


@pytest.mark.parametrize(
    ("choice", "tolerance"),
    [
        (NATIVE, 2e-3),
        pytest.param(COMPILED, 2e-3, marks=pytest.mark.slow),
        # It has 8 bits for a number; of the 20 losses none is further off.
        (EngineChoice("eager", "bf16"), 0.05),
    ],
    ids=["native", "compiled", "bf16"],
)
def test_each_has_the_losses_of_the_eager_one(choice: EngineChoice, tolerance: float) -> None:
    expected, found = losses_of(EAGER), losses_of(choice)
    assert found == pytest.approx(expected, rel=tolerance)
    assert found[0] == pytest.approx(expected[0], rel=tolerance / 10)
    assert found != expected
    assert expected[-1] < 0.8 * expected[0]


def test_native_dropout_is_by_the_runs_own_numbers() -> None:
    dropped = REFERENCE.changed(dropout=0.2)
    first = losses_of(NATIVE, dropped, 6)
    torch.manual_seed(5)
    assert losses_of(NATIVE, dropped, 6) == first
    assert losses_of(NATIVE, dropped, 6, seed=1)[0] != first[0] != losses_of(NATIVE, STILL, 1)[0]


def test_native_dropout_is_as_harmful_as_torchs() -> None:
    """Over 100 draws on the same weights the means of the losses are the same."""
    bench = made_bench(PLAIN.changed(dropout=0.5), batch_size=64)
    part, means = bench.epoch(Randomness(0, CPU))[0], []
    for choice in (EAGER, NATIVE):
        engine = bench.open(choice, Randomness(3, CPU))
        losses = torch.tensor([engine.gradients(part)[0] for _ in range(100)])
        means.append((losses.mean().item(), losses.std().item() / math.sqrt(100)))
    (eager, eager_error), (native, native_error) = means
    assert abs(eager - native) < 5 * math.hypot(eager_error, native_error)
    still = made_bench(PLAIN, batch_size=64).open(EAGER, Randomness(3, CPU))
    assert abs(still.gradients(part)[0] - native) > 5 * native_error


def test_trying_leaves_no_trace() -> None:
    bench = made_bench(REFERENCE, made_splits(96), 32, Warp())
    module, state = bench.classifier.module, torch.get_rng_state()
    before = copied(module)
    seconds = bench.try_steps((EAGER, NATIVE), 4)
    assert [len(of_one) for of_one in seconds] == [4, 4]
    assert all(0 < second < 60 for of_one in seconds for second in of_one)
    assert equal_states(copied(module), before)
    assert all(parameter.grad is None for parameter in module.parameters())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    "choice", [EAGER, NATIVE, pytest.param(COMPILED, marks=pytest.mark.slow)], ids=str
)
def test_nor_does_building(choice: EngineChoice) -> None:
    bench = made_bench(PLAIN, made_splits(96), 32, Warp())
    module, state = bench.classifier.module, torch.get_rng_state()
    before = copied(module)
    assert 0 < bench.build(choice) < 600
    assert equal_states(copied(module), before)
    assert all(parameter.grad is None for parameter in module.parameters())
    assert torch.equal(torch.get_rng_state(), state)


def num_graphs() -> int:
    """That torch has compiled in this process."""
    number: int = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    return number


@pytest.mark.slow
def test_what_was_built_is_not_built_by_the_first_step() -> None:
    """Both sizes of a batch are, though no program serves two."""
    bench = made_bench(PLAIN, made_splits(80), 32, drop_last=False)
    at_first = num_graphs()
    bench.build(COMPILED)
    random = Randomness(0, CPU)
    engine = bench.open(COMPILED, random)
    before = num_graphs()
    assert before > at_first
    for part in bench.epoch(random):
        engine.gradients(part)
    assert num_graphs() == before


class Failing(nn.Module):
    """Counts its steps, and fails in the fourth."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(784, 10)
        self.register_buffer("steps", torch.zeros(()))
        self.steps: torch.Tensor

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.steps += 1
        if self.steps == 4:
            raise RuntimeError("enough")
        outputs: torch.Tensor = self.fc(images.flatten(1))
        return outputs


def test_a_network_that_fails_on_trial_is_told_and_as_it_was() -> None:
    bench = made_bench(Failing())
    before = copied(bench.classifier.module)
    with pytest.raises(BadInput, match=r"^Failing: expected it to run, got RuntimeError: enough$"):
        bench.try_steps((EAGER,), 5)
    assert equal_states(copied(bench.classifier.module), before)
    assert all(parameter.grad is None for parameter in bench.classifier.module.parameters())


def test_what_torch_cannot_compile_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no compiler found")

    monkeypatch.setattr(torch, "compile", lambda *_, **__: fail)
    bench = made_bench()
    before = copied(bench.classifier.module)
    with pytest.raises(UsageError) as error:
        bench.build(COMPILED)
    assert error.value.message == (
        "--engine compiled: expected torch to compile plain, got: SpecNetwork: expected it to run, "
        "got RuntimeError: no compiler found"
    )
    assert error.value.hint == "choose another --engine"
    assert equal_states(copied(bench.classifier.module), before)


def changed(**values: object) -> NetworkSpec:
    first = PLAIN.blocks[0].model_copy(update=values)
    return PLAIN.model_copy(update={"blocks": (first, *PLAIN.blocks[1:])})


POOL_FIRST = PLAIN.model_copy(
    update={"blocks": (MaxPool(name="before", kernel_size=(1, 1)), *PLAIN.blocks)}
)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (PLAIN, None),
        (changed(dropout=True).changed(dropout=0.5), None),
        (nn.Linear(28, 10), "a network in Python"),
        (POOL_FIRST, "a pool before the first convolution"),
        (changed(activation="gelu"), "activation gelu (block first)"),
    ],
    ids=["plain", "dropout", "python", "pool", "activation"],
)
def test_what_the_kernels_cannot_train(network: NetworkSpec | nn.Module, words: str | None) -> None:
    assert made_bench(network).native_obstacle() == words


def test_they_are_for_the_cpu() -> None:
    bench = replace(made_bench(), device=torch.device("cuda", 0))
    assert bench.native_obstacle() == "device cuda:0"


@pytest.mark.parametrize(
    ("blocks", "more", "drop_last", "is_odd"),
    [
        (4, 0, False, False),
        (3, 0, False, False),  # and the last batch is half as large
        (3, 5, True, False),
        (2, 5, False, True),
        (3, 5, False, True),
    ],
)
def test_batches_are_multiples_of_the_lanes(
    blocks: int, more: int, drop_last: bool, is_odd: bool
) -> None:
    number = lanes()
    splits = made_splits(blocks * number + more)
    bench = made_bench(splits=splits, batch_size=2 * number, drop_last=drop_last)
    last = (blocks % 2) * number + more
    words = f"batches of {last} images, no multiple of {number}"
    assert bench.native_obstacle() == (words if is_odd else None)


def test_a_whole_batch_is_one_as_well() -> None:
    number = lanes()
    words = f"batches of {number + 1} images, no multiple of {number}"
    assert made_bench(batch_size=number + 1).native_obstacle() == words


def test_without_a_compiler_there_are_no_native_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> int:
        raise CannotBuild("no compiler")

    monkeypatch.setattr("mnistops.training.engines.lanes", none)
    with pytest.raises(CannotBuild):
        made_bench().native_obstacle()
    # What it could not train anyhow needs no compiler to be told.
    assert made_bench(nn.Linear(28, 10)).native_obstacle() == "a network in Python"


@pytest.mark.parametrize(("drop_last", "steps"), [(True, 3), (False, 4)])
def test_steps_are_counted(drop_last: bool, steps: int) -> None:
    bench = made_bench(splits=made_splits(100), batch_size=32, drop_last=drop_last)
    assert bench.num_steps == len(bench.epoch(Randomness(0, CPU))) == steps
    endless = bench.endless(Randomness(0, CPU))
    assert [len(next(endless)) for _ in range(7)] == [32] * 7


def test_a_whole_last_batch_is_no_step_more() -> None:
    bench = made_bench(splits=made_splits(96), batch_size=32, drop_last=False)
    assert bench.num_steps == len(bench.epoch(Randomness(0, CPU))) == 3


def test_an_opened_engine_has_the_network_in_training_mode() -> None:
    conv = Conv(name="only", out_channels=10, kernel_size=(28, 28), norm="none", activation="none")
    spec = NetworkSpec(name="c", blocks=(conv, Linear(name="fc", out_features=10)))
    bench = made_bench(spec)
    for choice in (EAGER, NATIVE):
        bench.classifier.module.eval()
        bench.open(choice, Randomness(0, CPU))
        assert bench.classifier.module.training
