"""Descent: what a step does with the gradients of a network's parameters."""

from collections.abc import Iterable
from typing import Any, Protocol

from torch import nn
from torch.optim import SGD, Optimizer

MOMENTUM = 0.9


class Descent(Protocol):
    """Gradient descent with momentum."""

    def step(self, rate: float) -> None:
        """Move every parameter by its ``grad``, and by what is remembered of earlier ones."""

    def values(self) -> dict[int, Any]:
        """What is remembered, by the parameter's number, as `torch.optim.SGD` names it."""

    def restore(self, values: dict[int, Any]) -> None:
        """Go on from such values, before the first step."""


class TorchDescent:
    """torch's own, on any device.

    Args:
        nesterov: whether the momentum is Nesterov's.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], nesterov: bool) -> None:
        known = list(parameters)
        # One call for all parameters, but not `fused`: that wakes threads for a moment's work.
        # Elsewhere torch knows best.
        foreach = True if known[0].device.type == "cpu" else None
        self._optimizer = SGD(known, 0.0, MOMENTUM, nesterov=nesterov, foreach=foreach)

    def step(self, rate: float) -> None:
        """Of `Descent`."""
        self._optimizer.param_groups[0]["lr"] = rate
        self._optimizer.step()

    def values(self) -> dict[int, Any]:
        """Of `Descent`."""
        return memory_of(self._optimizer)

    def restore(self, values: dict[int, Any]) -> None:
        """Of `Descent`."""
        restore_memory(self._optimizer, values)


def expect_memory_of(parameters: Iterable[nn.Parameter], memory: dict[int, Any]) -> None:
    """Raises ValueError unless what is remembered of each parameter is of its shape."""
    known = dict(enumerate(parameters))
    for number, remembered in memory.items():
        shape = known[number].shape if number in known else None
        got = getattr(remembered.get("momentum_buffer"), "shape", None)
        if got != shape:
            wanted = "none" if shape is None else list(shape)
            found = "none" if got is None else list(got)
            raise ValueError(
                f"optimizer {number!r:.20}: expected momentum of {wanted}, got {found}"
            )


def memory_of(optimizer: Optimizer) -> dict[int, Any]:
    """What an optimizer remembers of each parameter, by the parameter's number."""
    memory: dict[int, Any] = optimizer.state_dict()["state"]
    return memory


def restore_memory(optimizer: Optimizer, memory: dict[int, Any]) -> None:
    """Have an optimizer remember it, and keep its own rate and rules."""
    optimizer.load_state_dict({**optimizer.state_dict(), "state": memory})
