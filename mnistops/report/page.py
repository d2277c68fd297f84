"""The report of a trained network: one page to look at, keep and print."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistops.analysis.window import times
from mnistops.disk import make_folder, replace_file
from mnistops.report.field_tiles import field_tiles
from mnistops.report.gallery import gallery_of
from mnistops.report.grid import Column, Grid, notes_of
from mnistops.report.line_chart import BOX, HEIGHT, WIDTH, LineChart, line_chart
from mnistops.report.numbers import accuracy, duration, integer, probability
from mnistops.report.summary import summary_report
from mnistops.report.template import render_page
from mnistops.report.validation import class_grid
from mnistops.runs.run import number, time_of

if TYPE_CHECKING:
    from mnistops.dossier import Dossier
    from mnistops.training.events import EpochMetrics

MOST_CLASSES = 50
"""With more, a matrix has no room, and the pairs most often taken for each other are listed."""

MOST_NUMBERED = 16
"""With more classes, a matrix shows its numbers as colours alone."""

LONGEST_NUMBER = 3
"""Longer names need another layout."""

MOST_LETTERS = 300
"""Of a setting's value."""


@dataclass(frozen=True)
class Figure:
    """A number to begin with, what it is, and more about it."""

    value: str
    what: str
    more: str = ""


def write_page(dossier: "Dossier", path: Path) -> Path:
    """Write the report as one HTML file that needs no other.

    Raises:
        CannotCreate, CannotWrite: the file cannot be made.
    """
    make_folder(path.parent)
    replace_file(path, page_of(dossier))
    return path


def page_of(dossier: "Dossier") -> bytes:
    """The report as HTML."""
    validation, run, epochs = dossier.validation, dossier.run, dossier.epochs
    splits = validation.splits[::-1]  # what the network never saw comes first
    num_classes = len(splits[0].result.confusion)
    names = list(map(splits[0].name_of, range(num_classes)))
    return render_page(
        "report",
        network=validation.network,
        figures=list(_figures(dossier)),
        facts=dict(_facts(dossier)),
        charts=_charts(run, epochs, dossier.is_augmented) if epochs else (),
        is_augmented=dossier.is_augmented,
        chart_size=(WIDTH, HEIGHT),
        box=BOX,
        epochs=_epoch_grid(epochs) if epochs else None,
        galleries=[gallery_of(done) for done in splits],
        names=names,
        has_matrix=num_classes <= MOST_CLASSES,
        has_numbers=num_classes <= MOST_NUMBERED,
        has_names=any(len(name) > LONGEST_NUMBER for name in names),
        classes=class_grid(splits),
        summary=summary_report(dossier.summary).grids[0] if dossier.summary else None,
        fields=field_tiles(dossier.picture) if dossier.picture else None,
        choices=[
            {"is_default": choice.is_default, "pair": (choice.key, _shown(choice.value))}
            for choice in dossier.choices
        ],
        versions={"of the run": _versions(run), "of this report": dossier.versions},
        notes=dossier.notes,
        probability=probability,
        integer=integer,
        times=times,
        notes_of=notes_of,
    )


def _figures(dossier: "Dossier") -> "Iterator[Figure]":
    """The numbers to begin with; the first is of the images that the network never saw."""
    first, *others = dossier.validation.splits[::-1]
    result, values = first.result, dossier.run
    images = f"{integer(result.num_images)} {first.split} images"
    also = [f"{accuracy(other.result.accuracy)} on {other.split}" for other in others]
    target = _target(values)
    if target is not None and first.split == "test":
        verdict = "reached" if result.accuracy >= target else "missed"
        also.append(f"target {accuracy(target)}: {verdict}")
    yield Figure(accuracy(result.accuracy), f"accuracy on {images}", ", ".join(also))
    also = [f"{integer(other.result.num_errors)} on {other.split}" for other in others]
    yield Figure(integer(result.num_errors), f"errors on {first.split}", ", ".join(also))
    summary = dossier.summary
    params = summary.total_params if summary else dossier.validation.classifier.num_params
    size = f"{summary.memory.parameters / 1000:,.1f} kB in {summary.dtype}" if summary else ""
    yield Figure(integer(params), "parameters", size)
    if summary and summary.mult_adds is not None:
        yield Figure(integer(summary.mult_adds), "multiply-adds", "for one image")
    seconds = _number(values, "time_seconds")
    if seconds is not None:
        yield Figure(duration(seconds), "training time", _text(values, "device"))


def _target(values: Mapping[str, Any]) -> float | None:
    """The accuracy on test that the run was to reach."""
    target = _number(values, "target_accuracy")
    return target if target is not None and target < 1 else None


def _facts(dossier: "Dossier") -> Iterator[tuple[str, str]]:
    """What the page is about, in a few words each."""
    validation, values = dossier.validation, dossier.run
    yield "data", validation.dataset
    epochs = _text(values, "num_epochs")
    epochs = epochs and f"{epochs} epoch{'' if epochs == '1' else 's'}"
    for name, texts in {
        "recipe": [_text(values, "recipe"), epochs],
        "seed": [_text(values, "seed")],
        "engine": [_text(values, "engine"), _text(values, "precision")],
        "begun": [_date(_text(values, "begun"))],
    }.items():
        if any(texts):
            yield name, ", ".join(filter(None, texts))
    yield "checkpoint", str(validation.checkpoint)


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return str(value) if isinstance(value, str | int) else ""


def _number(values: Mapping[str, Any], key: str) -> float | None:
    value = number(values.get(key))
    return value if value is not None and value >= 0 else None


def _date(text: str) -> str:
    time = time_of(text)
    return f"{time:%Y-%m-%d %H:%M} UTC" if time else text


def _versions(run: Mapping[str, Any]) -> Mapping[str, str]:
    held = run.get("versions")
    return {str(k): str(v) for k, v in held.items()} if isinstance(held, dict) else {}


def _charts(
    run: Mapping[str, Any], rows: "Sequence[EpochMetrics]", is_augmented: bool
) -> tuple[LineChart, ...]:
    epochs = [row.epoch for row in rows]
    splits = {"train, augmented" if is_augmented else "train": "train", "test": "test"}
    if _has_holdout(rows):
        splits["hold-out"] = "holdout"

    def each(name: str) -> dict[str, list[float]]:
        return {key: [getattr(row, f"{of}_{name}") for row in rows] for key, of in splits.items()}

    errors = {key: [100 * (1 - value) for value in line] for key, line in each("accuracy").items()}
    rates = {"learning rate": [row.learning_rate for row in rows]}
    best, target = run.get("best"), _target(run)
    marked = best.get("epoch") if isinstance(best, dict) else None
    marked = marked if marked in epochs else None
    aim = None if target is None else 100 * (1 - target)
    return (
        line_chart("loss, nats", epochs, each("loss"), "{:.4f}".format, marked=marked),
        line_chart("error, %", epochs, errors, "{:.2f} %".format, target=aim, marked=marked),
        line_chart("learning rate", epochs, rates, "{:.3g}".format, is_logarithmic=False),
    )


def _epoch_grid(epochs: "Sequence[EpochMetrics]") -> Grid:
    columns = ("epoch", "train\nloss", "train\naccuracy", "test\nloss", "test\naccuracy")
    holdout = ("hold-out\nloss", "hold-out\naccuracy") if _has_holdout(epochs) else ()
    rows = []
    for row in epochs:
        cells = [str(row.epoch), f"{row.train_loss:.4f}", accuracy(row.train_accuracy)]
        cells += [f"{row.test_loss:.4f}", accuracy(row.test_accuracy)]
        if row.holdout_loss is not None and row.holdout_accuracy is not None and holdout:
            cells += [f"{row.holdout_loss:.4f}", accuracy(row.holdout_accuracy)]
        rows.append((*cells, f"{row.learning_rate:.3g}", f"{row.time_seconds:.1f}"))
    titles = (*columns, *holdout, "rate", "seconds")
    return Grid(tuple(map(Column, titles)), tuple(rows))


def _has_holdout(epochs: "Sequence[EpochMetrics]") -> bool:
    return all(row.holdout_loss is not None and row.holdout_accuracy is not None for row in epochs)


def _shown(value: object) -> str:
    match value:
        case bool():
            text = "on" if value else "off"
        case list() | tuple():
            text = ", ".join(map(str, value))
        case _:
            text = str(value)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"
