"""Pipeline: a way from images on disk or device to trained weights, step by timed step."""

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from mnistops.benchmark.machine import wait_for
from mnistops.training.engines import EngineChoice, Workbench
from mnistops.training.randomness import Randomness
from mnistops.training.recipe import make_optimizer
from mnistops.training.step import TrainingStep

LEARNING_RATE = 0.01
"""Small: what is trained does not matter, but the loss should stay a number."""


@dataclass(frozen=True)
class TimedStep:
    """A step of training, its batch and all that made it included."""

    num_images: int
    seconds: float


class Pipeline(Protocol):
    """Something that trains a network of its own."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def num_warm_up(self) -> int:
        """First steps of `steps` that are not as those that follow."""

    def steps(self) -> Generator[TimedStep, None, None]:
        """Steps without end; what they need is there while they are asked for.

        Raises:
            FloatingPointError: the loss is no number.
        """


class EnginePipeline:
    """One of our engines, as `mnistops train` runs it.

    Args:
        bench: whose network nobody else trains.
        choice: one that the bench has built.
    """

    num_warm_up = 2

    def __init__(self, name: str, bench: Workbench, choice: EngineChoice) -> None:
        self.name = name
        self._bench = bench
        self._random = Randomness(bench.seed, bench.device)
        optimizer = make_optimizer(bench.classifier.module, nesterov=True)
        optimizer.param_groups[0]["lr"] = LEARNING_RATE
        self._step = TrainingStep(bench.open(choice, self._random), optimizer)

    def steps(self) -> Generator[TimedStep, None, None]:
        """Of `Pipeline`; each step has its share of what draws an epoch's batches at once."""
        while True:
            started = time.perf_counter()
            batches = self._bench.epoch(self._random)
            wait_for(self._bench.device)
            share = (time.perf_counter() - started) / len(batches)
            for batch in batches:
                started = time.perf_counter()
                self._step(batch)
                yield TimedStep(len(batch), time.perf_counter() - started + share)


def measure_rate(pipeline: Pipeline, seconds: float) -> float:
    """Images per second over steps that take at least so long, after those that warm up.

    Raises:
        FloatingPointError: the loss is no number.
    """
    num_images, passed = 0, 0.0
    with closing(pipeline.steps()) as steps:
        for _ in range(pipeline.num_warm_up):
            next(steps)
        while passed < seconds:
            step = next(steps)
            num_images += step.num_images
            passed += step.seconds
    return num_images / passed
