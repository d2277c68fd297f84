"""A study's result as a table, in words and as records."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from mnistops.report.grid import Column, Grid
from mnistops.report.numbers import integer
from mnistops.report.publish import Report

if TYPE_CHECKING:
    from mnistops.studies.results import Comparison, GroupResult, StudyResult
    from mnistops.studies.statistics import Interval, Spread

_SPREAD = "±: standard deviation over the seeds"
_INTERVAL = "95 % interval: Student's, for the mean over all seeds that there are"
_COLUMNS = (
    Column("group", is_number=False),
    Column("parameters", rank=4),
    Column("seeds", rank=3),
    Column("hold-out, %", legend=_SPREAD),
    Column("test, %", legend=_SPREAD),
    Column("95 % interval", rank=2, legend=_INTERVAL),
    Column("errors on test", rank=5),
)

_ALL_SHOWN = 5
"""So many numbers of errors are listed, of more the lowest and the highest."""


def study_report(result: "StudyResult") -> Report:
    """The study in every format; CSV has a row for each run."""
    rows = [asdict(row) for row in result.rows]
    return Report((_grid(result),), _document(result), rows, ("group", "seed"))


def _document(result: "StudyResult") -> dict[str, Any]:
    return {
        "folder": str(result.folder),
        "judged_on": result.judged_on,
        "groups": [_group(group) for group in result.groups],
        "comparisons": [
            {
                "a": comparison.a,
                "b": comparison.b,
                "on": comparison.on,
                "difference": comparison.difference,
                "ci95": _pair(comparison.interval),
                "winner": comparison.winner,
            }
            for comparison in result.comparisons
        ],
        "missing": [asdict(run) for run in result.missing],
    }


def _group(group: "GroupResult") -> dict[str, Any]:
    judged, on_holdout = group.judged, group.holdout is not None
    return {
        "name": group.name,
        "num_params": group.num_params,
        "epochs": group.num_epochs,
        "seeds": len(group.rows),
        "mean_holdout_accuracy": group.holdout.mean if group.holdout else None,
        "mean_test_accuracy": group.test.mean,
        "std": judged.deviation,
        "ci95": _pair(judged.interval),
        "test_errors": [row.test_errors for row in group.rows],
        **({"holdout_errors": [row.holdout_errors for row in group.rows]} if on_holdout else {}),
    }


def _pair(interval: "Interval | None") -> list[float] | None:
    return None if interval is None else list(interval)


def _grid(result: "StudyResult") -> Grid:
    on_holdout = result.judged_on == "holdout"
    kept = [i for i, column in enumerate(_COLUMNS) if on_holdout or i != 3]
    # What the study is judged by stays longest.
    changes: dict[str, dict[str, Any]] = {
        "test, %": {"rank": 1},
        "95 % interval": {"legend": f"{_INTERVAL}; of the hold-out"},
    }
    columns = [
        replace(column, **changes.get(column.title, {})) if on_holdout else column
        for column in _COLUMNS
    ]
    rows = [
        (
            group.name,
            integer(group.num_params),
            str(len(group.rows)),
            _spread(group.holdout) if group.holdout else "",
            _spread(group.test),
            _interval(group.judged.interval),
            _errors([row.test_errors for row in group.rows]),
        )
        for group in result.groups
    ]
    return Grid(
        tuple(columns[i] for i in kept),
        tuple(tuple(row[i] for i in kept) for row in rows),
        title=_title(result),
        notes=_notes(result),
    )


def _title(result: "StudyResult") -> str:
    epochs = {group.num_epochs for group in result.groups}
    judged = "judged on hold-outs" if result.judged_on == "holdout" else "judged on test"
    if len(epochs) > 1:
        return judged
    (number,) = epochs or {0}
    return f"after {number} epoch{'' if number == 1 else 's'}, {judged}"


def _notes(result: "StudyResult") -> tuple[str, ...]:
    notes = ["the last epoch of each run counts: no epoch and no seed was chosen"]
    if result.judged_on == "holdout":
        notes += [
            "each seed holds out other images, while there are any",
            "choose by the hold-out; test is looked at once, by a study without --holdout",
        ]
    elif any(group.recipe == "plateau" for group in result.groups):
        notes.append("plateau lowers its rate by the loss on test, which flatters it there")
    notes += map(_comparison, result.comparisons)
    if result.comparisons:
        among = ", the best with each of the others," if len(result.groups) > 2 else ""
        notes.append(
            f"compared{among} on the same seeds and images; the interval allows for others of both"
        )
    for run in result.missing:
        notes.append(f"missing: {run.group}, seed {run.seed}: {run.reason}")
    if result.missing:
        notes.append(f"the same command with --dir {result.folder} tries these again")
    return (*notes, f"study folder: {result.folder}")


def _comparison(comparison: "Comparison") -> str:
    a, b, difference = comparison.a, comparison.b, comparison.difference
    if comparison.interval is None:
        return f"{a} and {b}: one seed shows no difference"
    low, high = comparison.interval
    if comparison.winner is None:
        return (
            f"no difference shown between {a} and {b}: {_points(difference)} points "
            f"(95 % interval {_points(low)} to {_points(high)})"
        )
    if comparison.winner == b:
        a, b, difference, low, high = b, a, -difference, -high, -low
    return (
        f"{a} beats {b} by {_points(difference)} points "
        f"(95 % interval {_points(low)} to {_points(high)})"
    )


def _points(share: float) -> str:
    """Percentage points, the third digit with one more mistake in a thousand hundreds."""
    return f"{100 * share + 0.0:.3f}"


def _spread(spread: "Spread") -> str:
    if spread.mean is None:
        return "-"
    mean = f"{100 * spread.mean:.3f}"
    return mean if spread.deviation is None else f"{mean} ± {100 * spread.deviation:.3f}"


def _interval(interval: "Interval | None") -> str:
    if interval is None:
        return "-"
    return f"{100 * interval[0]:.3f} to {100 * interval[1]:.3f}"


def _errors(errors: list[int]) -> str:
    if len(errors) > _ALL_SHOWN:
        return f"{min(errors)} to {max(errors)}"
    return ", ".join(map(str, errors)) or "-"
