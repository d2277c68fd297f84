"""Listing: the runs in a folder, those of studies among them, in order."""

from collections.abc import Iterator
from pathlib import Path

from mnistops.errors import MissingInput
from mnistops.runs.run import NO_RUN, Run, read_run
from mnistops.settings.runs import RunColumn
from mnistops.studies.folder import RECORD as STUDY
from mnistops.training.run_folder import CONFIG

# The attribute of each column, and whether the highest value comes first.
_ORDERS: dict[RunColumn, tuple[str, bool]] = {
    "begun": ("begun", True),
    "run": ("name", False),
    "status": ("status", False),
    "network": ("network", False),
    "parameters": ("num_params", False),
    "recipe": ("recipe", False),
    "seed": ("seed", False),
    "epochs": ("num_done", True),
    "accuracy": ("accuracy", True),
    "errors": ("errors", False),
    "time": ("time_seconds", False),
}


# What a run or a study leaves behind, and no other command that makes its folder here.
_TRACES = (CONFIG, "metrics.csv", "*.pt", STUDY)


def list_runs(runs_dir: Path, sort: RunColumn) -> tuple[Run, ...]:
    """Every run in the runs folder, and what is left of one; the pictures of others are none.

    Args:
        sort: by this; runs that have no value there come last, in the order of their names.

    Raises:
        MissingInput: the runs folder is no folder, or cannot be read.
    """
    if not runs_dir.exists():
        return ()
    try:
        found = [
            read_run(folder, str(folder.relative_to(runs_dir))) for folder in _folders(runs_dir)
        ]
    except OSError as error:
        raise MissingInput(
            f"{runs_dir}: expected a folder of runs, got: {error.strerror}"
        ) from None
    runs = [run for run in found if run.status != NO_RUN or _was_run(run.folder)]
    key, is_falling = _ORDERS[sort]
    runs.sort(key=lambda run: run.name)
    known = [run for run in runs if getattr(run, key) is not None]
    known.sort(key=lambda run: getattr(run, key), reverse=is_falling)
    return (*known, *(run for run in runs if getattr(run, key) is None))


def _folders(runs_dir: Path) -> Iterator[Path]:
    """Those of runs, of runs in studies, and of whatever else there is."""
    for folder in runs_dir.iterdir():
        if folder.is_dir() and not folder.name.startswith("."):
            yield from _runs_of_study(folder) or (folder,)


def _was_run(folder: Path) -> bool:
    return any(any(folder.glob(trace)) for trace in _TRACES)


def _runs_of_study(folder: Path) -> list[Path]:
    """None, where it is no study's, or cannot be read."""
    try:
        is_study = (folder / STUDY).is_file()
        return [path for path in (folder / "runs").iterdir() if path.is_dir()] if is_study else []
    except OSError:
        return []


def find_run(runs_dir: Path, named: str) -> Path:
    """The folder of the run that the user names: a path, or a name as the list shows it.

    Raises:
        MissingInput: there is none.
    """
    for folder in (Path(named), runs_dir / named):
        if folder.is_dir():
            return folder
    raise MissingInput(
        f"{named}: expected a run folder, or the name of one in {runs_dir}, got no such folder",
        "`mnistops runs list` names them",
    )
