"""RunCheckpoints: the files that a run goes on from, and those of what it chose."""

import time
from collections.abc import Generator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from mnistops.checkpoint import LAST, PREVIOUS, Checkpoint, load_checkpoint, save_checkpoint
from mnistops.errors import BadInput
from mnistops.settings.tree import Settings
from mnistops.training.event_log import write_event_log
from mnistops.training.events import CheckpointBroken
from mnistops.training.preparation import Prepared
from mnistops.training.run_folder import settings_values, write_table
from mnistops.training.state import Training


@dataclass
class RunCheckpoints:
    """What a run saves of itself.

    Attributes:
        saved_at: the newest, by `time.monotonic`; before there is one, when the run began.
    """

    folder: Path
    settings: Settings
    prepared: Prepared
    training: Training
    saved_at: float = field(default_factory=time.monotonic)

    @property
    def is_due(self) -> bool:
        """Whether the newest one is as old as the settings let it become."""
        return time.monotonic() - self.saved_at >= self.settings.train.save_seconds

    def write_metrics(self) -> None:
        """Write metrics.csv: a row for each epoch that is done, whoever wrote what before.

        And the log, if one is asked for.
        """
        if self.training.epochs:
            rows = [done.metrics for done in self.training.epochs]
            write_table(self.folder / "metrics.csv", rows)
            if "tensorboard" in self.settings.train.log:
                write_event_log(self.folder, rows)

    def save_best(self) -> None:
        """Keep the epoch that was just done under a name of its own."""
        metrics = self.training.epochs[-1].metrics
        name = f"modelbest_{metrics.test_accuracy:.4f}_epoch_{metrics.epoch}.pt"
        self._save(self.folder / ("best.pt" if self.settings.train.holdout else name), None)

    def save_last(self) -> None:
        """Save all that the run needs to go on."""
        self._save(self.folder / LAST, self.training.values())
        self.saved_at = time.monotonic()

    def _save(self, path: Path, training: dict[str, Any] | None) -> None:
        position = self.training
        save_checkpoint(
            path,
            self.prepared.bench.classifier.network,
            position.mean.network,
            self.prepared.splits.normalization,
            settings_values(self.settings),
            position.epoch if position.step else position.epoch - 1,
            {**asdict(self.prepared.choice), "threads": torch.get_num_threads()},
            training,
            self.prepared.splits.class_names,
        )


def newest_checkpoint(folder: Path) -> Generator[CheckpointBroken, None, Checkpoint | None]:
    """What the run in this folder goes on from; None where it has saved nothing yet.

    Yields:
        The newest one where it is broken, before the one in front of it is taken.

    Raises:
        BadInput: there is none that is sound, or a run cannot go on from it.
    """
    paths = [path for path in (folder / LAST, folder / PREVIOUS) if path.exists()]
    for path in paths:
        try:
            checkpoint = load_checkpoint(path)
        except BadInput as error:
            if path == paths[-1]:
                raise
            yield CheckpointBroken(path, error.message, paths[-1])
            continue
        if checkpoint.training is None:
            raise BadInput(
                f"{path}: expected what a run goes on from, got weights alone",
                f"`mnistops train --init-from {path}` begins a new run with them",
            )
        return checkpoint
    return None
