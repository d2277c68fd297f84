"""A run's random numbers: all from its seed, and nobody else's touched."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mnistops.training.randomness import Randomness

CPU = torch.device("cpu")


def draws(random: Randomness) -> list[float]:
    with random.of_network():
        network = torch.rand(2).tolist()
    order = torch.rand(2, generator=random.order).tolist()
    dropout = torch.rand(2, generator=random.dropout).tolist()
    return [*network, *order, *dropout, *torch.rand(2, generator=random.warp).tolist()]


@given(st.integers(0, 2**32 - 1))
def test_a_seed_says_all(seed: int) -> None:
    numbers = draws(Randomness(seed, CPU))
    assert numbers == draws(Randomness(seed, CPU))
    assert len(set(numbers)) == 8


@given(st.integers(0, 2**32 - 2))
def test_seeds_differ(seed: int) -> None:
    assert not set(draws(Randomness(seed, CPU))) & set(draws(Randomness(seed + 1, CPU)))


def test_the_global_generator_is_given_back() -> None:
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    random = Randomness(0, CPU)
    first = torch.rand(1)
    draws(random)
    assert torch.equal(torch.cat([first, torch.rand(1)]), expected)


def test_inside_the_stream_goes_on() -> None:
    whole, parts = Randomness(3, CPU), Randomness(3, CPU)
    with whole.of_network():
        expected = torch.rand(4)
    with parts.of_network():
        first = torch.rand(2)
    torch.rand(7)
    with parts.of_network():
        assert torch.equal(torch.cat([first, torch.rand(2)]), expected)


def test_an_error_inside_gives_the_generator_back() -> None:
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="size"), Randomness(0, CPU).of_network():
        torch.rand(2) + torch.rand(3)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.gpu
def test_on_a_gpu_too() -> None:
    device = torch.device("cuda", 0)
    before = torch.cuda.get_rng_state(device)
    numbers = []
    for _ in range(2):
        random = Randomness(1, device)
        with random.of_network():
            numbers.append(torch.rand(3, device=device).tolist())
        with random.of_network():
            numbers[-1] += torch.rand(3, device=device).tolist()
    assert numbers[0] == numbers[1] and len(set(numbers[0])) == 6
    assert torch.equal(torch.cuda.get_rng_state(device), before)
