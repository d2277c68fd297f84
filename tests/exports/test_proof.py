"""Proof: what differs by more than single precision explains is found."""

from math import inf, nan

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mnistops.exports.original import Trial
from mnistops.exports.proof import LIMIT, Proof, compare_outputs, compare_weights


def trials(scale: float = 1.0) -> list[Trial]:
    return [Trial(torch.zeros(n, 1), scale * torch.ones(n, 2)) for n in (1, 3)]


def differing(by: float, number: int = 3, scale: float = 1.0):  # type: ignore[no-untyped-def]
    """Computes the outputs, but one of them differs for so many images."""

    def compute(images: Tensor) -> Tensor:
        outputs = scale * torch.ones(len(images), 2)
        if len(images) == number:
            outputs[-1, 1] += by
        return outputs

    return compute


@given(st.floats(-0.5, 0.5, width=32), st.sampled_from([1, 3]))
def test_the_largest_difference_counts_wherever_it_is(by: float, number: int) -> None:
    proof = compare_outputs(differing(by, number), trials())
    assert proof.difference == pytest.approx(abs(by), abs=1e-7)
    assert proof.holds == (proof.difference <= LIMIT)


def test_the_limit_grows_with_large_outputs_and_does_not_shrink_with_small_ones() -> None:
    for scale, limit in ((20.0, 20 * LIMIT), (0.001, LIMIT)):
        proof = compare_outputs(differing(0.0, scale=scale), trials(scale))
        assert proof.difference == 0 and proof.limit == pytest.approx(limit)


@pytest.mark.parametrize("by", [nan, inf])
def test_no_number_is_too_much(by: float) -> None:
    proof = compare_outputs(differing(by), trials())
    assert not proof.holds and not proof.is_number


def test_other_shapes_are_no_outputs_of_the_network() -> None:
    assert not compare_outputs(lambda images: torch.ones(len(images), 1), trials()).holds
    assert not compare_outputs(lambda _: torch.ones(2), trials()).holds


def test_weights_are_the_same_to_the_bit() -> None:
    weights = {"a": torch.rand(3, 2), "b": torch.tensor(7), "none": torch.zeros(0)}
    same = dict(reversed(weights.items()))
    assert compare_weights(same, weights) == Proof(0.0, 0.0)
    off = {**weights, "a": weights["a"] + 2**-20}
    assert not compare_weights(off, weights).holds
    assert compare_weights(off, weights).difference == pytest.approx(2**-20, rel=0.1)
    for others in (
        {"a": weights["a"]},
        {**weights, "b": torch.ones(1)},
        {**weights, "c": weights["b"]},
    ):
        assert not compare_weights(others, weights).holds
