"""Borrowing: what a forward pass needs of a module and of torch, and what is given back."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from mnistops.analysis.window import Shape


@contextmanager
def in_mode(module: nn.Module, training: bool) -> Iterator[None]:
    """The module and all in it in training mode or in eval mode."""
    modes = {part: part.training for part in module.modules()}
    module.train(training)
    try:
        yield
    finally:
        for part, mode in modes.items():
            part.training = mode


@contextmanager
def looked_into() -> Iterator[None]:
    """No random numbers are used up, and attention is not one kernel, which hides its steps."""
    fast_path = torch.backends.mha.get_fastpath_enabled()
    with torch.random.fork_rng([]):
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast_path)


def image_dtype(module: nn.Module) -> torch.dtype:
    """The type of numbers that a network takes: that of its weights."""
    tensors = [*module.parameters(), *module.buffers()]
    types = [tensor.dtype for tensor in tensors if tensor.is_floating_point()]
    return types[0] if types else torch.get_default_dtype()


def meta_images(module: nn.Module, input_size: Shape, num_images: int) -> Tensor:
    """Images without memory, of the type that the network takes."""
    return torch.empty(num_images, *input_size, device="meta", dtype=image_dtype(module))
