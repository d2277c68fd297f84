"""Stand-ins for reductions: all that is put together is seen."""

from typing import Any

import pytest
from torch import Tensor

from mnistops.analysis.probing.run import Run
from mnistops.analysis.probing.shadow import (
    Shadow,
)
from tests.analysis.probing.probed import (
    Calls,
    touched,
)


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("name", ["mean", "sum", "amax", "std", "logsumexp"])
def test_a_reduction_sees_all_that_it_takes(name: str, keepdim: bool) -> None:
    def forward(images: Tensor) -> Any:
        return getattr(images, name)(dim=3, keepdim=keepdim)

    found = touched(Calls(forward), (2, 4, 5), (1,))
    assert found.nonzero().tolist() == [[1, column] for column in range(5)]


def test_a_largest_value_and_its_place_see_the_same() -> None:
    module = Calls(lambda images: images.max(2)[0])
    found = touched(module, (2, 4, 5), (3,))
    assert found.nonzero().tolist() == [[row, 3] for row in range(4)]


def test_what_joins_the_images_has_no_shadow() -> None:
    run = Run(Calls(lambda images: images.mean()), (2, 4, 5))
    run.go()
    assert run.events[-1].shadow == "it joins the images of a batch"


@pytest.mark.parametrize(("dim", "is_joined"), [(1, False), (3, True)])
def test_a_softmax_joins_positions_where_its_dimension_grows(dim: int, is_joined: bool) -> None:
    module = Calls(lambda images: images.softmax(dim))
    given = Run(module, (2, 4, 5))
    grown = Run(module, (2, 8, 9), given)
    given.go()
    grown.go()
    assert isinstance(shadow := grown.events[-1].shadow, Shadow)
    assert shadow.is_joined is is_joined
