"""NativeDescent: gradient descent of all parameters in one call of a kernel."""

import ctypes
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from mnistops.native.network import kernels, table


class NativeDescent:
    """What `torch.optim.SGD` does with momentum, and remembers.

    torch takes a dozen operations for it, which a step of the kernels has pushed out of the
    processor's caches: for a network of few parameters a twentieth of the whole step.

    Args:
        parameters: on the CPU, in float32; they stay where they are in memory.
        nesterov: whether the momentum is Nesterov's.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], momentum: float, nesterov: bool) -> None:
        self._parameters, self._momentum, self._nesterov = list(parameters), momentum, nesterov
        self._remembered = [torch.zeros_like(parameter) for parameter in self._parameters]
        sizes = [parameter.numel() for parameter in self._parameters]
        self._fixed = (
            len(sizes),
            (ctypes.c_int64 * len(sizes))(*sizes),
            table(self._parameters),
            table(self._remembered),
        )

    def step(self, rate: float) -> None:
        """Move every parameter by its ``grad``, and by what is remembered of earlier ones."""
        gradients = [parameter.grad for parameter in self._parameters]
        kernels().mnistops_descend(
            *self._fixed, table(gradients), rate, self._momentum, self._nesterov
        )

    def values(self) -> dict[int, Any]:
        """What is remembered, by the parameter's number, as `torch.optim.SGD` names it."""
        return {i: {"momentum_buffer": of} for i, of in enumerate(self._remembered)}

    def restore(self, values: dict[int, Any]) -> None:
        """Go on from such values; of a parameter without any, as if it had never moved."""
        for number, remembered in enumerate(self._remembered):
            remembered.copy_(values.get(number, {}).get("momentum_buffer", torch.zeros(())))
