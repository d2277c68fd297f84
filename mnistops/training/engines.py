"""Workbench: a network, its images, and the engines that can train it."""

import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

import torch

from mnistops.classifier import Classifier
from mnistops.data.augment import Warp
from mnistops.errors import BadInput, UsageError
from mnistops.native.network import lanes
from mnistops.native.plan import obstacle
from mnistops.networks.build import SpecNetwork
from mnistops.networks.spec import NetworkSpec
from mnistops.training.averaging import RunningMean
from mnistops.training.batches import Batch, batches, endless_batches, num_batches
from mnistops.training.graph_steps import GraphSteps
from mnistops.training.randomness import Randomness
from mnistops.training.step import Engine, NativeEngine, TorchEngine, TrainingData
from mnistops.training.steps import SingleSteps, Steps

EngineName = Literal["eager", "compiled", "graph", "native"]
Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True)
class EngineChoice:
    """How a network is trained on a machine."""

    engine: EngineName
    precision: Precision = "fp32"


@dataclass(frozen=True)
class Workbench:
    """A network with random weights and the images it trains on, on one device.

    Attributes:
        drop_last: whether an epoch leaves out a last batch that is not a whole one.
        seed: of the random numbers of steps that are only tried.
    """

    classifier: Classifier
    data: TrainingData
    warp: Warp
    batch_size: int
    drop_last: bool
    device: torch.device
    seed: int

    @property
    def num_steps(self) -> int:
        """In an epoch."""
        return num_batches(len(self.data.images), self.batch_size, self.drop_last)

    def epoch(self, random: Randomness) -> list[Batch]:
        """The batches of an epoch."""
        return batches(self.data.images, self.batch_size, self.drop_last, self.warp, random)

    def endless(self, random: Randomness) -> Iterator[Batch]:
        """Whole batches without end."""
        return endless_batches(self.data.images, self.batch_size, self.warp, random)

    def open(self, choice: EngineChoice, random: Randomness) -> Engine:
        """An engine for the classifier's module, which is in training mode from now on.

        Raises:
            CannotBuild: there are no native kernels on this machine.
        """
        module, network = self.classifier.module.train(), self.classifier.network
        if choice.engine != "native":
            compiled = choice.engine != "eager"
            return TorchEngine(module, self.data, random, compiled, choice.precision)
        assert isinstance(module, SpecNetwork)
        assert isinstance(network, NetworkSpec)
        return NativeEngine(module, network, self.data, self.batch_size, random)

    def open_steps(
        self, choice: EngineChoice, engine: Engine, mean: RunningMean, nesterov: bool
    ) -> Steps:
        """An epoch's steps by an engine that was opened for the same choice.

        Args:
            mean: that each step is taken into.
            nesterov: whether the momentum is Nesterov's.
        """
        if choice.engine == "graph":
            assert isinstance(engine, TorchEngine)
            return GraphSteps(engine, nesterov, mean)
        return SingleSteps(engine, nesterov, mean)

    def graph_obstacle(self) -> str | None:
        """Why no graphs can be recorded here; None where they can."""
        return None if self.device.type == "cuda" else f"device {self.device}"

    def native_obstacle(self) -> str | None:
        """Why the native kernels cannot train this; None where they can.

        Raises:
            CannotBuild: there are no native kernels on this machine.
        """
        network = self.classifier.network
        if self.device.type != "cpu":
            return f"device {self.device}"
        if not isinstance(network, NetworkSpec):
            return "a network in Python"
        if found := obstacle(network):
            return found
        last = 0 if self.drop_last else len(self.data.images) % self.batch_size
        odd = next((size for size in (self.batch_size, last) if size % lanes()), None)
        return f"batches of {odd} images, no multiple of {lanes()}" if odd else None

    def build(self, choice: EngineChoice) -> float:
        """Have an engine built what is built on first use, by steps that leave no trace.

        Returns:
            The seconds that it took.

        Raises:
            CannotBuild: there are no native kernels on this machine.
            UsageError: torch cannot compile this network, or not here.
        """
        started = time.perf_counter()
        self.try_steps((choice,), 0)
        return time.perf_counter() - started

    def try_steps(self, choices: Sequence[EngineChoice], num_steps: int) -> list[list[float]]:
        """Run steps of each engine in turns; they leave no trace.

        Returns:
            For each choice the seconds of its steps; building is over before they begin.

        Raises:
            CannotBuild: there are no native kernels on this machine.
            UsageError: torch cannot compile this network, or not here.
        """
        module = self.classifier.module
        before = deepcopy(module.state_dict())
        random = Randomness(self.seed, self.device)
        parts = self.epoch(random)
        try:
            engines = [self._ready(choice, random, parts) for choice in choices]
            rounds = [
                [_seconds(engine, parts[i % len(parts)]) for engine in engines]
                for i in range(num_steps)
            ]
            return [list(seconds) for seconds in zip(*rounds, strict=True)]
        finally:
            module.load_state_dict(before)
            module.zero_grad()

    def _ready(self, choice: EngineChoice, random: Randomness, parts: list[Batch]) -> Engine:
        """An engine that has run."""
        engine = self.open(choice, random)
        try:
            # Programs are made for one size of batch each, and the last may be a smaller one.
            for part in (parts[-1], parts[0]):
                engine.gradients(part)
        except BadInput as error:
            if choice.engine in ("eager", "native"):
                raise
            raise UsageError(
                f"--engine {choice.engine}: expected torch to compile {self.classifier.name}, "
                f"got: {error.message:.300}",
                "choose another --engine",
            ) from error
        return engine


def _seconds(engine: Engine, batch: Batch) -> float:
    started = time.perf_counter()
    engine.gradients(batch)
    return time.perf_counter() - started
