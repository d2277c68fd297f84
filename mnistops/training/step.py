"""One training step: some images through the network, and the weights a little better.

There are several ways to run its arithmetic, the engines; what they compute is the same.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistops.data.augment import Interpolation, warp
from mnistops.data.images import ImageSet
from mnistops.data.normalization import Normalization
from mnistops.disk import cache_folder
from mnistops.native.descent import NativeDescent
from mnistops.native.network import NativeNetwork
from mnistops.native.plan import plan_of
from mnistops.networks.build import SpecNetwork
from mnistops.networks.spec import NetworkSpec
from mnistops.resources import resources_for_batch
from mnistops.training.batches import Batch
from mnistops.training.descent import MOMENTUM, Descent, TorchDescent
from mnistops.training.randomness import Randomness
from mnistops.user_code import users_code


@dataclass(frozen=True)
class TrainingData:
    """What every batch is taken of, on one device."""

    images: ImageSet
    normalization: Normalization
    interpolation: Interpolation


class Engine(Protocol):
    """A way to compute a network's gradients, and its outputs."""

    def gradients(self, batch: Batch) -> tuple[float, int]:
        """Put the gradients of a batch's mean loss into ``grad`` of the network's parameters.

        Returns:
            The batch's mean loss in nats, and how many of it are right.
        """

    def outputs_of(self, network: nn.Module) -> Callable[[Tensor], Tensor]:
        """A copy of the network that was given, as what is fastest at its outputs.

        It takes normalised images (n, C, H, W).
        """

    def descent(self, nesterov: bool) -> Descent:
        """Of the network's parameters, by the gradients that it is left."""


class TorchEngine:
    """torch's own operations, one by one or compiled.

    Attributes:
        score: images as unsigned bytes (n, C, H, W), labels (n,) and transforms (n, 3, 3) to the
            mean loss and the number of right ones.

    Args:
        network: on the images' device, in training mode.
        compiled: whether torch makes one program of the step's operations.
        precision: ``bf16`` lets torch compute in it where it holds that this is safe.
    """

    def __init__(
        self,
        network: nn.Module,
        data: TrainingData,
        random: Randomness,
        compiled: bool = False,
        precision: str = "fp32",
    ) -> None:
        self.network, self.data, self.random = network, data, random
        self._precision = precision
        self.score: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]] = self._scored
        if compiled:
            # torch keeps what it compiles in a folder for temporary files; ours outlasts a restart.
            os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_folder() / "inductor"))
            self.score = torch.compile(self._scored, dynamic=False)

    def gradients(self, batch: Batch) -> tuple[float, int]:
        """Of `Engine`."""
        pixels, labels = self.take(batch.indices)
        with self.random.of_network(), users_code(type(self.network).__name__):
            self.network.zero_grad()
            loss, num_right = self.score(pixels, labels, batch.transforms)
            value = loss.item()
            if isfinite(value):
                loss.backward()  # type: ignore[no-untyped-call]
        return value, int(num_right)

    def outputs_of(self, network: nn.Module) -> Callable[[Tensor], Tensor]:
        """Of `Engine`."""
        return network

    def descent(self, nesterov: bool) -> Descent:
        """Of `Engine`."""
        return TorchDescent(self.network.parameters(), nesterov)

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Images as unsigned bytes (n, C, H, W), and their labels (n,)."""
        return self.data.images.images[indices], self.data.images.labels[indices]

    def _scored(self, pixels: Tensor, labels: Tensor, transforms: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and number of right ones for images as unsigned bytes (n, C, H, W)."""
        images = warp(pixels.float() / 255, transforms, self.data.interpolation)
        with torch.autocast(images.device.type, torch.bfloat16, self._precision == "bf16"):
            outputs = self.network(self.data.normalization(images))
        # Of log-probabilities this takes the same loss as of logits.
        loss = functional.cross_entropy(outputs.float(), labels)
        return loss, (outputs.argmax(1) == labels).sum()


class NativeEngine:
    """Kernels of our own, for what they have code for.

    Args:
        network: on the CPU; what `mnistops.networks.build.build` makes of the spec.
        spec: without an `mnistops.native.plan.obstacle`.
        batch_size: of most batches; all are multiples of `mnistops.native.network.lanes`.
    """

    def __init__(
        self,
        network: SpecNetwork,
        spec: NetworkSpec,
        data: TrainingData,
        batch_size: int,
        random: Randomness,
    ) -> None:
        self._spec, self._data, self._batch_size = spec, data, batch_size
        self._module, self._random = network, random
        self._networks: dict[int, NativeNetwork] = {}
        self._one_hot = torch.eye(plan_of(spec).num_classes)

    def gradients(self, batch: Batch) -> tuple[float, int]:
        """Of `Engine`."""
        if len(batch) not in self._networks:
            self._networks[len(batch)] = self._native(self._module, len(batch))
        network = self._networks[len(batch)]
        images, normalization = self._data.images, self._data.normalization
        targets = self._one_hot[images.labels[batch.indices]]
        bits = torch.iinfo(torch.int32)
        seeds = torch.randint(
            bits.min, bits.max, (network.num_stages,), generator=self._random.dropout
        )
        return network.step(
            images.images,
            batch.indices,
            batch.transforms,
            targets,
            (normalization.mean, normalization.std),
            self._data.interpolation == "bilinear",
            seeds.int(),
        )

    def outputs_of(self, network: nn.Module) -> Callable[[Tensor], Tensor]:
        """Of `Engine`."""
        assert isinstance(network, SpecNetwork)
        return self._native(network, self._batch_size)

    def descent(self, nesterov: bool) -> Descent:
        """Of `Engine`."""
        return NativeDescent(self._module.parameters(), MOMENTUM, nesterov)

    def _native(self, network: SpecNetwork, batch_size: int) -> NativeNetwork:
        return NativeNetwork(network, self._spec, batch_size, torch.get_num_threads())


@dataclass(frozen=True)
class TrainingStep:
    """A step: an engine's gradients, and the descent by them."""

    engine: Engine
    descent: Descent

    def __call__(self, batch: Batch, learning_rate: float) -> tuple[float, int]:
        """Train on a batch.

        Returns:
            The batch's mean loss in nats and how many of it were right, before the update. Where
            the loss is no number there is no update: running statistics alone have changed.

        Raises:
            OutOfResources: memory ran out, or the device went away.
        """
        with resources_for_batch(len(batch)):
            loss, num_right = self.engine.gradients(batch)
            if isfinite(loss):
                self.descent.step(learning_rate)
        return loss, num_right
