"""The event log: a run's epochs as TensorBoard reads them.

A file for each epoch, whole or not there, in the order of their names: so a run that goes on adds
what is missing, repeats nothing, and TensorBoard follows it meanwhile.
"""

import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from mnistops.disk import replace_file
from mnistops.errors import UsageError
from mnistops.settings.sections import Logger
from mnistops.training.events import EpochMetrics


def expect_loggers(loggers: Sequence[Logger]) -> None:
    """Raises UsageError where the package that a logger needs is not there."""
    for name in loggers:
        if find_spec(name) is None:
            raise UsageError(
                f"--log {name}: expected the package {name}, got none",
                f'pip install "mnistops[{name}]"',
            )


def write_event_log(folder: Path, epochs: Sequence[EpochMetrics]) -> None:
    """Write the newest epoch, and those before it that are not there.

    Raises:
        CannotCreate, CannotWrite: as `mnistops.disk.replace_file`.
    """
    for metrics in epochs:
        path = folder / f"events.out.tfevents.{metrics.epoch:06}.mnistops"
        if metrics is epochs[-1] or not path.exists():
            replace_file(path, _events(metrics.epoch, _scalars(metrics)))


def _scalars(metrics: EpochMetrics) -> dict[str, float]:
    """By tag; what stands before the slash is a section of TensorBoard's page."""
    every = {
        "loss/train": metrics.train_loss,
        "loss/holdout": metrics.holdout_loss,
        "loss/test": metrics.test_loss,
        "accuracy/train": metrics.train_accuracy,
        "accuracy/holdout": metrics.holdout_accuracy,
        "accuracy/test": metrics.test_accuracy,
        "learning_rate": metrics.learning_rate,
        "seconds": metrics.time_seconds,
    }
    return {tag: value for tag, value in every.items() if value is not None}


def _events(step: int, scalars: Mapping[str, float]) -> bytes:
    """A file of TensorBoard's: its version, then the scalars of one step."""
    # Imported here: the package is an extra.
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    now = time.time()
    values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
    file = BytesIO()
    writer = RecordWriter(file)
    for event in (
        Event(wall_time=now, file_version="brain.Event:2"),
        Event(wall_time=now, step=step, summary=Summary(value=values)),
    ):
        writer.write(event.SerializeToString())
    return file.getvalue()
