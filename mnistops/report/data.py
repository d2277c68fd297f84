"""A data set as a table and as records."""

from typing import TYPE_CHECKING, Any

from mnistops.analysis.window import times
from mnistops.report.console import visible
from mnistops.report.grid import Column, Grid
from mnistops.report.numbers import integer
from mnistops.report.publish import Report

if TYPE_CHECKING:
    from mnistops.data.images import Dataset, ImageSet

_COLUMNS = (
    Column("split", is_number=False),
    Column("images"),
    Column("size", rank=2),
    Column("classes"),
    Column("mean", rank=1, legend="mean, std: of pixels in 0..1"),
    Column("std", rank=1),
)


def dataset_report(dataset: "Dataset") -> Report:
    """What the images are, split by split."""
    splits = {"train": dataset.train, "test": dataset.test}
    records = [_record(name, images) for name, images in splits.items()]
    rows = tuple(
        (
            record["split"],
            integer(record["num_images"]),
            times(record["image_size"]),
            str(record["num_classes"]),
            f"{record['mean']:.4f}",
            f"{record['std']:.4f}",
        )
        for record in records
    )
    state = "as published, by SHA-256" if dataset.is_known else "no hashes are known"
    names = dataset.class_names
    classes = [f"classes: {visible(', '.join(names))}"] if names else []
    notes = (f"folder: {dataset.folder} ({state})", *classes)
    document = {
        "dataset": dataset.name,
        "folder": str(dataset.folder),
        "has_known_hashes": dataset.is_known,
        "class_names": names,
        "splits": records,
    }
    return Report((Grid(_COLUMNS, rows, title=dataset.name, notes=notes),), document, records)


def _record(name: str, images: "ImageSet") -> dict[str, Any]:
    normalization = images.normalization()
    return {
        "split": name,
        "num_images": len(images),
        "image_size": images.image_size,
        "num_classes": images.num_classes,
        "mean": normalization.mean,
        "std": normalization.std,
    }
