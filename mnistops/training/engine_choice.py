"""Which engine trains a network: what the user asks for, or what is fastest on this machine."""

import hashlib
import json
import platform
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import get_args

import torch

from mnistops.device import device_name
from mnistops.disk import cache_folder, make_folder, replace_file
from mnistops.errors import MnistopsError, UsageError
from mnistops.networks.spec import NetworkSpec
from mnistops.settings.sections import TrainSettings
from mnistops.training.engines import EngineChoice, EngineName, Precision, Workbench

# Compiling with torch takes up to a minute; a training that saves less is better off without it.
COMPILING_SECONDS = 60.0
STEPS_TIMED = 12
_AUTO = "--engine auto takes the fastest engine that can train it"


@dataclass(frozen=True)
class EngineMissed:
    """An engine that may be faster is not to be had here; the training goes on without it."""

    engine: EngineName
    reason: str


def choose_engine(
    bench: Workbench, settings: TrainSettings, num_steps: int
) -> Generator[EngineMissed, None, EngineChoice]:
    """The engine and the precision of a training of so many steps.

    What is fastest is found once for a machine and a network, by a few steps of each that leave no
    trace, and then remembered in the user's cache.

    Raises:
        UsageError: what is asked for cannot be had.
    """
    # Measured on CPUs only: there, what bf16 gains over fp32 native kernels gain several times.
    precision: Precision = "fp32" if settings.precision == "auto" else settings.precision
    if settings.engine != "auto":
        _expect_can_run(bench, settings.engine, precision)
        return EngineChoice(settings.engine, precision)
    memory = _Memory(bench, precision)
    remembered = memory.recall()
    if remembered in ("eager", "compiled"):
        return EngineChoice(remembered, precision)
    eager = EngineChoice("eager", precision)
    can_be_native, missed = False, None
    try:
        can_be_native = precision == "fp32" and bench.native_obstacle() is None
    except MnistopsError as error:  # no compiler, say, or no room for what it builds
        missed = EngineMissed("native", error.message)
        yield missed
    if can_be_native:
        if remembered == "native":
            return EngineChoice("native")
        seconds = _fastest_steps(bench, eager, EngineChoice("native"))
    elif _fastest_steps(bench, eager)["eager"] * num_steps < 2 * COMPILING_SECONDS:
        return eager  # of a longer training more could be said
    else:
        try:
            seconds = _fastest_steps(bench, eager, EngineChoice("compiled", precision))
        except UsageError as error:  # there is no compiler, say
            if missed is None:
                yield EngineMissed("compiled", error.message)
            return eager
    fastest = min(seconds, key=lambda name: seconds[name])
    memory.keep(fastest, seconds)
    return EngineChoice(fastest, precision)


def _expect_can_run(bench: Workbench, engine: EngineName, precision: Precision) -> None:
    """Raises UsageError where an engine cannot train the network here."""
    if engine == "graph" and (found := bench.graph_obstacle()):
        raise UsageError(f"--engine graph: expected a CUDA device, got {found}", _AUTO)
    if engine != "native":
        return
    found = bench.native_obstacle() or ("precision bf16" if precision == "bf16" else None)
    if found:
        raise UsageError(
            f"--engine native: expected a network and a batch that it has code for, got {found}",
            _AUTO,
        )


def _fastest_steps(bench: Workbench, *choices: EngineChoice) -> dict[EngineName, float]:
    """The seconds of the fastest of several steps; in turns, since other programs run too."""
    return {
        choice.engine: min(seconds)
        for choice, seconds in zip(choices, bench.try_steps(choices, STEPS_TIMED), strict=True)
    }


class _Memory:
    """The choice for one machine and one network, in the user's cache."""

    def __init__(self, bench: Workbench, precision: Precision) -> None:
        network = bench.classifier.network
        facts = (
            network.to_values() if isinstance(network, NetworkSpec) else network,
            [list(parameter.shape) for parameter in bench.classifier.module.parameters()],
            (bench.batch_size, bench.drop_last, precision),
            (platform.node(), platform.machine(), device_name(bench.device), torch.__version__),
        )
        key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
        self._path = cache_folder() / "engines" / f"{key}.json"

    def recall(self) -> EngineName | None:
        """What was kept; None where nothing was, or nothing that can be read."""
        try:
            engine = json.loads(self._path.read_bytes())["engine"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return next((name for name in get_args(EngineName) if name == engine), None)

    def keep(self, engine: str, seconds: dict[EngineName, float]) -> None:
        """Keep it for the next time; where that cannot be, it is found anew."""
        with suppress(MnistopsError):
            make_folder(self._path.parent)
            record = {"engine": engine, "seconds_per_step": seconds}
            replace_file(self._path, json.dumps(record).encode())
