"""Cover, against gradients of real networks."""

import torch
from torch import Tensor, nn

from mnistops.analysis.capture import capture
from mnistops.analysis.cover import cover
from mnistops.analysis.lower import lower
from mnistops.networks.zoo import REFERENCE


def test_in_reference_one_unit_sees_all_before_the_mean_does() -> None:
    # Padding shows nothing: the centre unit of convblock7 reaches 24 of 28 pixels along an axis,
    # another one reaches the first and the last.
    found = cover(lower(REFERENCE))
    assert found.some_unit and found.some_unit.path == "convblock7.0"
    assert found.every_unit and found.every_unit.path == "gap"


def reached(network: nn.Module, size: int) -> list[bool]:
    """Of each unit along a diagonal, whether it sees the first and the last pixel of both axes."""
    pixels = torch.ones(1, 1, size, size, requires_grad=True)
    outputs = network(pixels)
    sees_all = []
    for unit in range(outputs.shape[-1]):
        (gradient,) = torch.autograd.grad(outputs[0, 0, unit, unit], pixels, retain_graph=True)
        touched = gradient[0, 0].abs() > 0
        sees_all.append(all(bool(touched.any(axis)[end]) for axis in (0, 1) for end in (0, -1)))
    return sees_all


def test_it_is_the_first_layer_whose_gradients_reach_the_corners() -> None:
    layers = [nn.Conv2d(1, 1, 3, padding=1, bias=False) for _ in range(8)]
    for layer in layers:
        nn.init.ones_(layer.weight)
    network = nn.Sequential(*layers)
    depths = range(1, len(layers) + 1)
    some = next(n for n in depths if any(reached(network[:n], 7)))
    every = next(n for n in depths if all(reached(network[:n], 7)))
    found = cover(capture(network, (1, 7, 7), "net"))
    assert (some, every) == (3, 6)
    assert found.some_unit and found.some_unit.path == str(some - 1)
    assert found.every_unit and found.every_unit.path == str(every - 1)


class Forgetful(nn.Module):
    """Gives what one pixel shows, whatever it has seen."""

    def forward(self, images: Tensor) -> Tensor:
        return images[:, :, :1, :1].relu()


def test_there_may_be_none() -> None:
    found = cover(capture(Forgetful(), (1, 4, 4), "net"))
    assert (found.some_unit, found.every_unit) == (None, None)
