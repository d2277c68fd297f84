"""Stand-ins for rearrangements: each value stays what it was."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mnistops.analysis.probing.run import Run
from mnistops.analysis.probing.shadow import (
    Shadow,
)
from tests.analysis.probing.probed import (
    Calls,
    assert_sees_as_torch,
    conv,
    probed,
)


def test_channels_are_told_apart_behind_a_concatenation() -> None:
    # The second half of the channels is that of the wider branch alone.
    def forward(images: Tensor, a: nn.Module, b: nn.Module, c: nn.Module) -> Any:
        both = torch.cat([a(images), b(images)], 1)
        return c(both[:, :2]), c(both.chunk(2, 1)[1])

    module = Calls(forward, conv(1), conv(5, padding=2), conv(1))
    pairs = probed(module, (2, 15, 15))
    last = [v for row, v in pairs if row.path == "layers.2"]
    assert [(v.verdict, v.reason) for _, v in pairs] == [("agrees", "")] * len(pairs)
    sizes = [v.seen[0][1] - v.seen[0][0] + 1 for v in last if v.seen and v.seen[0]]
    assert sizes == [1, 5]


def test_a_shuffle_of_channels_keeps_branches_apart() -> None:
    def forward(images: Tensor, a: nn.Module, b: nn.Module, c: nn.Module) -> Any:
        both = torch.cat([a(images), b(images)], 1)
        n, channels, height, width = both.shape
        mixed = both.view(n, 2, channels // 2, height, width).transpose(1, 2).contiguous()
        return c(mixed.view(n, channels, height, width))

    grouped = nn.Conv2d(4, 4, 1, groups=4)
    pairs = probed(Calls(forward, conv(1), conv(5, padding=2), grouped), (2, 15, 15))
    assert {v.verdict for row, v in pairs if row.name.startswith(("Conv", "cat"))} == {"agrees"}
    assert pairs[-1][0].size == (5, 5)


@pytest.mark.parametrize(
    "forward",
    [
        lambda images: images.permute(0, 1, 3, 2),
        lambda images: torch.permute(input=images, dims=(0, 1, 3, 2)),
        lambda images: images.reshape(2, 2, 3, 8),
        lambda images: images[:, :, ::2, 1:-1],
        lambda images: images[:, None, :, 1].expand(-1, 4, -1, -1),
        lambda images: images[..., [3, 0]],
        lambda images: images.split(2, 3)[1],
        lambda images: images.chunk(3, dim=2)[2],
        lambda images: torch.cat([images, images[:, :, :1] * 2], 2),
    ],
)
def test_each_value_sees_what_it_saw(forward: Callable[[Tensor], Tensor]) -> None:
    assert_sees_as_torch(Calls(forward), (2, 6, 4))


def test_repetitions_are_not_written_out() -> None:
    def forward(images: Tensor) -> Any:
        return images.flatten(0, 1).reshape(2, 64, 5, 7).transpose(2, 3)

    run = Run(Calls(forward), (64, 5, 7))
    run.go()
    assert isinstance(shadow := run.events[-1].shadow, Shadow)
    assert shadow.shape == (2, 64, 7, 5)
    assert shadow.values.shape == (1, 1, 1, 7, 5)
