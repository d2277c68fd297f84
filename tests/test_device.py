"""Devices by name, on machines that have them and machines that do not."""

from collections.abc import Callable

import pytest
import torch

from mnistops.device import device_name, open_device
from mnistops.errors import UsageError

Machine = Callable[[int, bool], None]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Make torch believe in so many CUDA devices, and in Apple's or not."""

    def pretend(num_cuda: int, has_mps: bool) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: num_cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: num_cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: has_mps)

    return pretend


@pytest.mark.parametrize(
    ("num_cuda", "has_mps", "expected"),
    [(0, False, "cpu"), (0, True, "mps"), (2, False, "cuda:0"), (2, True, "cuda:0")],
)
def test_auto_takes_the_fastest_there_is(
    machine: Machine, num_cuda: int, has_mps: bool, expected: str
) -> None:
    machine(num_cuda, has_mps)
    assert open_device("auto") == torch.device(expected)


def test_auto_is_the_cpu_where_cuda_has_no_device(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(0, False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert open_device("auto") == torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("cpu", "cpu"), ("cuda", "cuda:0"), ("cuda:0", "cuda:0"), ("cuda:1", "cuda:1")],
)
def test_what_is_named_is_taken(machine: Machine, name: str, expected: str) -> None:
    machine(2, True)
    assert open_device(name) == torch.device(expected)


def test_apples_own_by_name(machine: Machine) -> None:
    machine(0, True)
    assert open_device("mps") == torch.device("mps")


@pytest.mark.parametrize(
    ("num_cuda", "name", "message"),
    [
        (0, "cuda", "--device cuda: expected a CUDA device, got none"),
        (0, "cuda:0", "--device cuda:0: expected a CUDA device, got none"),
        (2, "cuda:2", "--device cuda:2: expected a CUDA device, got 2 of them"),
        (2, "cuda:9", "--device cuda:9: expected a CUDA device, got 2 of them"),
        (2, "mps", "--device mps: expected an Apple GPU, got none"),
    ],
)
def test_what_is_not_there(machine: Machine, num_cuda: int, name: str, message: str) -> None:
    machine(num_cuda, False)
    with pytest.raises(UsageError) as error:
        open_device(name)
    assert error.value.message == message
    assert error.value.hint == "try auto"


def test_names_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"Model {device.index}")
    assert device_name(torch.device("cpu")) == "cpu (7 threads)"
    assert device_name(torch.device("cuda", 1)) == "cuda:1 (Model 1)"
    assert device_name(torch.device("mps")) == "mps"


@pytest.mark.gpu
def test_a_real_one_computes() -> None:
    device = open_device("auto")
    assert device == torch.device("cuda:0")
    assert torch.ones(3, device=device).sum().item() == 3
    assert device_name(device).startswith("cuda:0 (")
