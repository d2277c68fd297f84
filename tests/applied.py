"""One function of images as a network, and whether what is said of it is what torch does."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from mnistops.analysis.capture import capture
from mnistops.analysis.receptive_field import ReceptiveField, receptive_fields, sights
from tests.network_steps import positive, touched


class Applied(nn.Module):
    """A 3x3 convolution, which takes 2 rows and columns away, and a function of what it gives."""

    def __init__(
        self, function: Callable[[Tensor], Any], module: nn.Module | None = None, channels: int = 4
    ) -> None:
        super().__init__()
        self.conv = positive(nn.Conv2d(1, channels, 3, dtype=torch.double))
        self.module = module
        self.function = function

    def forward(self, images: Tensor) -> Any:
        return self.function(self.conv(images))


def rows_of(network: nn.Module, sizes: tuple[int, int] = (8, 10)) -> list[ReceptiveField]:
    return list(receptive_fields(capture(network, (1, *sizes), "net")))


def assert_as_torch(network: nn.Module, size: tuple[int, int, int] = (1, 8, 10)) -> None:
    """Shapes are torch's, and no value changes with a pixel that it is said not to reach."""
    network = network.double().eval()
    graph = capture(network, size, "net")
    seen = sights(graph)
    images = torch.rand(2, *size, dtype=torch.double, generator=torch.manual_seed(3)) + 0.5
    outputs = [t for t in tree_leaves(network(images.requires_grad_())) if isinstance(t, Tensor)]
    assert len(outputs) == len(graph.outputs)
    for place, output in zip(graph.outputs, outputs, strict=True):
        assert graph.layers[place].given == tuple(output.shape)
        sight = seen[place]
        if sight is None or not output.requires_grad:
            continue
        ends = tuple(0 for _ in output.shape), tuple(n - 1 for n in output.shape)
        for index in (*ends, tuple(n // 2 for n in output.shape)):
            mask = touched(output[index], images)
            for axis, trace in enumerate(sight.parts[sight.labels.at(index)].traces):
                assert trace.reach is not None
                first, last = trace.reach.at(index) or (0, -1)
                lines = mask.any(1 - axis).nonzero().flatten().tolist()
                assert all(first <= line <= last for line in lines)
