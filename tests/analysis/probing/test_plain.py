"""Plain stand-ins: means, gates, and functions that are linear themselves."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from mnistops.analysis.probing.run import Run
from tests.analysis.probing.probed import (
    Calls,
    assert_sees_as_torch,
    touched,
)


def test_a_sum_sees_what_its_terms_see() -> None:
    def forward(images: Tensor) -> Any:
        return images[:, :, 1:] + images[:, :, :-1]

    assert_sees_as_torch(Calls(forward), (1, 4, 4))


def test_terms_that_cancel_are_seen() -> None:
    found = touched(Calls(lambda images: images - images), (1, 4, 4), (1, 2))
    assert found.nonzero().tolist() == [[1, 2]]


def test_a_factor_that_is_the_same_everywhere_is_a_gate() -> None:
    gated = Calls(lambda images: images * images.mean((2, 3), keepdim=True))
    assert touched(gated, (1, 4, 4), (1, 2)).nonzero().tolist() == [[1, 2]]
    added = Calls(lambda images: images + images.mean((2, 3), keepdim=True))
    assert touched(added, (1, 4, 4), (1, 2)).all()


@pytest.mark.parametrize(
    "forward",
    [
        lambda images: images.flip(3),
        lambda images: images.roll(1, 2),
        lambda images: functional.pixel_shuffle(images, 2),
        lambda images: images.cumsum(3),
        lambda images: torch.stack([images, images * 2], 2).flatten(1, 2),
    ],
)
def test_linear_functions_are_taken_as_they_are(forward: Callable[[Tensor], Tensor]) -> None:
    assert_sees_as_torch(Calls(forward), (4, 4, 3))


def test_numbers_without_memory_have_no_shadow() -> None:
    def forward(images: Tensor) -> Any:
        index = torch.zeros(1, dtype=torch.long, device=images.device)
        return images.index_select(2, index)

    run = Run(Calls(forward), (1, 4, 4))
    run.go()
    assert run.events[-1].shadow == "the numbers that index_select takes are not known"
