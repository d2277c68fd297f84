"""Stand-ins for margins and interpolation: each unit sees what torch's own gradients tell."""

from typing import Any

import pytest
from torch import Tensor, nn
from torch.nn import functional

from tests.analysis.probing.probed import (
    Calls,
    assert_sees_as_torch,
    touched,
)


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_margins_see_what_torchs_see(mode: str) -> None:
    module = Calls(lambda images: functional.pad(images, (1, 2, 0, 3), mode))
    assert_sees_as_torch(module, (1, 5, 6))


def test_margins_of_channels_are_laid_as_they_are() -> None:
    module = Calls(lambda images: functional.pad(images, (0, 0, 1, 0, 2, 0)))
    assert_sees_as_torch(module, (1, 3, 4))


@pytest.mark.parametrize(
    "options",
    [
        {"scale_factor": 2, "mode": "nearest"},
        {"size": (3, 9), "mode": "nearest-exact"},
        {"scale_factor": (1.5, 2.0), "mode": "bilinear"},
        {"size": (9, 4), "mode": "bilinear", "align_corners": True},
        {"size": (9, 4), "mode": "bicubic"},
        {"scale_factor": 0.5, "mode": "bicubic"},
    ],
)
def test_interpolation_sees_what_torchs_sees(options: dict[str, Any]) -> None:
    assert_sees_as_torch(nn.Upsample(**options), (1, 6, 6))


def test_all_that_cubic_weights_reach_is_seen() -> None:
    def forward(images: Tensor) -> Any:
        large = functional.interpolate(images, scale_factor=2.0, mode="bicubic")
        return functional.avg_pool2d(large, 2)

    found = touched(Calls(forward), (1, 9, 9), (4, 4))
    assert found.nonzero().tolist() == [[r, c] for r in range(2, 7) for c in range(2, 7)]
