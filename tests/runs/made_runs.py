"""Run folders that tests make, without training."""

import json
from pathlib import Path
from typing import Any

from mnistops.settings import Settings
from mnistops.studies.outcome import write_outcome
from mnistops.training.run_folder import write_settings
from tests.study_runs import made_outcome

RECORD: dict[str, Any] = {
    "status": "done",
    "begun": "2026-11-23T02:16:30.123456+00:00",
    "network": "reference",
    "num_params": 5340,
    "recipe": "one-cycle",
    "num_epochs": 2,
    "batch_size": 128,
    "num_test": 1000,
    "dataset": "made",
    "seed": 0,
    "versions": {"torch": "2.10"},
    "selection": "none",
    "final": {"epoch": 1, "test_accuracy": 0.993, "test_errors": 7},
    "best": None,
    "time_seconds": 61.4,
}
METRICS = "epoch,test_loss,test_accuracy,time_seconds\n0,0.5,0.9,2.5\n1,0.25,0.993,2.25\n"


def made_run(
    folder: Path, metrics: str | None = METRICS, wrong: list[int] | None = None, **changed: object
) -> Path:
    """A run's folder; a value of None leaves its key out of the record.

    Args:
        wrong: the mistakes that a study has written down.
    """
    folder.mkdir(parents=True)
    record = {key: value for key, value in {**RECORD, **changed}.items() if value is not None}
    (folder / "run.json").write_text(json.dumps(record))
    write_settings(folder, Settings(train={"epochs": 2}))
    if metrics is not None:
        (folder / "metrics.csv").write_text(metrics)
    if wrong is not None:
        write_outcome(folder, made_outcome(wrong, num_test=1000))
    return folder
