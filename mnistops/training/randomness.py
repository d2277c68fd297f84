"""All random numbers of a run, from its one seed; nobody else's are touched."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_STREAMS = ("order", "warp", "dropout")


class Randomness:
    """Independent streams of random numbers.

    Attributes:
        order: of the images in each epoch, on the CPU.
        warp: of the augmentation, on the device.
        dropout: of the native engine's seeds, on the CPU; torch's engines draw inside `of_network`.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        root = torch.Generator().manual_seed(seed)
        # Drawn from the root, since torch's CPU generators take the low 32 bits of a seed alone.
        order, warp, network, dropout = torch.randint(1 << 32, (4,), generator=root).tolist()
        self.order = torch.Generator().manual_seed(order)
        self.warp = torch.Generator(device).manual_seed(warp)
        self.dropout = torch.Generator().manual_seed(dropout)
        self._device = device
        self._network_seed = network
        self._states: tuple[torch.Tensor, ...] | None = None

    @contextmanager
    def of_network(self) -> Iterator[None]:
        """Inside, torch's global generators are this run's own.

        Initial weights and dropout draw from them. What others have drawn from them goes on
        afterwards as if nothing had happened.
        """
        devices = [] if self._device.type == "cpu" else [self._device.index or 0]
        kind = "cuda" if self._device.type == "cpu" else self._device.type
        with torch.random.fork_rng(devices, device_type=kind):
            if self._states is None:
                torch.manual_seed(self._network_seed)
            else:
                self._restore(self._states)
            try:
                yield
            finally:
                self._states = self._capture()

    def values(self) -> dict[str, Any]:
        """Where each stream stands, as tensors."""
        return {
            **{name: getattr(self, name).get_state() for name in _STREAMS},
            "network": None if self._states is None else list(self._states),
        }

    def restore(self, values: dict[str, Any]) -> None:
        """Go on from where the streams stood."""
        for name in _STREAMS:
            getattr(self, name).set_state(values[name])
        states = values["network"]
        self._states = None if states is None else tuple(states)

    def _capture(self) -> tuple[torch.Tensor, ...]:
        states = [torch.get_rng_state()]
        if self._device.type != "cpu":
            states.append(torch.get_device_module(self._device).get_rng_state(self._device))
        return tuple(states)

    def _restore(self, states: tuple[torch.Tensor, ...]) -> None:
        torch.set_rng_state(states[0])
        if self._device.type != "cpu":
            torch.get_device_module(self._device).set_rng_state(states[1], self._device)
