"""Comparison: runs held against each other, by their mistakes on the same test images."""

import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mnistops.checkpoint import find_checkpoint, load_checkpoint
from mnistops.data.known import KNOWN
from mnistops.errors import BadInput, UsageError
from mnistops.runs.listing import find_run
from mnistops.runs.mcnemar import Pair, compare_mistakes
from mnistops.runs.run import Metrics, Run, expect_run, outcome_of, read_metrics
from mnistops.settings.tree import Settings, Tree
from mnistops.studies.outcome import RESULT
from mnistops.validation import ValidationEvent, validate


@dataclass(frozen=True)
class RunEvaluating:
    """A run's checkpoint is run over the test images next.

    Attributes:
        place: of the run among all, from 0.
    """

    place: int
    num_runs: int
    checkpoint: Path


CompareEvent = RunEvaluating | ValidationEvent


@dataclass(frozen=True)
class Compared:
    """A run in a comparison.

    Attributes:
        metrics: of its epochs.
        source: the file that its mistakes are of: a checkpoint, or a study's result.
        mistakes: the test images that it takes for another class, by their index.
    """

    run: Run
    metrics: Sequence[Metrics]
    source: str
    mistakes: tuple[int, ...]
    num_test: int

    @property
    def accuracy(self) -> float:
        """On test, in 0..1."""
        return (self.num_test - len(self.mistakes)) / self.num_test


@dataclass(frozen=True)
class Comparison:
    """Runs held against each other."""

    dataset: str
    runs: tuple[Compared, ...]
    pairs: tuple[Pair, ...]


def compare_runs(
    settings: Settings, names: Sequence[str]
) -> Generator[CompareEvent, None, Comparison]:
    """Hold runs against each other, pair by pair.

    The mistakes are those that a study has written down for its run, else those of the run's best
    checkpoint, else of its last, which is run over the test images; where the settings name a data
    set, over its.

    Args:
        names: of the runs: their folders, or their names in the runs folder.

    Raises:
        UsageError: there are not two of them, or one twice.
        BadInput: they were not tested on the same images.
        MnistopsError: a run, its checkpoint or the images cannot be had.
    """
    folders = [find_run(settings.output.runs_dir, name) for name in names]
    if len(folders) < 2 or len({folder.resolve() for folder in folders}) < len(folders):
        raise UsageError(f"runs compare: expected two runs or more, each once, got {len(folders)}")
    runs = [expect_run(folder, name) for folder, name in zip(folders, names, strict=True)]
    is_named = "dataset" in settings.data.model_fields_set
    dataset = settings.data.dataset if is_named else _dataset_of_all(runs)
    compared: list[Compared] = []
    for place, run in enumerate(runs):
        metrics = read_metrics(run.folder)
        outcome = None if is_named else outcome_of(run.folder)
        if outcome is not None:
            told = (RESULT, outcome.test_mistakes, outcome.num_test)
        else:
            checkpoint = find_checkpoint(run.folder)
            yield RunEvaluating(place, len(runs), checkpoint)
            validation = yield from validate(_for_one(settings, checkpoint))
            result = validation.splits[0].result
            wrong = tuple(sorted(mistake.index for mistake in result.mistakes))
            told = (checkpoint.name, wrong, result.num_images)
        compared.append(Compared(run, metrics, *told))
    _expect_same([str(each.num_test) for each in compared], names, "as many test images")
    pairs = compare_mistakes([each.mistakes for each in compared])
    return Comparison(dataset, tuple(compared), pairs)


def _dataset_of_all(runs: Sequence[Run]) -> str:
    for run in runs:
        if run.dataset is None:
            raise BadInput(f"{run.folder}: expected a run that tells its data set, got none told")
    told = [str(run.dataset) for run in runs]
    same = [name if name in KNOWN else os.path.realpath(name) for name in told]
    _expect_same(same, [run.name for run in runs], "the same data set")
    return told[0]


def _expect_same(values: Sequence[str], names: Sequence[str], what: str) -> None:
    for value, name in zip(values, names, strict=True):
        if value != values[0]:
            raise BadInput(
                f"runs compare: expected {what} in all runs, got {values[0]} in {names[0]} and "
                f"{value} in {name}"
            )


def _for_one(settings: Settings, checkpoint: Path) -> Settings:
    """The settings to validate one checkpoint on the test images."""
    values: Tree = {
        "device": settings.device,
        "data": settings.data,
        "validate": {"checkpoint": checkpoint, "split": "test"},
    }
    if isinstance(load_checkpoint(checkpoint).network, str):
        values["network"] = settings.network  # whose code the user names; the others say theirs
    return Settings(**values)
