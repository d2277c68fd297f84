"""A prediction as pictures, as a table and as records."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistops.disk import replace_file
from mnistops.report.grid import Column, Grid
from mnistops.report.numbers import percent
from mnistops.report.publish import Report

if TYPE_CHECKING:
    from mnistops.prediction import Predicted, Prediction

SHOWN_SIDE = 280
"""What the network sees is enlarged to about so many dots."""

_COLUMNS = (
    Column("picture", is_number=False),
    Column("class"),
    Column("confidence"),
    Column("second best", rank=1),
    Column("its confidence", rank=2),
)
_NAMES = ("picture", "predicted", "confidence", "second", "second_confidence")


def write_seen(outcome: "Prediction", folder: Path) -> list[Path]:
    """Write what the network saw of each picture, ink white, every pixel a square of dots.

    Returns:
        The files, ``STEM.png``, or ``STEM-2.png`` and so on where several pictures share a name.

    Raises:
        CannotCreate, CannotWrite: a file cannot be made.
    """
    from PIL import Image

    paths: list[Path] = []
    for picture in outcome.pictures:
        pixels = picture.image[0]
        times = max(1, SHOWN_SIDE // max(pixels.shape))
        file = BytesIO()
        Image.fromarray(pixels.repeat(times, 0).repeat(times, 1)).save(file, "png")
        path, number = folder / f"{picture.path.stem}.png", 1
        while path in paths:
            number += 1
            path = folder / f"{picture.path.stem}-{number}.png"
        replace_file(path, file.getvalue())
        paths.append(path)
    return paths


def prediction_report(outcome: "Prediction", seen: Sequence[Path]) -> Report:
    """The prediction in every format.

    Args:
        seen: the file of each picture with what the network saw; empty where none were asked for.
    """
    records = [_record(picture) for picture in outcome.pictures]
    rows = tuple(
        (
            record["picture"],
            str(record["predicted"]),
            _sure(record["confidence"]),
            str(record["second"]),
            _sure(record["second_confidence"]),
        )
        for record in records
    )
    notes = [f"what the network sees: {seen[0].parent}"] if seen else []
    if outcome.failures:
        total = len(outcome.failures) + len(rows)
        notes.append(f"{len(outcome.failures)} of {total} could not be read")
    title = f"{outcome.network} of {outcome.checkpoint.name}"
    document = {
        "checkpoint": str(outcome.checkpoint),
        "network": outcome.network,
        "pictures": [
            {**record, "probabilities": list(picture.probabilities), "seen": file}
            for record, picture, file in zip(
                records, outcome.pictures, [*map(str, seen)] or [None] * len(rows), strict=True
            )
        ],
        "failures": [
            {"picture": str(failure.path), "error": failure.error.message}
            for failure in outcome.failures
        ],
    }
    return Report((Grid(_COLUMNS, rows, title=title, notes=tuple(notes)),), document, records)


def _record(picture: "Predicted") -> dict[str, Any]:
    first, second = picture.ranking[:2]
    values = (str(picture.path), first, picture.probabilities[first])
    return dict(zip(_NAMES, (*values, second, picture.probabilities[second]), strict=True))


def _sure(probability: float) -> str:
    """``> 99.9 %`` where rounding would say that nothing else can be."""
    if 0.9995 <= probability < 1:
        return "> 99.9 %"
    return "< 0.1 %" if 0 < probability < 0.0005 else percent(probability)
