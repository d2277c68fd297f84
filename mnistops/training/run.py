"""A run: settings to a run folder, in one straight line."""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mnistops.checkpoint import save_checkpoint
from mnistops.device import device_name
from mnistops.settings.tree import Settings
from mnistops.training.averaging import RunningMean
from mnistops.training.events import (
    EpochDone,
    EpochMetrics,
    RateFound,
    RunBegun,
    RunDone,
    RunResult,
    StepDone,
)
from mnistops.training.loop import fit
from mnistops.training.lr_range import RangeStep, search_rates
from mnistops.training.preparation import PreparationEvent, Prepared, prepare
from mnistops.training.recipe import selection_of
from mnistops.training.run_folder import (
    claim_folder,
    new_folder,
    settings_values,
    versions,
    write_record,
    write_settings,
    write_table,
)

RunEvent = PreparationEvent | RunBegun | RangeStep | RateFound | StepDone | EpochDone | RunDone


def train(settings: Settings) -> Generator[RunEvent, None, RunResult]:
    """Train the network that the settings name, into a run folder.

    Nothing is done before the first event is asked for, and the run goes on only while they are.

    >>> for event in mnistops.train(mnistops.Settings(train={"epochs": 1})):  # doctest: +SKIP
    ...     print(event)

    Yields:
        What is fetched, if MNIST is not there yet; the run's beginning; for a range test its steps
        and its rate; steps and epochs; last, `RunDone` with the result, which is also returned.

    Raises:
        MnistopsError: something asked for cannot be had; but for a full disk and a loss that is no
            number any more, before the run's folder is made.
    """
    started = time.perf_counter()
    prepared = yield from prepare(settings)
    folder = _make_folder(settings, prepared)
    begun = _begun(settings, prepared, folder)
    write_settings(folder, settings)
    with _recorded(folder, settings, begun) as record:
        yield begun
        rate, test = settings.train.learning_rate, None
        if rate is None:
            test = yield from search_rates(prepared)
            rate = test.suggestion
            yield RateFound(test)
        epochs: list[EpochDone] = []
        best: EpochMetrics | None = None
        bench, random = prepared.bench, prepared.random
        engine = bench.open(prepared.choice, random)
        num_steps = settings.train.epochs * bench.num_steps
        mean = RunningMean(bench.classifier.module, settings.train.averaging * num_steps)
        for event in fit(bench, engine, mean, prepared.splits, settings.train, rate, random):
            if isinstance(event, EpochDone):
                epochs.append(event)
                best = event.metrics if event.is_best else best
                write_table(folder / "metrics.csv", [epoch.metrics for epoch in epochs])
                _save(folder, settings, prepared, mean.network, event)
            yield event
        result = RunResult(
            folder,
            prepared.bench.classifier.name,
            prepared.bench.classifier.num_params,
            tuple(epochs),
            best,
            selection_of(settings.train.recipe, settings.train.holdout),
            rate,
            test,
            settings.train.target_accuracy,
            time.perf_counter() - started,
        )
        record |= _outcome(result)
    yield RunDone(result)
    return result


def _make_folder(settings: Settings, prepared: Prepared) -> Path:
    if settings.train.run_dir is not None:
        return claim_folder(settings.train.run_dir)
    name = prepared.bench.classifier.name
    return new_folder(settings.output.runs_dir, name, f"seed{settings.seed}")


def _begun(settings: Settings, prepared: Prepared, folder: Path) -> RunBegun:
    splits, classifier = prepared.splits, prepared.bench.classifier
    return RunBegun(
        folder,
        classifier.name,
        classifier.num_params,
        settings.train.recipe,
        settings.train.epochs,
        settings.train.batch_size,
        device_name(prepared.bench.device),
        len(splits.train),
        len(splits.test),
        len(splits.holdout) if splits.holdout else 0,
        prepared.choice.engine,
        prepared.choice.precision,
        torch.get_num_threads(),
        prepared.compile_seconds,
    )


def _save(
    folder: Path, settings: Settings, prepared: Prepared, network: nn.Module, event: EpochDone
) -> None:
    """Write last.pt, and the epoch under its own name if it is chosen."""
    epoch, accuracy = event.metrics.epoch, event.metrics.test_accuracy
    names = ["last.pt"]
    if event.is_best:
        on_holdout = settings.train.holdout > 0
        names.append("best.pt" if on_holdout else f"modelbest_{accuracy:.4f}_epoch_{epoch}.pt")
    for name in names:
        save_checkpoint(
            folder / name,
            prepared.bench.classifier.network,
            network,
            prepared.splits.normalization,
            settings_values(settings),
            epoch,
            {**asdict(prepared.choice), "threads": torch.get_num_threads()},
        )


@contextmanager
def _recorded(folder: Path, settings: Settings, begun: RunBegun) -> Iterator[dict[str, Any]]:
    """Keep run.json while the run goes on, and say in it how it ended."""
    values = asdict(begun)
    del values["run_folder"]
    record = {
        "status": "running",
        "begun": datetime.now(UTC).isoformat(),
        **values,
        "dataset": settings.data.dataset,
        "seed": settings.seed,
        "versions": versions(),
    }
    write_record(folder, record)
    status = "interrupted"
    try:
        yield record
        status = "done"
    except Exception:
        status = "failed"
        raise
    finally:
        write_record(folder, {**record, "status": status})


def _outcome(result: RunResult) -> dict[str, Any]:
    return {
        "learning_rate": result.learning_rate,
        "selection": result.selection,
        "final": asdict(result.final.metrics) | {"test_errors": result.final.test_errors},
        "best": asdict(result.best) if result.best else None,
        "target_accuracy": result.target_accuracy,
        "reaches_target": result.reaches_target,
        "time_seconds": result.time_seconds,
    }
