"""Networks that are probed, and what is asserted of them."""

from collections.abc import Callable
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from mnistops.analysis.capture import capture
from mnistops.analysis.graph import IMAGES
from mnistops.analysis.probing.probe import probe
from mnistops.analysis.probing.run import Run
from mnistops.analysis.probing.shadow import (
    Shadow,
)
from mnistops.analysis.probing.verdict import Verdict
from mnistops.analysis.receptive_field import ReceptiveField, receptive_fields

Pair = tuple[ReceptiveField, Verdict]


class Calls(nn.Module):
    """A network whose forward is a function of its layers and the images."""

    def __init__(self, forward: Callable[..., Any], *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self._forward = forward

    def forward(self, images: Tensor) -> Any:
        return self._forward(images, *self.layers)


def rows_of(module: nn.Module, size: tuple[int, ...]) -> tuple[ReceptiveField, ...]:
    return receptive_fields(capture(module, size, "net"))


def probed(module: nn.Module, size: tuple[int, ...]) -> list[Pair]:
    """The rows that have a verdict of their own, with it."""
    rows = rows_of(module, size)
    pairs = zip(rows, probe(module, size, "net", rows), strict=True)
    return [(row, verdict) for row, verdict in pairs if row.is_window]


def conv(kernel_size: int | tuple[int, int], **options: Any) -> nn.Conv2d:
    return nn.Conv2d(2, 2, kernel_size, **options)


def assert_all_equal(pairs: list[Pair], *statuses: str) -> None:
    """Each row agrees, and nothing less than equality was asserted."""
    assert [row.status for row, _ in pairs] == list(statuses)
    for row, verdict in pairs:
        assert (verdict.verdict, verdict.reason) == ("agrees", ""), (row, verdict)


def touched(module: nn.Module, size: tuple[int, ...], units: tuple[int, ...]) -> Tensor:
    """The pixels that the shadow of the output shows for one unit, along dimensions 2 and on.

    Args:
        size: channels, and pixels per axis.
    """
    run = Run(module, size)
    run.go()
    shadow = run.events[-1].shadow
    assert isinstance(shadow, Shadow), shadow
    return run.touched(shadow, {dim + 2: unit for dim, unit in enumerate(units)})


def assert_sees_as_torch(module: nn.Module, size: tuple[int, ...]) -> None:
    """Each unit touches the pixels on which torch's own output depends, all weights being 1."""
    module = module.double()
    for weight in module.parameters():
        nn.init.ones_(weight)
    images = torch.rand(IMAGES, *size, dtype=torch.double, requires_grad=True)
    output = module(images)
    for units in product(*map(range, output.shape[2:])):
        values = output[(slice(None), slice(None), *units)]
        (gradient,) = torch.autograd.grad(
            values.sum(), images, retain_graph=True, materialize_grads=True
        )
        assert touched(module, size, units).equal((gradient != 0).any(0).any(0)), units
