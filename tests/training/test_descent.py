"""Descent: torch's own, and both kinds against its arithmetic in float64."""

from collections.abc import Callable, Iterable

import pytest
import torch
from torch import Tensor, nn

from mnistops.native.descent import NativeDescent
from mnistops.training.descent import MOMENTUM, Descent, TorchDescent

Make = Callable[[Iterable[nn.Parameter], bool], Descent]


def native(parameters: Iterable[nn.Parameter], nesterov: bool) -> Descent:
    return NativeDescent(parameters, MOMENTUM, nesterov)


KINDS = pytest.mark.parametrize("make", [TorchDescent, native], ids=["torch", "native"])
RATES = [0.1, 0.3, 0.05, 0.02]


def parameters(seed: int = 0) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(seed)
    shapes = [(3, 2, 3, 3), (3,), (1,), (17, 5)]
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]


def descend(descent: Descent, known: list[nn.Parameter], rates: list[float], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for rate in rates:
        for parameter in known:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        descent.step(rate)


def by_hand(known: list[Tensor], rates: list[float], seed: int, nesterov: bool) -> list[Tensor]:
    """In float64."""
    generator = torch.Generator().manual_seed(seed)
    at = [parameter.double() for parameter in known]
    remembered = [torch.zeros_like(parameter) for parameter in at]
    for rate in rates:
        for i, parameter in enumerate(at):
            gradient = torch.randn(parameter.shape, generator=generator).double()
            remembered[i] = 0.9 * remembered[i] + gradient
            at[i] = parameter - rate * (
                gradient + 0.9 * remembered[i] if nesterov else remembered[i]
            )
    return at


@KINDS
@pytest.mark.parametrize("nesterov", [True, False], ids=["nesterov", "plain"])
def test_it_descends_with_momentum(make: Make, nesterov: bool) -> None:
    known = parameters()
    expected = by_hand([parameter.detach() for parameter in known], RATES, 7, nesterov)
    descend(make(known, nesterov), known, RATES, 7)
    for parameter, value in zip(known, expected, strict=True):
        torch.testing.assert_close(parameter.detach().double(), value, rtol=1e-5, atol=1e-6)


@KINDS
@pytest.mark.parametrize("other", [TorchDescent, native], ids=["torch", "native"])
def test_it_goes_on_from_what_another_remembers(make: Make, other: Make) -> None:
    whole, known = parameters(), parameters()
    descend(one := make(whole, True), whole, RATES, 3)
    descend(one, whole, RATES, 4)

    descend(first := make(known, True), known, RATES, 3)
    second = other(known, True)
    second.restore(first.values())
    descend(second, known, RATES, 4)
    for parameter, value in zip(known, whole, strict=True):
        torch.testing.assert_close(parameter, value, rtol=1e-5, atol=1e-6)


@KINDS
def test_of_nothing_remembered_it_begins_anew(make: Make) -> None:
    known, rested = parameters(), parameters()
    descend(descent := make(known, True), known, RATES, 3)
    descent.restore(TorchDescent(parameters(), True).values())
    for parameter, value in zip(rested, known, strict=True):
        parameter.data.copy_(value.data)
    descend(descent, known, RATES, 5)
    descend(make(rested, True), rested, RATES, 5)
    for parameter, value in zip(known, rested, strict=True):
        assert torch.equal(parameter, value)
