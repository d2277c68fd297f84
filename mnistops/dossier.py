"""Dossier: all there is to tell of a trained network, put together for its report."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistops.analysis.lower import lower
from mnistops.analysis.summary import ModelSummary, summarize_graph
from mnistops.checkpoint import load_checkpoint
from mnistops.errors import MnistopsError
from mnistops.field_pictures import FieldPicture, picture_of
from mnistops.networks.spec import NetworkSpec
from mnistops.runs.run import Metrics, read_metrics
from mnistops.settings.inspection import RfSettings
from mnistops.settings.sections import WARPS, TrainSettings
from mnistops.settings.tree import RECIPES, Settings
from mnistops.trained import Trained
from mnistops.training.events import EpochMetrics
from mnistops.training.run_folder import record_of, settings_values, versions
from mnistops.validation import Validation

if TYPE_CHECKING:
    from mnistops.analysis.graph import LayerGraph


@dataclass(frozen=True)
class Choice:
    """A setting of the run.

    Attributes:
        key: dotted, as ``train.epochs``.
        is_default: whether it is what the recipe, or else nobody, sets.
    """

    key: str
    value: Any
    is_default: bool


@dataclass(frozen=True)
class Dossier:
    """A trained network: what it is, how it was trained, where it fails.

    Attributes:
        summary, picture: None where the network's graph cannot be had.
        run: what run.json has, of any type; empty where the checkpoint is in no run's folder.
        epochs: of the run; none where metrics.csv is missing, or lacks a number.
        is_augmented: whether the run trained on warped images.
        choices: of the run, as the checkpoint has them; those that are no defaults first.
        versions: of what looked at the network.
        notes: what could not be looked at, and why.
    """

    validation: Validation
    summary: ModelSummary | None
    picture: FieldPicture | None
    run: Mapping[str, Any]
    epochs: tuple[EpochMetrics, ...]
    is_augmented: bool
    choices: tuple[Choice, ...]
    versions: Mapping[str, str]
    notes: tuple[str, ...]


def compile_dossier(validation: Validation) -> Dossier:
    """Look at the network that was validated, and read what its run has left.

    Raises:
        MnistopsError: the checkpoint cannot be read any more.
    """
    checkpoint = load_checkpoint(validation.checkpoint)
    folder = validation.checkpoint.parent
    run = record_of(folder)
    notes: list[str] = []
    summary = picture = None
    try:
        graph = _graph(validation)
        summary = summarize_graph(graph)
        module = validation.classifier.module
        trained = Trained(module, graph, checkpoint.normalization, "trained weights")
        picture = picture_of(trained, RfSettings())
    except MnistopsError as error:
        what = "receptive fields" if summary else "the network's layers"
        notes.append(f"{what} cannot be shown: {error.message}")
    return Dossier(
        validation,
        summary,
        picture,
        run,
        _epochs(folder) if run else (),
        _is_augmented(checkpoint.settings),
        tuple(sorted(_choices(checkpoint.settings), key=lambda choice: choice.is_default)),
        versions(),
        tuple(notes),
    )


def _graph(validation: Validation) -> "LayerGraph":
    classifier = validation.classifier
    if isinstance(classifier.network, NetworkSpec):
        return lower(classifier.network)
    from mnistops.analysis.capture import capture

    size = validation.splits[0].images.image_size
    return capture(classifier.module, size, classifier.name)


def _epochs(folder: Path) -> tuple[EpochMetrics, ...]:
    """The rows of metrics.csv; none where one of them lacks a number."""
    try:
        return tuple(map(_epoch, read_metrics(folder)))
    except (KeyError, TypeError):
        return ()


def _epoch(row: Metrics) -> EpochMetrics:
    """Raises KeyError or TypeError where a number is missing."""
    names = {column.name for column in fields(EpochMetrics)}
    values = {key: value for key, value in row.items() if key in names and value is not None}
    return EpochMetrics(int(values.pop("epoch")), **values)


def _is_augmented(settings: Mapping[str, Any]) -> bool:
    train = settings.get("train")
    given = train if isinstance(train, Mapping) else {}
    return any(given.get(name, TrainSettings.model_fields[name].default) for name in WARPS)


def _choices(settings: Mapping[str, Any]) -> Iterator[Choice]:
    train = settings.get("train")
    recipe = train.get("recipe") if isinstance(train, Mapping) else None
    given = {"recipe": recipe} if isinstance(recipe, str) and recipe in RECIPES else {}
    defaults = dict(_by_key(settings_values(Settings(train=given))))
    defaults["train.recipe"] = Settings().train.recipe
    for key, value in _by_key(settings):
        yield Choice(key, value, key in defaults and defaults[key] == value)


def _by_key(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, values in settings.items():
        if isinstance(values, Mapping):
            yield from ((f"{name}.{key}", value) for key, value in values.items())
        else:
            yield name, values
