"""The watched forward pass: what its tensors depend on, and what it leaves alone."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistops.analysis.probing.probe import probe
from mnistops.analysis.probing.run import Run
from tests.analysis.probing.probed import (
    Calls,
    assert_all_equal,
    conv,
    probed,
    rows_of,
    touched,
)


def test_a_forward_that_draws_numbers_leaves_the_generator_alone() -> None:
    def forward(images: Tensor, a: nn.Module) -> Any:
        return a(images + torch.rand(()))

    module = Calls(forward, conv(3))
    rows = rows_of(module, (2, 9, 9))
    state = torch.random.get_rng_state()
    verdicts = probe(module, (2, 9, 9), "net", rows)
    assert verdicts[-1].verdict == "agrees"
    assert torch.equal(torch.random.get_rng_state(), state)


def test_gradients_that_the_forward_turns_off_are_followed() -> None:
    def forward(images: Tensor, a: nn.Module) -> Any:
        with torch.no_grad():
            return a(images)

    assert_all_equal(probed(Calls(forward, conv(3)), (2, 9, 9)), "exact")


def test_modules_and_functions_are_events_in_their_order() -> None:
    def forward(images: Tensor, a: nn.Module) -> Any:
        return functional.relu(a(images)) + 1

    run = Run(Calls(forward, conv(3)), (2, 9, 9))
    run.go()
    assert [(e.call.type, e.call.path, e.call.is_module) for e in run.events] == [
        ("Conv2d", "layers.0", True),
        ("relu", "", False),
        ("add", "", False),
    ]
    assert [event.is_same for event in run.events] == [False, True, True]


def test_pixels_are_touched_by_the_unit_that_is_asked_for() -> None:
    found = touched(conv(3, stride=2), (2, 9, 11), (1, 2))
    assert found.shape == (9, 11)
    assert found.nonzero().amin(0).tolist() == [2, 4]
    assert found.nonzero().amax(0).tolist() == [4, 6]
    assert found.sum() == 9


def test_what_sees_nothing_touches_nothing() -> None:
    blind = nn.ConvTranspose2d(1, 1, 1, stride=2)
    assert not touched(blind, (1, 4, 4), (1, 1)).any()


def test_what_is_written_into_has_no_shadow() -> None:
    def forward(images: Tensor) -> Any:
        images = images * 2
        images[:, :, 0] = 0
        return images + 1

    run = Run(Calls(forward), (1, 4, 4))
    run.go()
    assert run.events[-1].shadow == "it writes into a part of a tensor"
