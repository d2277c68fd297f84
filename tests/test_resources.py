"""Resources: what is of memory and of devices, and what is not."""

import pytest
import torch

from mnistops.errors import BadInput, ExitCode, MnistopsError, OutOfResources
from mnistops.resources import OTHER_DEVICE, SMALLER_BATCH, out_of_resources, resources_for_batch
from mnistops.user_code import users_code

FULL = "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.10 GiB"


def test_memory_that_torch_cannot_have_on_a_cpu() -> None:
    with pytest.raises(OutOfResources) as error, resources_for_batch(128):
        torch.empty(10**15)
    assert error.value.exit_code == ExitCode.RESOURCE
    start = "a batch of 128 images: expected enough memory, got: DefaultCPUAllocator: "
    assert error.value.message.startswith(start)
    assert "4000000000000000 bytes" in error.value.message
    assert error.value.hint == SMALLER_BATCH
    assert isinstance(error.value.__cause__, RuntimeError)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "expected enough memory, got: MemoryError"),
        (torch.OutOfMemoryError(FULL + "\nmore"), f"expected enough memory, got: {FULL}"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when"), "expected enough memory"),
        (RuntimeError("MPS backend out of memory (x)"), "got: MPS backend out of memory (x)"),
        (
            torch.AcceleratorError("CUDA error: unspecified launch failure\nCUDA kernel"),
            "expected a device that stays, got: CUDA error: unspecified launch failure",
        ),
    ],
)
def test_what_there_is_no_more_of(error: Exception, message: str) -> None:
    found = out_of_resources(error)
    assert found is not None
    assert found.message.startswith("mnistops: ") and message in found.message
    assert found.hint == OTHER_DEVICE


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        torch.AcceleratorError("CUDA error: device-side assert triggered"),  # a label, say
        ValueError("out of memory"),
    ],
)
def test_what_is_of_something_else_passes(error: Exception) -> None:
    assert out_of_resources(error) is None
    with pytest.raises(type(error)) as raised, resources_for_batch(3):
        raise error
    assert raised.value is error


def test_what_was_said_without_the_batch_is_said_with_it() -> None:
    with (
        pytest.raises(OutOfResources, match=r"^a batch of 61,000 images: expected enough memory"),
        resources_for_batch(61_000),
        users_code("Net"),
    ):
        raise MemoryError


def test_other_mistakes_pass() -> None:
    mistake: MnistopsError = BadInput("x")
    with pytest.raises(BadInput) as raised, resources_for_batch(3):
        raise mistake
    assert raised.value is mistake
