"""Work: what is counted is what torch's own counter sees in a step of training."""

import pytest
import torch
from hypothesis import assume, given, settings
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mnistops.analysis.capture import capture
from mnistops.analysis.lower import lower
from mnistops.benchmark.work import Work, training_work
from mnistops.networks.build import build
from mnistops.networks.spec import Conv, MaxPool, NetworkSpec
from mnistops.networks.zoo import REFERENCE
from tests.strategies import specs

NUM_IMAGES = 2


def torchs_flop(module: nn.Module, *size: int) -> int:
    """Of one image, by torch's counter over a step forward and backward."""
    with FlopCounterMode(display=False) as counter:
        module.train()(torch.zeros(NUM_IMAGES, *size)).sum().backward()
    total: int = counter.get_total_flops()
    assert total % NUM_IMAGES == 0
    return total // NUM_IMAGES


def test_the_reference_takes_8_megaflop_an_image() -> None:
    work = training_work(lower(REFERENCE))
    assert work is not None
    assert work.flop == torchs_flop(build(REFERENCE), 1, 28, 28)
    forward = 1_390_290  # multiply-adds, of which 26 * 26 * 10 * 9 are the first layer's
    assert work.flop == 2 * (3 * forward - 60_840) == 8_220_060


def test_the_outputs_of_convolutions_go_to_memory_and_back_twice() -> None:
    numbers = 10 * 26**2 + 10 * 24**2 + 15 * 22**2 + 10 * (11**2 + 9**2 + 7**2 + 5**2)
    work = training_work(lower(REFERENCE))
    assert work is not None and work.moved_bytes == 4 * 4 * numbers == 360_640


@given(specs())
@settings(max_examples=60)
def test_flop_are_torchs_for_any_spec(spec: NetworkSpec) -> None:
    # torch's counter takes the gradient of a grouped weight for that of a whole one.
    assume(all(block.groups == 1 for block in spec.blocks if isinstance(block, Conv)))
    # Where all of a dilated window lies in the padding, torch writes its gradient out of bounds.
    dilated = [b for b in spec.blocks if isinstance(b, MaxPool) and max(b.dilation) > 1]
    assume(not any(max(block.padding) for block in dilated))
    module = build(spec)
    assume(any(True for _ in module.parameters()))
    expected = torchs_flop(module, *spec.input_size)
    assert training_work(lower(spec)) == Work(expected, moved_bytes(spec))


def moved_bytes(spec: NetworkSpec) -> int:
    """Four times four bytes of each number that a convolution or a linear layer gives."""
    counts: list[int] = []
    module = build(spec)
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(lambda _, __, given: counts.append(given[0].numel()))
    module.eval()(torch.zeros(1, *spec.input_size))
    return 4 * 4 * sum(counts)


def work_of(module: nn.Module) -> Work | None:
    return training_work(capture(module, (1, 8, 8), "net", tries_training=False))


def test_a_grouped_convolution_costs_its_groups() -> None:
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, groups=2))
    work = work_of(module)
    assert work is not None
    assert work.flop == 2 * (2 * 4 * 36 * 9 + 3 * 4 * 16 * 2 * 9)


@pytest.mark.parametrize("frozen", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2)])
def test_what_is_frozen_needs_no_gradient_nor_what_lies_before_the_first_that_is_not(
    frozen: tuple[int, ...],
) -> None:
    module = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(32, 5))
    layers = (module[0], module[1], module[3])
    for number in frozen:
        layers[number].requires_grad_(False)
    work = work_of(module)
    assert work is not None and work.flop == torchs_flop(module, 1, 8, 8)


class Attention(nn.Module):
    """Products of matrices that both depend on the images."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(8, 6)
        self.second = nn.Linear(8, 6)

    def forward(self, images: Tensor) -> Tensor:
        rows = images.flatten(1, 2)
        products: Tensor = torch.bmm(self.first(rows), self.second(rows).transpose(1, 2))
        return products


def test_a_product_of_matrices_has_a_gradient_for_each() -> None:
    work = work_of(Attention())
    assert work is not None and work.flop == torchs_flop(Attention(), 1, 8, 8)


class Unknown(nn.Module):
    """An operation without a rule."""

    def forward(self, images: Tensor) -> Tensor:
        seen: Tensor = torch.fft.fft2(images).abs()
        return seen


def test_what_has_no_rule_is_not_guessed() -> None:
    assert work_of(nn.Sequential(nn.Conv2d(1, 3, 3), Unknown())) is None
