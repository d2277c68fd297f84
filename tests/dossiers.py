"""Dossiers that tests make: made images, made mistakes, a network that was never trained."""

from pathlib import Path

import numpy as np

from mnistops.analysis.lower import lower
from mnistops.analysis.summary import summarize_graph
from mnistops.classifier import Classifier
from mnistops.dossier import Choice, Dossier
from mnistops.evaluation import EvaluationResult, Mistake
from mnistops.field_pictures import FieldPicture, FieldVariant, LayerField
from mnistops.networks.build import build
from mnistops.networks.zoo import TINY
from mnistops.training.events import EpochMetrics
from mnistops.validation import Split, SplitDone, Validation
from tests.made_data import made_set

RUN = {
    "recipe": "one-cycle",
    "num_epochs": 3,
    "seed": 7,
    "engine": "native",
    "begun": "2026-01-02T03:04:05+00:00",
    "time_seconds": 192.4,
    "target_accuracy": 0.993,
    "versions": {"torch": "2.10"},
}
EPOCHS = tuple(
    EpochMetrics(n, 0.4 / (n + 1), 0.9 + n / 100, 0.2 / (n + 1), 0.97 + n / 100, 0.1 * n, 2.0)
    for n in range(3)
)


def made_mistakes(num_mistakes: int, num_images: int, num_classes: int) -> tuple[Mistake, ...]:
    """Of all pairs of classes in turn, the least confident first."""
    found = []
    for number in range(num_mistakes):
        actual = number % num_classes
        predicted = (actual + 1 + number // num_classes % (num_classes - 1)) % num_classes
        confidence = 0.3 + 0.7 * number / max(1, num_mistakes)
        others = [label for label in range(num_classes) if label != predicted]
        shares = [(predicted, confidence), *((label, 0.01) for label in others)]
        found.append(Mistake(number % num_images, actual, predicted, confidence, tuple(shares[:5])))
    return tuple(found)


def made_split(num_mistakes: int = 30, num_classes: int = 10, split: Split = "test") -> SplitDone:
    """A split with mistakes; each class has a thousand images."""
    images = made_set(200, num_classes=num_classes)
    mistakes = made_mistakes(num_mistakes, 200, num_classes)
    confusion = 1000 * np.eye(num_classes, dtype=int)
    for mistake in mistakes:
        confusion[mistake.actual, mistake.predicted] += 1
        confusion[mistake.actual, mistake.actual] -= 1
    rows = tuple(map(tuple, confusion.tolist()))
    return SplitDone(split, images, EvaluationResult(1000 * num_classes, 0.25, rows, mistakes))


def made_picture(path: str = "conv") -> FieldPicture:
    """One layer, whose field reaches out of the image, with a pixel missed and one lost."""
    counts = np.arange(784.0).reshape(28, 28)
    missed = np.zeros((28, 28), bool)
    missed[5, 5], counts[5, 5] = True, 0
    layer = LayerField(
        path=path,
        kind="Conv2d",
        kernel_size=(3, 3),
        dilation=(2, 2),
        output_size=(9, 9),
        size=(30, 32),
        field=((-1, 28), (-2, 29)),
        clipped=((0, 27), (0, 27)),
        counts=counts,
        missed=missed,
        effective=counts / 783,
        coverage=0.9,
    )
    digit = np.linspace(0, 1, 784).reshape(28, 28)
    return FieldPicture("net", digit, "trained weights", False, (FieldVariant(None, (layer,)),))


def made_dossier(
    *splits: SplitDone, network: str = "tiny", path: str = "runs/a/last.pt", is_run: bool = True
) -> Dossier:
    """A dossier of these splits.

    Args:
        is_run: whether there is a run to tell of.
    """
    classifier = Classifier(network, build(TINY), TINY, TINY.input_size)
    choices = (Choice("train.epochs", 3, False), Choice("train.recipe", "one-cycle", True))
    return Dossier(
        Validation(Path(path), classifier, "mnist", splits or (made_split(),)),
        summarize_graph(lower(TINY)),
        made_picture(),
        RUN if is_run else {},
        EPOCHS if is_run else (),
        True,
        choices if is_run else (),
        {"mnistops": "1.2.3", "torch": "2.11"},
        (),
    )
