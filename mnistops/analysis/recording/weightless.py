"""Weightless: a module whose tensors take no memory while it is looked at."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def weightless(module: nn.Module, floats_only: bool = False) -> Iterator[dict[int, Tensor]]:
    """Tensors on the meta device in place of the module's own, by the identity of these.

    Not by `torch.func.functional_call`: it loses what a module has that stands under two names.
    Scripted parts keep their own.

    Args:
        floats_only: whether whole numbers, which may be indices, stay as they are.
    """
    held: dict[int, Tensor] = {}
    swapped: list[tuple[dict[str, Any], str, Tensor]] = []
    try:
        for part in module.modules():
            if isinstance(part, torch.jit.ScriptModule):
                continue
            own: list[dict[str, Any]] = [part._parameters, part._buffers]
            for tensors in own:
                for name, tensor in tensors.items():
                    if tensor is None or (floats_only and not tensor.is_floating_point()):
                        continue
                    if id(tensor) not in held:
                        held[id(tensor)] = _on_meta(tensor)
                    swapped.append((tensors, name, tensor))
                    tensors[name] = held[id(tensor)]
        yield held
    finally:
        for tensors, name, tensor in swapped:
            tensors[name] = tensor


def _on_meta(tensor: Tensor) -> Tensor:
    shadow = tensor.detach().to("meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(shadow, tensor.requires_grad)
    return shadow
