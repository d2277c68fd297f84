"""A prediction as pictures, as a table and as records."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistops.disk import replace_file
from mnistops.report.console import visible
from mnistops.report.grid import Column, Grid
from mnistops.report.numbers import probability
from mnistops.report.publish import Report

if TYPE_CHECKING:
    from mnistops.prediction import Predicted, Prediction

SHOWN_SIDE = 280
"""What the network sees is enlarged to about so many dots."""


def write_seen(outcome: "Prediction", folder: Path) -> list[Path]:
    """Write what the network saw of each picture, ink white, every pixel a square of dots.

    Returns:
        The files, ``STEM.png``, or ``STEM-2.png`` and so on where that is one of the pictures
        themselves or another one's already.

    Raises:
        CannotCreate, CannotWrite: a file cannot be made.
    """
    from PIL import Image

    taken = {picture.path.resolve() for picture in outcome.pictures}
    taken |= {failure.path.resolve() for failure in outcome.failures}
    paths: list[Path] = []
    for picture in outcome.pictures:
        pixels = picture.image[0]
        times = max(1, SHOWN_SIDE // max(pixels.shape))
        file = BytesIO()
        Image.fromarray(pixels.repeat(times, 0).repeat(times, 1)).save(file, "png")
        path, number = folder / f"{picture.path.stem}.png", 1
        while path.resolve() in taken:
            number += 1
            path = folder / f"{picture.path.stem}-{number}.png"
        replace_file(path, file.getvalue())
        taken.add(path.resolve())
        paths.append(path)
    return paths


def prediction_report(outcome: "Prediction", seen: Sequence[Path]) -> Report:
    """The prediction in every format; CSV has a row for each picture.

    Args:
        seen: the file of each picture with what the network saw; empty where none were asked for.
    """
    records = [_record(outcome, picture) for picture in outcome.pictures]
    rows = tuple(_row(outcome, picture) for picture in outcome.pictures)
    notes = [f"what the network saw: {visible(str(seen[0].parent))}"] if seen else []
    if outcome.failures:
        total = len(outcome.failures) + len(rows)
        notes.append(f"{len(outcome.failures)} of {total} could not be read")
    last = Path(*outcome.checkpoint.parts[-2:])  # with the run's name, but not all that leads there
    title = f"{visible(outcome.network)}, of {visible(str(last))}"
    files: Sequence[str | None] = [str(path) for path in seen] or [None] * len(records)
    document = {
        "network": outcome.network,
        "checkpoint": str(outcome.checkpoint),
        "pictures": [
            {**record, "probabilities": list(picture.probabilities), "seen": file}
            for record, picture, file in zip(records, outcome.pictures, files, strict=True)
        ],
        "failures": [
            {"picture": str(failure.path), "error": failure.error.message}
            for failure in outcome.failures
        ],
    }
    is_number = not outcome.class_names
    columns = (
        Column("picture", is_number=False),
        Column("class", is_number=is_number),
        Column("confidence"),
        Column("second best", rank=1, is_number=is_number),
        Column("its confidence", rank=2),
    )
    return Report((Grid(columns, rows, title=title, notes=tuple(notes)),), document, records)


def _row(outcome: "Prediction", picture: "Predicted") -> tuple[str, ...]:
    cells = [visible(str(picture.path))]
    for label in picture.ranking[:2]:
        name, share = outcome.name_of(label), picture.probabilities[label]
        cells += [visible(name), probability(share)]
    return tuple(cells)


def _record(outcome: "Prediction", picture: "Predicted") -> dict[str, Any]:
    first, second = picture.ranking[:2]
    named = {"predicted_name": outcome.name_of(first), "second_name": outcome.name_of(second)}
    return {
        "picture": str(picture.path),
        "predicted": first,
        "confidence": picture.probabilities[first],
        "second": second,
        "second_confidence": picture.probabilities[second],
        **(named if outcome.class_names else {}),
    }
