"""run.json while a run goes on: what was asked for, how it goes, what came of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from mnistops.device import device_name
from mnistops.settings.tree import Settings
from mnistops.training.events import RunBegun, RunResult
from mnistops.training.preparation import Prepared
from mnistops.training.run_folder import record_of, versions, write_record
from mnistops.training.state import Training


def describe_run(
    settings: Settings, prepared: Prepared, folder: Path, training: Training | None
) -> RunBegun:
    """What is about to begin, or to go on where the training stands."""
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
        training.epoch if training else 0,
        training.step if training else 0,
    )


@contextmanager
def recorded(folder: Path, settings: Settings, begun: RunBegun) -> Iterator[dict[str, Any]]:
    """Keep run.json while the run goes on, and say in it how it ended."""
    values = asdict(begun)
    for name in ("run_folder", "epochs_done", "steps_done"):
        del values[name]
    record = {
        "status": "running",
        **_when(record_of(folder), datetime.now(UTC).isoformat()),
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


def _when(earlier: dict[str, Any], now: str) -> dict[str, Any]:
    """When the run was begun, and when it was gone on with."""
    begun, resumed = earlier.get("begun"), earlier.get("resumed", [])
    if not isinstance(begun, str) or not isinstance(resumed, list):
        return {"begun": now}
    return {"begun": begun, "resumed": [*resumed, now]}


def outcome(result: RunResult) -> dict[str, Any]:
    """What run.json says of a run that is done."""
    return {
        "learning_rate": result.learning_rate,
        "selection": result.selection,
        "final": asdict(result.final.metrics) | {"test_errors": result.final.test_errors},
        "best": asdict(result.best) if result.best else None,
        "target_accuracy": result.target_accuracy,
        "reaches_target": result.reaches_target,
        "time_seconds": result.time_seconds,
    }
