"""A training step, against torch's own arithmetic."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from mnistops.data.augment import Interpolation, Warp, warp
from mnistops.errors import BadInput, OutOfResources
from mnistops.networks.build import SpecNetwork, build
from mnistops.networks.zoo import REFERENCE
from mnistops.training.batches import Batch
from mnistops.training.randomness import Randomness
from mnistops.training.step import Engine, NativeEngine, TorchEngine, TrainingData, TrainingStep
from tests.made_data import made_splits
from tests.training.benches import CPU, PLAIN, copied, equal_states, still


def made_data(interpolation: Interpolation = "nearest") -> TrainingData:
    splits = made_splits(64)
    return TrainingData(splits.train, splits.normalization, interpolation)


Step = Callable[[Batch], tuple[float, int]]


def make_step(network: nn.Module) -> Step:
    return step_of(TorchEngine(network, made_data(), Randomness(0, CPU)))


def step_of(engine: Engine) -> Step:
    step = TrainingStep(engine, engine.descent(nesterov=True))
    return lambda batch: step(batch, 0.1)


def flat(*after: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10), *after)


def test_it_is_a_plain_step_of_gradient_descent() -> None:
    network, twin, data = flat(), nn.Linear(784, 10), made_data()
    twin.load_state_dict(network[1].state_dict())
    indices = torch.tensor([3, 1, 8])
    loss, right = make_step(network)(still(indices))

    images = data.images.images[indices].flatten(1) / 255
    outputs = twin((images - data.normalization.mean) / data.normalization.std)
    expected = functional.cross_entropy(outputs, data.images.labels[indices])
    expected.backward()  # type: ignore[no-untyped-call]
    assert loss == pytest.approx(expected.item())
    assert right == (outputs.argmax(1) == data.images.labels[indices]).sum()
    # Nesterov's first step from rest: the gradient and 0.9 of it once more.
    assert twin.weight.grad is not None
    torch.testing.assert_close(network[1].weight, twin.weight - 0.1 * 1.9 * twin.weight.grad)


def test_gradients_of_one_batch_do_not_add_to_those_of_another() -> None:
    for make in (native_engine, torch_engine):
        network = build(PLAIN)
        engine = make(network)
        engine.gradients(still(torch.arange(16)))
        engine.gradients(still(torch.arange(16, 32)))
        second = [p.grad.clone() for p in network.parameters() if p.grad is not None]
        engine.gradients(still(torch.arange(16, 32)))
        again = [p.grad for p in network.parameters() if p.grad is not None]
        assert len(again) == len(second) == 5
        for one, other in zip(second, again, strict=True):
            torch.testing.assert_close(one, other)


def torch_engine(network: SpecNetwork) -> Engine:
    return TorchEngine(network.train(), made_data(), Randomness(0, CPU))


def native_engine(network: SpecNetwork) -> Engine:
    return NativeEngine(network.train(), PLAIN, made_data(), 16, Randomness(0, CPU))


def test_log_probabilities_are_as_good_as_logits() -> None:
    logits, logs = flat(), flat(nn.LogSoftmax(1))
    results = [make_step(network)(still(torch.arange(16))) for network in (logits, logs)]
    assert results[0] == pytest.approx(results[1])
    torch.testing.assert_close(logits[1].weight, logs[1].weight)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_images_are_moved_before_they_are_normalised(interpolation: Interpolation) -> None:
    data, network = made_data(interpolation), flat()
    batch = Batch(torch.arange(16), Warp(40, 0.5, 1).draw(16, 28, 28, Randomness(2, CPU).warp))
    loss, _ = TorchEngine(network, data, Randomness(0, CPU)).gradients(batch)
    moved = warp(data.images.images[:16].float() / 255, batch.transforms, interpolation)
    outputs = network((moved - data.normalization.mean) / data.normalization.std)
    expected = functional.cross_entropy(outputs, data.images.labels[:16]).item()
    assert loss == pytest.approx(expected)
    # The other interpolation would be told from it.
    other: Interpolation = "nearest" if interpolation == "bilinear" else "bilinear"
    engine = TorchEngine(network, made_data(other), Randomness(0, CPU))
    assert engine.gradients(batch)[0] != pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_the_native_engine_moves_them_the_same_way(interpolation: Interpolation) -> None:
    data, network = made_data(interpolation), build(PLAIN).train()
    batch = Batch(torch.arange(32), Warp(40, 0.5, 1).draw(32, 28, 28, Randomness(2, CPU).warp))
    engines = (
        TorchEngine(network, data, Randomness(0, CPU)),
        NativeEngine(network, PLAIN, data, 32, Randomness(0, CPU)),
    )
    (loss, right), (native_loss, native_right) = (engine.gradients(batch) for engine in engines)
    # A pixel halfway between two may be taken from the other one.
    assert native_loss == pytest.approx(loss, rel=1e-3 if interpolation == "nearest" else 1e-5)
    assert native_right == right


def test_dropout_is_by_the_runs_own_numbers() -> None:
    network = build(REFERENCE)
    start, losses = copied(network), []
    for other in (1, 2):
        torch.manual_seed(other)
        network.load_state_dict(start)
        step = make_step(network.train())
        losses.append([step(still(torch.arange(16)))[0] for _ in range(3)])
    assert losses[0] == losses[1]
    network.load_state_dict(start)
    engine = TorchEngine(network, made_data(), Randomness(1, CPU))
    assert engine.gradients(still(torch.arange(16)))[0] != losses[0][0]


def test_a_loss_that_is_no_number_changes_no_weight() -> None:
    linear = nn.Linear(784, 10)
    nn.init.constant_(linear.bias, math.nan)
    before = linear.weight.clone()
    loss, _ = make_step(nn.Sequential(nn.Flatten(), linear))(still(torch.arange(4)))
    assert math.isnan(loss)
    assert torch.equal(linear.weight, before)


def test_nor_does_it_natively() -> None:
    network = build(PLAIN)
    nn.init.constant_(network.state_dict()["last.0.bias"], math.nan)
    before = copied(network)
    step = step_of(native_engine(network))
    assert math.isnan(step(still(torch.arange(16)))[0])
    for key, parameter in network.named_parameters():
        torch.testing.assert_close(parameter.data, before[key], rtol=0, atol=0, equal_nan=True)


def test_an_engine_gives_the_outputs_of_the_network_that_is_named() -> None:
    torch.manual_seed(1)
    trained, mean = build(PLAIN), build(PLAIN)
    before, images = copied(mean), torch.randn(21, 1, 28, 28)
    with torch.inference_mode():
        expected = mean.eval()(images)
        for make in (native_engine, torch_engine):
            outputs = make(trained).outputs_of(mean)(images)
            torch.testing.assert_close(outputs.log_softmax(1), expected, rtol=1e-4, atol=1e-5)
    assert equal_states(copied(mean), before)


def test_the_outputs_follow_the_weights() -> None:
    network = build(PLAIN)
    outputs = native_engine(network).outputs_of(network)
    images = torch.randn(16, 1, 28, 28)
    first = outputs(images)
    with torch.no_grad():
        network.get_parameter("last.0.bias").add_(torch.arange(10.0))
    torch.testing.assert_close(outputs(images), first + torch.arange(10.0))


def test_a_network_of_the_users_that_fails_is_told() -> None:
    class Odd(nn.Linear):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            raise ValueError(f"odd {len(images)}")

    with pytest.raises(BadInput, match=r"^Odd: expected it to run, got ValueError: odd 4$"):
        make_step(Odd(784, 10))(still(torch.arange(4)))


class Hungry(nn.Linear):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.empty(10**15, device=images.device)


def test_a_batch_that_is_too_much_is_named() -> None:
    step = make_step(Hungry(28, 10))
    message = r"^a batch of 3 images: expected enough memory, got: .*4000000000000000 bytes"
    with pytest.raises(OutOfResources, match=message) as error:
        step(still(torch.tensor([3, 1, 8])))
    assert error.value.hint == "a smaller --batch-size needs less"


@pytest.mark.gpu
def test_a_real_device_without_enough_memory_is_told_with_the_batch() -> None:
    device = torch.device("cuda", 0)
    splits = made_splits(64).to(device)
    network = Hungry(28, 10).to(device)
    data = TrainingData(splits.train, splits.normalization, "nearest")
    step = step_of(TorchEngine(network, data, Randomness(0, device)))
    batch = Batch(torch.tensor([3, 1], device=device), torch.eye(3, device=device).repeat(2, 1, 1))
    message = "^a batch of 2 images: expected enough memory, got: CUDA out of memory"
    with pytest.raises(OutOfResources, match=message):
        step(batch)


def test_in_bf16_the_network_computes_in_it_and_the_loss_does_not() -> None:
    seen: list[torch.dtype] = []
    network = flat()
    network.register_forward_hook(lambda _, __, outputs: seen.append(outputs.dtype))
    losses = [
        TorchEngine(network, made_data(), Randomness(0, CPU), precision=precision).gradients(
            still(torch.arange(16))
        )[0]
        for precision in ("fp32", "bf16")
    ]
    assert seen == [torch.float32, torch.bfloat16]
    assert losses[0] != losses[1] == pytest.approx(losses[0], rel=0.02)
    assert network[1].weight.grad is not None
    assert network[1].weight.grad.dtype == torch.float32
