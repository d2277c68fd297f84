"""Pipeline: a way from images on disk or device to trained weights, step by timed step."""

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from mnistops.benchmark.machine import wait_for
from mnistops.training.averaging import RunningMean
from mnistops.training.engines import EngineChoice, Workbench
from mnistops.training.randomness import Randomness
from mnistops.training.tally import Tally

LEARNING_RATE = 0.01
"""Small: what is trained does not matter, but the loss should stay a number."""


@dataclass(frozen=True)
class TimedStep:
    """A step of training, or some at once, batches and all that made them included."""

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
        engine = bench.open(choice, self._random)
        mean = RunningMean(bench.classifier.module, num_steps=0)
        self._steps = bench.open_steps(choice, engine, mean, nesterov=True)

    def steps(self) -> Generator[TimedStep, None, None]:
        """Of `Pipeline`; each step has its share of what draws an epoch's batches at once."""
        while True:
            started = time.perf_counter()
            batches = self._bench.epoch(self._random)
            self._steps.begin(batches, [LEARNING_RATE] * len(batches), Tally())
            wait_for(self._bench.device)
            share = (time.perf_counter() - started) / len(batches)
            at_once = self._steps.at_once
            for first in range(0, len(batches), at_once):
                taken = batches[first : first + at_once]
                started = time.perf_counter()
                self._steps.run(first, len(taken))
                wait_for(self._bench.device)
                seconds = time.perf_counter() - started + share * len(taken)
                self._steps.tally()
                yield TimedStep(sum(map(len, taken)), seconds)


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
