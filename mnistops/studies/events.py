"""What a study tells on its way: begun, each run's beginning and end, epochs, done."""

from dataclasses import dataclass
from pathlib import Path

from mnistops.studies.results import MissingRun, RunRow, StudyResult


@dataclass(frozen=True)
class StudyBegun:
    """All that was asked for is there; runs begin.

    Attributes:
        groups: their names.
        num_done: runs that were done before; the others are to do.
        num_workers: runs at a time.
        device: as ``cpu``.
        engines: that train the runs.
    """

    folder: Path
    groups: tuple[str, ...]
    num_seeds: int
    num_done: int
    num_workers: int
    device: str
    engines: tuple[str, ...]


@dataclass(frozen=True)
class RunStarted:
    """A worker is at a run.

    Attributes:
        name: of the run's files.
        pid: of the worker.
    """

    name: str
    pid: int


@dataclass(frozen=True)
class EpochsDone:
    """So many epochs of all runs are done."""

    num_done: int
    num_epochs: int


@dataclass(frozen=True)
class RunFinished:
    """A run is done."""

    row: RunRow


@dataclass(frozen=True)
class WorkerDied:
    """A worker was killed, or failed; its run is begun again."""

    group: str
    seed: int
    reason: str


@dataclass(frozen=True)
class RunFailed:
    """A run cannot be had; the others go on."""

    missing: MissingRun


@dataclass(frozen=True)
class StudyDone:
    """The study is over."""

    result: StudyResult
