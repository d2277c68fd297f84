"""A training step, against torch's own arithmetic; batches, against the images."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from mnistops.data.augment import Warp
from mnistops.networks.build import build
from mnistops.networks.zoo import REFERENCE
from mnistops.training.randomness import Randomness
from mnistops.training.recipe import make_optimizer
from mnistops.training.step import TrainingStep, batches, endless_batches
from tests.made_data import made_splits

CPU = torch.device("cpu")
STILL = Warp(0, 0)


def make_step(network: nn.Module, warp: Warp = STILL, rate: float = 0.1) -> TrainingStep:
    splits = made_splits(64)
    optimizer = make_optimizer("one-cycle", network)
    optimizer.param_groups[0]["lr"] = rate
    return TrainingStep(
        network, optimizer, splits.train, splits.normalization, warp, Randomness(0, CPU)
    )


def test_it_is_a_plain_step_of_gradient_descent() -> None:
    torch.manual_seed(0)
    network, twin = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), nn.Linear(784, 10)
    twin.load_state_dict(network[1].state_dict())
    step = make_step(network)
    indices = torch.tensor([3, 1, 8])
    loss, right = step(indices)

    images = step.images.images[indices].flatten(1) / 255
    outputs = twin((images - step.normalization.mean) / step.normalization.std)
    expected = functional.cross_entropy(outputs, step.images.labels[indices])
    expected.backward()  # type: ignore[no-untyped-call]
    assert loss == pytest.approx(expected.item())
    assert right == (outputs.argmax(1) == step.images.labels[indices]).sum()
    # Nesterov's first step from rest: the gradient and 0.9 of it once more.
    assert twin.weight.grad is not None
    torch.testing.assert_close(network[1].weight, twin.weight - 0.1 * 1.9 * twin.weight.grad)


def test_log_probabilities_are_as_good_as_logits() -> None:
    torch.manual_seed(0)
    logits = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    logs = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.LogSoftmax(1))
    logs[1].load_state_dict(logits[1].state_dict())
    results = [make_step(network)(torch.arange(16)) for network in (logits, logs)]
    assert results[0] == pytest.approx(results[1])
    torch.testing.assert_close(logits[1].weight, logs[1].weight)


def test_images_are_warped_and_dropped_out_by_the_runs_own_numbers() -> None:
    network = build(REFERENCE)
    start = {key: value.clone() for key, value in network.state_dict().items()}
    losses = []
    for other in (1, 2):
        torch.manual_seed(other)
        network.load_state_dict(start)
        step = make_step(network.train(), Warp())
        losses.append([step(torch.arange(16))[0] for _ in range(3)])
    assert losses[0] == losses[1]
    assert losses[0][0] != make_step(network)(torch.arange(16))[0]


def test_a_loss_that_is_no_number_changes_no_weight() -> None:
    linear = nn.Linear(784, 10)
    nn.init.constant_(linear.bias, math.nan)
    before = linear.weight.clone()
    with pytest.raises(FloatingPointError, match="nan"):
        make_step(nn.Sequential(nn.Flatten(), linear))(torch.arange(4))
    assert torch.equal(linear.weight, before)


@pytest.mark.parametrize(("drop_last", "sizes"), [(False, [24, 24, 16]), (True, [24, 24])])
def test_an_epoch_takes_each_image_once(drop_last: bool, sizes: list[int]) -> None:
    images, random = made_splits(64).train, Randomness(0, CPU)
    first = batches(images, 24, drop_last, random)
    assert [len(part) for part in first] == sizes
    assert len(set(torch.cat(first).tolist())) == sum(sizes)
    assert not torch.equal(torch.cat(first), torch.cat(batches(images, 24, drop_last, random)))


def test_a_whole_last_batch_is_kept() -> None:
    assert len(batches(made_splits(48).train, 24, True, Randomness(0, CPU))) == 2


def test_endless_batches_are_whole_and_go_on() -> None:
    endless = endless_batches(made_splits(50).train, 24, Randomness(0, CPU))
    assert [len(next(endless)) for _ in range(7)] == [24] * 7
