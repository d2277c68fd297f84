"""Bench: settings to the speed of each way to train, side by side on one machine."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from statistics import median

import torch

from mnistops.benchmark.events import (
    BenchBegun,
    BenchResult,
    LeftOut,
    Measured,
    PipelineOpened,
    PipelineOpening,
    RoundDone,
)
from mnistops.benchmark.machine import Machine, best_of, measure_machine
from mnistops.benchmark.pipelines import EnginePipeline, Pipeline, measure_rate
from mnistops.benchmark.reference import NUM_WORKERS, ReferencePipeline, open_pictures
from mnistops.benchmark.work import Work, training_work
from mnistops.classifier import Classifier, open_classifier
from mnistops.data.images import default_folder
from mnistops.data.known import MNIST
from mnistops.device import device_name
from mnistops.errors import BadInput, MnistopsError, NotFinite, UsageError
from mnistops.inspection import layer_graph
from mnistops.networks.spec import NetworkSpec
from mnistops.networks.task import Task
from mnistops.settings.sections import BenchEngine
from mnistops.settings.tree import Settings
from mnistops.training.engines import EngineChoice, Workbench
from mnistops.training.preparation import PreparationEvent, prepare
from mnistops.training.randomness import Randomness
from mnistops.user_code import users_code

# Other programs run too: what is compared takes turns, and the median leaves the odd ones out.
NUM_ROUNDS = 5

CHOICES: dict[BenchEngine, EngineChoice] = {
    "eager": EngineChoice("eager"),
    "compiled": EngineChoice("compiled"),
    "compiled-bf16": EngineChoice("compiled", "bf16"),
    "graph": EngineChoice("graph"),
    "native": EngineChoice("native"),
}

BenchEvent = PreparationEvent | BenchBegun | PipelineOpening | PipelineOpened | LeftOut | RoundDone


@dataclass(frozen=True)
class _Opened:
    """A pipeline that is ready, after so many seconds of compiling."""

    pipeline: Pipeline
    is_reference: bool
    compile_seconds: float = 0.0


def bench(settings: Settings) -> Generator[BenchEvent, None, BenchResult]:
    """Time the seed's pipeline and our engines in turns, each on a network of its own.

    The engines train as the recipe ``one-cycle`` does, the reference as ``plateau``, the seed's;
    what the settings say of batch, dropout, rotation and distortion holds for both. A pipeline
    that cannot run here is left out.

    Raises:
        MnistopsError: network, images or device cannot be had.
        NotFinite: a loss is no number.
    """
    ours = settings.changed({"train": {"recipe": "one-cycle", "engine": "eager"}})
    seeds = settings.changed({"train": {"recipe": "plateau"}})
    prepared = yield from prepare(ours)
    workbench = prepared.bench
    classifier, num_images = workbench.classifier, len(workbench.data.images)
    device = device_name(workbench.device)
    yield BenchBegun(classifier.name, classifier.num_params, device, num_images)
    opened, left_out = yield from _open(seeds, workbench, prepared.task)
    machine, rates = yield from _measure(opened, settings.bench.seconds, workbench.device)
    work = _count_work(workbench)
    limit = None if work is None else machine.images_per_second(work)
    pipelines = tuple(
        Measured(
            one.pipeline.name,
            one.is_reference,
            rate,
            num_images / rate,
            one.compile_seconds,
            None if limit is None else rate / limit,
        )
        for one, rate in zip(opened, rates, strict=True)
    )
    return BenchResult(
        classifier.name,
        classifier.num_params,
        device,
        num_images,
        workbench.batch_size,
        (ours.network.dropout, seeds.network.dropout),
        machine,
        work,
        pipelines,
        tuple(left_out),
    )


def _open(
    seeds: Settings, workbench: Workbench, task: Task
) -> Generator[BenchEvent, None, tuple[list[_Opened], list[LeftOut]]]:
    """Make all pipelines ready, but for those that cannot be."""
    opened: list[_Opened] = []
    left_out: list[LeftOut] = []
    for name, make in _makers(seeds, workbench, task):
        yield PipelineOpening(name)
        try:
            made = make()
        except MnistopsError as error:
            reason = error.message.removeprefix(f"--engine {name.partition(' ')[0]}: ")
            left_out.append(LeftOut(name, reason))
            yield left_out[-1]
            continue
        opened += made
        for one in made:
            yield PipelineOpened(one.pipeline.name, one.compile_seconds)
    return opened, left_out


def _makers(
    seeds: Settings, workbench: Workbench, task: Task
) -> Iterator[tuple[str, Callable[[], list[_Opened]]]]:
    """What makes pipelines ready, by their name."""
    yield "reference", partial(_make_references, seeds, workbench, task)
    for engine, choice in CHOICES.items():
        is_here = engine != "graph" or not workbench.graph_obstacle()
        if engine in seeds.bench.engines or (is_here and not seeds.bench.engines):
            name = engine.replace("-", " ")
            yield name, partial(_make_engine, name, choice, workbench)


def _make_references(seeds: Settings, workbench: Workbench, task: Task) -> list[_Opened]:
    """Raises NoTorchvision where it cannot be imported."""
    data, device = workbench.data, workbench.device
    is_mnist = seeds.data.dataset == MNIST
    folder = (seeds.data.dir or default_folder()) if is_mnist else None
    pictures = open_pictures(folder, data.images, data.normalization, seeds.train)
    opened = []
    for num_workers in NUM_WORKERS:
        random = Randomness(seeds.seed, device)
        with random.of_network():
            classifier = open_classifier(seeds.network, task)
        classifier.module.to(device)
        pipeline = ReferencePipeline(
            classifier, pictures, seeds.train.batch_size, num_workers, device, random
        )
        opened.append(_Opened(pipeline, is_reference=True))
    return opened


def _make_engine(name: str, choice: EngineChoice, workbench: Workbench) -> list[_Opened]:
    """Raises MnistopsError where the engine cannot train the network here."""
    own = replace(workbench, classifier=_copy(workbench.classifier))
    seconds = 0.0
    if choice.engine != "eager":
        started = time.perf_counter()
        if choice.engine == "graph" and (found := own.graph_obstacle()):
            raise UsageError(f"expected a CUDA device, got {found}")
        # What may be in the way is asked of the kernels, which are built for it.
        if choice.engine == "native" and (found := own.native_obstacle()):
            raise UsageError(f"expected what the kernels have code for, got {found}")
        own.build(choice)
        seconds = time.perf_counter() - started
    return [_Opened(EnginePipeline(name, own, choice), False, seconds)]


def _copy(classifier: Classifier) -> Classifier:
    with users_code(classifier.name):
        return replace(classifier, module=deepcopy(classifier.module))


def _measure(
    opened: Sequence[_Opened], seconds: float, device: torch.device
) -> Generator[RoundDone, None, tuple[Machine, list[float]]]:
    """The machine's rates, and the images per second of each pipeline in so many seconds of each.

    Raises:
        NotFinite: a loss is no number.
    """
    machines: list[Machine] = []
    rounds: list[list[float]] = []
    num_rounds = NUM_ROUNDS * len(opened)
    for _ in range(NUM_ROUNDS):
        machines.append(measure_machine(device))
        rates: list[float] = []
        for one in opened:
            name = one.pipeline.name
            try:
                rates.append(measure_rate(one.pipeline, seconds / NUM_ROUNDS))
            except FloatingPointError as error:
                raise NotFinite(f"{name}: expected a number as the loss, got {error}") from None
            number = len(rounds) * len(opened) + len(rates)
            yield RoundDone(name, rates[-1], number, num_rounds)
        rounds.append(rates)
    return best_of(machines), [median(rates) for rates in zip(*rounds, strict=True)]


def _count_work(workbench: Workbench) -> Work | None:
    """The work of an image; None where the network cannot be looked into."""
    classifier = workbench.classifier
    is_spec = isinstance(classifier.network, NetworkSpec)
    network = classifier.network if is_spec else classifier.module
    with suppress(BadInput):
        size = workbench.data.images.image_size
        return training_work(layer_graph(network, size, tries_training=False))
    return None
