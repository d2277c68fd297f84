"""Soap: Adam for vectors, and for matrices Adam in whatever basis they are given."""

from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from mnistops.training.soap import Soap

Make = Callable[[list[Tensor]], Optimizer]


def soap(parameters: list[Tensor]) -> Optimizer:
    return Soap(parameters, lr=0.03)


def adam(parameters: list[Tensor]) -> Optimizer:
    return Adam(parameters, lr=0.03, betas=(0.9, 0.98))


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def orthogonal(size: int, seed: int) -> Tensor:
    basis: Tensor = torch.linalg.qr(drawn(size, size, seed=seed)).Q
    return basis


def descend(targets: Tensor, make: Make = soap, slope: Tensor | None = None) -> Tensor:
    """Where a step towards each target in turn leads to, from zero.

    Args:
        targets: (steps, ...).
        slope: of the way there, along the last axis; the same everywhere if None.
    """
    weight = nn.Parameter(torch.zeros_like(targets[0]))
    optimizer = make([weight])
    for target in targets:
        away = weight.detach() - target
        weight.grad = away if slope is None else away @ slope
        optimizer.step()
    return weight.detach()


def test_a_vector_takes_adams_steps() -> None:
    targets = drawn(30, 5)
    assert torch.allclose(descend(targets), descend(targets, adam))


@given(st.integers(0, 1000), st.integers(2, 5), st.integers(2, 5))
def test_a_matrix_takes_the_same_steps_in_any_basis(seed: int, rows: int, columns: int) -> None:
    left, right = orthogonal(rows, seed), orthogonal(columns, seed + 1)
    targets = drawn(25, rows, columns, seed=seed)
    found = descend(left @ targets @ right)
    assert torch.allclose(found, left @ descend(targets) @ right, atol=1e-6)


def test_which_adam_does_not() -> None:
    left, targets = orthogonal(3, 1), drawn(25, 3, 2)
    assert not torch.allclose(descend(left @ targets, adam), left @ descend(targets, adam), 0.1)


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 6))
def test_no_step_is_much_longer_than_the_rate(seed: int, rows: int, columns: int) -> None:
    """Not where the bases change from step to step either."""
    targets, longest = drawn(25, rows, columns, seed=seed), 0.0
    for steps in range(1, 25):
        step = descend(targets[: steps + 1]) - descend(targets[:steps])
        longest = max(longest, float(torch.linalg.matrix_norm(step)))
    assert longest < 3 * 0.03 * (rows * columns) ** 0.5


def test_a_convolution_is_a_matrix_of_a_row_for_each_output() -> None:
    targets = drawn(25, 4, 3, 2, 2)
    assert torch.equal(descend(targets).flatten(1), descend(targets.flatten(2)))


def test_a_valley_across_the_axes_is_no_obstacle() -> None:
    """Adam is slow where a valley that is much longer than wide lies across them."""
    across = orthogonal(6, 3)
    slope = across @ torch.logspace(0, -4, 6, dtype=torch.float64).diag() @ across.T
    targets = torch.ones(150, 4, 6, dtype=torch.float64)
    left, adams = ((descend(targets, make, slope) - 1).norm() for make in (soap, adam))
    assert left < 0.5 * adams


@pytest.mark.parametrize("at", [1, 10, 13])
def test_it_goes_on_from_its_state(at: int) -> None:
    targets = drawn(25, 3, 4)
    weight = nn.Parameter(torch.zeros_like(targets[0]))
    optimizer = soap([weight])
    for step, target in enumerate(targets):
        if step == at:
            kept, optimizer = deepcopy(optimizer.state_dict()), Soap([weight], lr=0.5)
            optimizer.load_state_dict(kept)
        weight.grad = weight.detach() - target
        optimizer.step()
    assert torch.equal(weight.detach(), descend(targets))
