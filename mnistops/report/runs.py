"""Runs that were, as a table; one of them as all that its files tell."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mnistops.report.console import visible
from mnistops.report.grid import Column, Grid
from mnistops.report.numbers import accuracy, integer
from mnistops.report.publish import Report
from mnistops.runs.details import RunDetails
from mnistops.runs.run import Metrics, Run
from mnistops.training.run_folder import RECORD

_RESULT = "accuracy, errors: on test, of the last epoch, or of the best where one was chosen"
_COLUMNS = (
    Column("run", is_number=False),
    Column("status", rank=1, is_number=False),
    Column("network", rank=3, is_number=False),
    Column("data", rank=3, is_number=False),
    Column("parameters", rank=4),
    Column("recipe", rank=5, is_number=False),
    Column("seed", rank=6),
    Column("epochs", rank=4),
    Column("accuracy", legend=_RESULT),
    Column("errors", rank=2),
    Column("time", rank=5, legend="time: of the run; of its epochs alone, where it did not end"),
    Column("begun", rank=7, is_number=False),
)
_FLATTERED = "*: what this run chose, it chose by test, which flatters it there"


def list_report(runs: Sequence[Run], runs_dir: Path) -> Report:
    """The runs in every format, as they are ordered."""
    records = [
        {
            **asdict(run),
            "folder": str(run.folder),
            "begun": None if run.begun is None else run.begun.isoformat(),
        }
        for run in runs
    ]
    # Where all runs are of the same images, nobody asks which.
    of_several = len({run.dataset for run in runs if run.dataset}) > 1
    columns = tuple(column for column in _COLUMNS if of_several or column.title != "data")
    rows = tuple(_row(run, of_several) for run in runs)
    notes = [_FLATTERED] if any(map(_is_flattered, runs)) else []
    notes += [
        f"{run.status}: {visible(str(run.folder / RECORD))}: {visible(run.problem)}"
        for run in runs
        if run.problem
    ]
    if not runs:
        notes.append(f"no runs in {runs_dir}: `mnistops train` makes one")
    return Report((Grid(columns, rows, notes=tuple(notes)),), records, records, ("folder", "name"))


def _row(run: Run, has_data: bool) -> tuple[str, ...]:
    data = visible(Path(run.dataset).name) if run.dataset else "-"
    return (
        visible(run.name),
        visible(run.status),
        visible(run.network or "-"),
        *([data] if has_data else []),
        _count(run.num_params),
        visible(run.recipe or "-"),
        "-" if run.seed is None else str(run.seed),
        _epochs(run),
        _accuracy(run),
        _count(run.errors),
        duration(run.time_seconds),
        "-" if run.begun is None else f"{run.begun.astimezone():%Y-%m-%d %H:%M}",
    )


def _accuracy(run: Run) -> str:
    if run.accuracy is None:
        return "-"
    return f"{accuracy(run.accuracy)}{'*' if _is_flattered(run) else ''}"


def _is_flattered(run: Run) -> bool:
    return run.selection == "test" and run.accuracy is not None


def _epochs(run: Run) -> str:
    """``15``; ``3 of 15`` of a run that did not do all."""
    if run.num_done is None or run.num_epochs in (None, run.num_done):
        return _count(run.num_done)
    return f"{run.num_done:,} of {run.num_epochs:,}"


def _count(value: int | None) -> str:
    return "-" if value is None else integer(value)


def duration(seconds: float | None) -> str:
    """``2.9 s``, ``45 s``, ``3 min 07 s``, ``2 h 05 min``; ``-`` for none."""
    if seconds is None:
        return "-"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02} min"


def show_report(details: RunDetails) -> Report:
    """One run in every format; CSV has a row for each epoch."""
    document = {
        "folder": str(details.run.folder),
        "record": details.record,
        "settings": details.settings,
        "metrics": details.metrics,
        "checkpoints": list(details.checkpoints),
    }
    grids = [_facts(details), _settings(details)]
    if details.metrics:
        grids.append(_epoch_grid(details.metrics))
    return Report(tuple(grids), document, details.metrics, ("epoch",))


_FACTS = (Column("run.json", is_number=False), Column("", is_number=False))


def _facts(details: RunDetails) -> Grid:
    rows = tuple(
        (visible(key.replace(".", " ").replace("_", " ")), _fact(key, value))
        for key, value in details.record.items()
        if not _is_told_elsewhere(key, value, details.metrics)
    )
    notes = (f"checkpoints: {', '.join(map(visible, details.checkpoints)) or 'none'}",)
    return Grid(_FACTS, rows, title=visible(str(details.run.folder)), notes=notes)


def _is_told_elsewhere(key: str, value: object, metrics: Sequence[Metrics]) -> bool:
    """Whether the table of epochs has it, but for what came of the run."""
    section, _, name = key.rpartition(".")
    if section not in ("final", "best") or name in ("epoch", "test_accuracy"):
        return False
    return value is None or any(name in row for row in metrics)


def _fact(key: str, value: object) -> str:
    """A value as people read it, as far as its name tells what it is."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if key.endswith("accuracy"):
            return accuracy(value)
        return duration(value) if key.endswith("seconds") else f"{value:.6g}"
    if isinstance(value, int) and key != "seed":
        return integer(value)
    return visible(str(value))


def _settings(details: RunDetails) -> Grid:
    columns = (Column("config.toml", is_number=False), Column("", is_number=False))
    rows = tuple((visible(key), _fact("seed", value)) for key, value in details.changed.items())
    note = "the other settings are the recipe's, or the defaults"
    if details.settings is None:
        note = "config.toml: expected settings, got none that can be read"
    return Grid(columns, rows, notes=(note,))


def _epoch_grid(metrics: Sequence[Metrics]) -> Grid:
    names = list(dict.fromkeys(name for row in metrics for name in row))
    columns = tuple(Column(visible(name).replace("_", "\n")) for name in names)
    rows = tuple(tuple(_metric(name, row.get(name)) for name in names) for row in metrics)
    return Grid(columns, rows)


def _metric(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    if name.endswith("accuracy"):
        return accuracy(value)
    if name.endswith("loss"):
        return f"{value:.4f}"
    return duration(value) if name.endswith("seconds") else f"{value:.4g}"
