"""A validation as files, as tables and as records."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistops.disk import make_folder, replace_file
from mnistops.report.confusion import draw_confusion
from mnistops.report.console import visible
from mnistops.report.grid import Column, Grid, to_csv
from mnistops.report.mistakes import draw_mistakes
from mnistops.report.numbers import accuracy, integer, percent
from mnistops.report.publish import Report

if TYPE_CHECKING:
    from mnistops.validation import SplitDone, Validation

_SPLITS = (
    Column("split", is_number=False),
    Column("images", rank=2),
    Column("errors"),
    Column("accuracy"),
    Column("loss", rank=1, legend="loss: mean cross-entropy in nats"),
)
_MISTAKE = ("index", "actual", "predicted", "confidence")
_NAMES = ("actual_name", "predicted_name")
_RECALL = "recall: share of the class' images that are recognised"
_PRECISION = "precision: share of the images taken for the class that are of it"


def write_results(done: "SplitDone", folder: Path) -> list[Path]:
    """Write what is known of one split: CSV files and pictures.

    Raises:
        CannotCreate, CannotWrite: a file cannot be made.
    """
    make_folder(folder)
    result = done.result
    classes = range(len(result.confusion))
    confusion = [
        {
            "actual": label,
            **_named(done, "actual_name", label),
            **{f"predicted_{other}": row[other] for other in classes},
        }
        for label, row in enumerate(result.confusion)
    ]
    tables = {
        "errors": _mistakes(done),
        "confusion": confusion,
        "per_class": _per_class(done),
    }
    files = draw_mistakes(done, folder)
    for name, records in tables.items():
        path = folder / f"{done.split}_{name}.csv"
        replace_file(path, f"{to_csv(records, _fields(done))}\n".encode())
        files.append(path)
    return [*files, draw_confusion(done, folder / f"{done.split}_confusion.png")]


def _mistakes(done: "SplitDone") -> list[dict[str, Any]]:
    return [
        {
            **{name: getattr(one, name) for name in _MISTAKE},
            **_named(done, "actual_name", one.actual),
            **_named(done, "predicted_name", one.predicted),
        }
        for one in done.result.mistakes
    ]


def _fields(done: "SplitDone") -> tuple[str, ...]:
    """What is told of a mistake."""
    return (*_MISTAKE, *_NAMES) if done.class_names else _MISTAKE


def _named(done: "SplitDone", key: str, label: int) -> dict[str, str]:
    """The name of a class under this key, if it is more than its number."""
    return {key: done.name_of(label)} if done.class_names else {}


def _per_class(done: "SplitDone") -> list[dict[str, Any]]:
    return [
        {"class": (label := values.pop("label")), **_named(done, "name", label), **values}
        for values in map(asdict, done.result.per_class)
    ]


def validation_report(
    outcome: "Validation", files: Sequence[Sequence[Path]], page: Path | None = None
) -> Report:
    """The validation in every format.

    Args:
        files: that were written of each split.
        page: the report, if one was written; only people are told.
    """
    splits = outcome.splits
    documents = [
        {
            "split": done.split,
            "num_images": done.result.num_images,
            "num_errors": done.result.num_errors,
            "accuracy": done.result.accuracy,
            "loss": done.result.loss,
            "per_class": _per_class(done),
            "mistakes": _mistakes(done),
            "files": [str(path) for path in written],
        }
        for done, written in zip(splits, files, strict=True)
    ]
    records = [{"split": done.split, **mistake} for done in splits for mistake in _mistakes(done)]
    document = documents[0] if len(documents) == 1 else documents
    notes = [
        f"pictures and CSV files: {files[0][0].parent}",
        *([f"report: {page}"] if page else []),
    ]
    grids = (_grid(outcome, notes), class_grid(splits))
    return Report(grids, document, records, ("split", *_fields(splits[0])))


def _grid(outcome: "Validation", notes: Sequence[str]) -> Grid:
    rows = tuple(
        (
            done.split,
            integer(done.result.num_images),
            integer(done.result.num_errors),
            accuracy(done.result.accuracy),
            f"{done.result.loss:.4f}",
        )
        for done in outcome.splits
    )
    title = f"{outcome.network} of {outcome.checkpoint.name} on {outcome.dataset}"
    return Grid(_SPLITS, rows, title=title, notes=tuple(notes))


def class_grid(splits: "Sequence[SplitDone]") -> Grid:
    """A row for each class, columns for each split."""
    columns = [Column("class", is_number=not splits[0].class_names)]
    for done in splits:
        columns += [
            Column(f"{done.split}\nimages", rank=3),
            Column(f"{done.split}\nerrors"),
            Column(f"{done.split}\nrecall", rank=1, legend=_RECALL),
            Column(f"{done.split}\nprecision", rank=2, legend=_PRECISION),
        ]
    rows = []
    for of_class in zip(*(done.result.per_class for done in splits), strict=True):
        cells = [visible(splits[0].name_of(of_class[0].label))]
        for one in of_class:
            cells += [integer(one.num_images), integer(one.num_errors)]
            cells += [percent(one.recall), percent(one.precision)]
        rows.append(tuple(cells))
    return Grid(tuple(columns), tuple(rows), title="by class")
