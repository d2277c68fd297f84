"""The machine's rates, and the limit that they set."""

from itertools import count
from types import SimpleNamespace

import pytest
import torch

from mnistops.benchmark import machine
from mnistops.benchmark.machine import Machine, best_of, measure_machine
from mnistops.benchmark.work import Work

CPU = torch.device("cpu")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MATRIX_SIZES", {"cpu": (8, 16)})
    monkeypatch.setattr(machine, "COPIED_BYTES", 1 << 12)


def test_the_limit_is_that_of_what_takes_longer() -> None:
    fast = Machine(flop_per_second=1e9, bytes_per_second=1e8)
    assert fast.images_per_second(Work(flop=1_000_000, moved_bytes=1000)) == 1000
    assert fast.bound(Work(1_000_000, 1000)) == "arithmetic"
    assert fast.images_per_second(Work(flop=1000, moved_bytes=1_000_000)) == 100
    assert fast.bound(Work(1000, 1_000_000)) == "memory"


def test_the_best_of_several_takes_each_rate_by_itself() -> None:
    assert best_of([Machine(3.0, 1.0), Machine(1.0, 4.0), Machine(2.0, 2.0)]) == Machine(3.0, 4.0)


@pytest.mark.usefixtures("small")
def test_rates_are_operations_and_bytes_by_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count()
    # A clock that moves by 1/16 s whenever it is looked at.
    clock = SimpleNamespace(perf_counter=lambda: next(ticks) / 16)
    monkeypatch.setattr(machine, "time", clock)
    assert measure_machine(CPU) == Machine(2 * 16**3 * 16, 2 * 4096 * 16)


@pytest.mark.usefixtures("small")
def test_nobodys_random_numbers_are_used() -> None:
    state = torch.get_rng_state()
    measured = measure_machine(CPU)
    assert torch.equal(torch.get_rng_state(), state)
    assert measured.flop_per_second > 0 and measured.bytes_per_second > 0


@pytest.mark.gpu
def test_a_gpu_is_waited_for() -> None:
    measured = measure_machine(torch.device("cuda", 0))
    # Less would be no GPU; more, that nobody waited for the work.
    assert 1e11 < measured.flop_per_second < 1e15
    assert 1e10 < measured.bytes_per_second < 1e14
