"""A run: settings to a run folder, in one straight line, at once or in several goes."""

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from pydantic import ValidationError

from mnistops.checkpoint import Checkpoint
from mnistops.disk import make_folder, staged_files
from mnistops.errors import BadInput, MnistopsError
from mnistops.lock import locked
from mnistops.settings.tree import Settings
from mnistops.training.event_log import expect_loggers
from mnistops.training.events import (
    CheckpointBroken,
    EpochDone,
    RateFound,
    RunBegun,
    RunDone,
    RunResult,
    RunWasDone,
)
from mnistops.training.loop import LoopEvent, fit
from mnistops.training.lr_range import RangeStep, RangeTest, search_rates
from mnistops.training.preparation import PreparationEvent, Prepared, prepare
from mnistops.training.recipe import selection_of, target_of
from mnistops.training.recording import describe_run, outcome, recorded
from mnistops.training.run_folder import (
    expect_empty,
    expect_same_settings,
    new_folder,
    read_settings,
    run_status,
    settings_values,
    write_settings,
)
from mnistops.training.saving import RunCheckpoints, newest_checkpoint
from mnistops.training.state import Training, open_training

RunEvent = (
    PreparationEvent
    | CheckpointBroken
    | RunWasDone
    | RunBegun
    | RangeStep
    | RateFound
    | LoopEvent
    | RunDone
)
MOST_THREADS = 1024


def train(settings: Settings) -> Generator[RunEvent, None, RunResult]:
    """Train the network that the settings name, into a run folder.

    Nothing is done before the first event is asked for, and the run goes on only while they are.
    Closed between two events, it saves all that `resume` needs to go on from there.

    >>> for event in mnistops.train(mnistops.Settings(train={"epochs": 1})):  # doctest: +SKIP
    ...     print(event)

    Yields:
        What is fetched, if MNIST is not there yet; the run's beginning; for a range test its steps
        and its rate; steps and epochs; last, `RunDone` with the result, which is also returned.

    Raises:
        MnistopsError: something asked for cannot be had; but for a full disk and a loss that is no
            number any more, before the run's folder is made.
    """
    started = time.monotonic()
    expect_loggers(settings.train.log)
    prepared = yield from prepare(settings)
    folder = _make_folder(settings, prepared)
    with _alone_in(folder):
        expect_empty(folder)  # only now: another run may have been at it
        write_settings(folder, settings)
        return (yield from _run(folder, settings, prepared, started, None))


def resume(
    folder: Path, asked: Mapping[str, object] | None = None
) -> Generator[RunEvent, None, RunResult | None]:
    """Go on with the run in a folder, as if it had never been stopped.

    Args:
        asked: settings by their dotted keys, which must be the run's.

    Yields:
        As `train`; `CheckpointBroken` where the newest checkpoint cannot be read; of a run that is
        done nothing but `RunWasDone`.

    Returns:
        The result, unless the run was done.

    Raises:
        UsageError: the run has other settings than those asked for.
        MissingInput: there is no run.
        BadInput: its files cannot be gone on from.
        Locked: it is going on.
    """
    started = time.monotonic()
    settings = read_settings(folder)
    expect_same_settings(folder, settings, asked or {})
    expect_loggers(settings.train.log)
    with _alone_in(folder):
        if run_status(folder) == "done":
            yield RunWasDone(folder)
            return None
        checkpoint = yield from newest_checkpoint(folder)
        with _threads_of(checkpoint):
            prepared = yield from prepare(_with_engine_of(checkpoint, settings))
            return (yield from _run(folder, settings, prepared, started, checkpoint))


def _run(
    folder: Path,
    settings: Settings,
    prepared: Prepared,
    started: float,
    checkpoint: Checkpoint | None,
) -> Generator[RunEvent, None, RunResult]:
    """From the beginning, or from where the checkpoint was saved, to the end."""
    training = None
    if checkpoint is not None:
        training = _restored(settings, prepared, started, checkpoint)
    begun = describe_run(settings, prepared, folder, training)
    with recorded(folder, settings, begun) as record:
        yield begun
        if training is None:
            rate, test = yield from _find_rate(settings, prepared)
            training = _opened(settings, prepared, started, rate, test)
        yield from _fit(RunCheckpoints(folder, settings, prepared, training))
        result = RunResult(
            folder,
            prepared.bench.classifier.name,
            prepared.bench.classifier.num_params,
            tuple(training.epochs),
            training.best,
            selection_of(settings.train.recipe, settings.train.holdout),
            training.learning_rate,
            training.range_test,
            target_of(settings),
            training.seconds,
            settings.train.is_augmenting,
        )
        record |= outcome(result)
    yield RunDone(result)
    return result


def _find_rate(
    settings: Settings, prepared: Prepared
) -> Generator[RangeStep | RateFound, None, tuple[float, RangeTest | None]]:
    """The learning rate, and the range test that it is from unless the settings name it."""
    rate = settings.train.learning_rate
    if rate is not None:
        return rate, None
    test = yield from search_rates(prepared)
    yield RateFound(test)
    return test.suggestion, test


def _opened(
    settings: Settings, prepared: Prepared, started: float, rate: float, test: RangeTest | None
) -> Training:
    bench, choice, random = prepared.bench, prepared.choice, prepared.random
    return open_training(bench, choice, random, settings.train, rate, test, started)


def _restored(
    settings: Settings, prepared: Prepared, started: float, checkpoint: Checkpoint
) -> Training:
    """Raises BadInput where the checkpoint does not hold what this training needs."""
    values = checkpoint.training or {}
    try:
        test = values["range_test"]
        test = RangeTest.from_values(test) if test is not None else None
        training = _opened(settings, prepared, started, float(values["learning_rate"]), test)
        training.restore(values)
        if settings_values(Settings(**checkpoint.settings)) != settings_values(settings):
            raise ValueError("other settings than config.toml")
    except MnistopsError:
        raise
    except Exception as error:  # whatever is missing or odd in it means the same
        raise BadInput(
            f"{checkpoint.path}: expected what this run goes on from, "
            f"got {type(error).__name__}: {' '.join(str(error).split()):.200}",
            f"`mnistops train --init-from {checkpoint.path}` begins a new run with its weights",
        ) from error
    return training


def _fit(saves: RunCheckpoints) -> Generator[LoopEvent, None, None]:
    """Train to the last epoch, and save on the way: what was saved first is never ahead."""
    saves.write_metrics()
    training, prepared = saves.training, saves.prepared
    try:
        epochs = saves.settings.train.epochs
        for event in fit(prepared.bench, training, prepared.splits, epochs):
            if isinstance(event, EpochDone):
                if event.is_best:
                    saves.save_best()
                saves.save_last()
                saves.write_metrics()
            elif saves.is_due:
                saves.save_last()
            yield event
    except GeneratorExit:
        saves.save_last()
        raise


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Inside, no other run is; what one that was killed left unfinished is gone."""
    with locked(folder):
        for unfinished in staged_files(folder):
            unfinished.unlink()
        yield


def _make_folder(settings: Settings, prepared: Prepared) -> Path:
    if settings.train.run_dir is not None:
        make_folder(settings.train.run_dir)
        return settings.train.run_dir
    name = prepared.bench.classifier.name
    return new_folder(settings.output.runs_dir, name, f"seed{settings.seed}")


def _with_engine_of(checkpoint: Checkpoint | None, settings: Settings) -> Settings:
    """The settings with the engine that the run has been trained by so far."""
    if checkpoint is None:
        return settings
    recorded = {name: checkpoint.engine.get(name) for name in ("engine", "precision")}
    try:
        return settings.changed({"train": recorded})
    except ValidationError:
        raise BadInput(
            f"{checkpoint.path}: expected the name of an engine, got {recorded!s:.80}"
        ) from None


@contextmanager
def _threads_of(checkpoint: Checkpoint | None) -> Iterator[None]:
    """Inside, torch has as many threads as it had when the checkpoint was saved."""
    before = torch.get_num_threads()
    recorded = checkpoint.engine.get("threads") if checkpoint else None
    if type(recorded) is int and 0 < recorded <= MOST_THREADS:
        torch.set_num_threads(recorded)
    try:
        yield
    finally:
        torch.set_num_threads(before)
