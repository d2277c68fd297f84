"""Stand-ins for products of matrices: what is summed over is seen."""

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
    assert_all_equal,
    conv,
    probed,
    touched,
)


def test_attention_sees_all_tokens() -> None:
    def forward(images: Tensor, a: nn.Module, b: nn.Module) -> Any:
        tokens = a(images).flatten(2).transpose(1, 2)
        return b(tokens, tokens, tokens, need_weights=False)[0]

    layers = nn.Conv2d(2, 4, 4, stride=4), nn.MultiheadAttention(4, 2, batch_first=True)
    pairs = probed(Calls(forward, *layers), (2, 16, 16))
    last = pairs[-1]
    assert (last[0].status, last[1].verdict) == ("whole", "agrees")
    assert last[1].seen == ((0, 15), (0, 15))


def test_a_linear_layer_takes_any_number_of_features() -> None:
    module = nn.Sequential(conv(3), nn.Flatten(), nn.Linear(2 * 7 * 7, 3))
    given = Run(module, (2, 9, 9))
    grown = Run(module, (2, 15, 15), given)
    given.go()
    grown.go()
    shapes = [e.shadow.shape for e in grown.events if isinstance(e.shadow, Shadow)]
    assert shapes[-2:] == [(2, 2 * 13 * 13), (2, 3)]
    assert isinstance(shadow := grown.events[-1].shadow, Shadow)
    assert shadow.is_joined


def test_a_mean_and_a_linear_layer_see_it_all() -> None:
    def forward(images: Tensor, a: nn.Module, b: nn.Module) -> Any:
        return b(a(images).mean((2, 3)))

    pairs = probed(Calls(forward, conv(3), nn.Linear(2, 3)), (2, 9, 9))
    assert_all_equal(pairs, "exact", *["whole"] * (len(pairs) - 1))


@pytest.mark.parametrize("by_name", [False, True])
def test_a_product_sums_over_rows_of_one_factor_and_columns_of_the_other(by_name: bool) -> None:
    def forward(images: Tensor) -> Any:
        weights = torch.ones(5, 3, dtype=images.dtype, device=images.device)
        if by_name:
            return torch.matmul(input=images, other=weights)
        return images @ weights

    found = touched(Calls(forward), (1, 4, 5), (2, 1))
    assert found.nonzero().tolist() == [[2, column] for column in range(5)]
    other = Calls(lambda images: torch.ones(3, 4, device=images.device) @ images)
    found = touched(other, (1, 4, 5), (0, 2))
    assert found.nonzero().tolist() == [[row, 2] for row in range(4)]
