"""Validation: settings to what a trained network gets wrong."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mnistops.bundled import bundled_checkpoint
from mnistops.checkpoint import Checkpoint, find_checkpoint, load_checkpoint
from mnistops.classifier import Classifier, load_classifier
from mnistops.data.images import DataEvent, Dataset, ImageSet, open_dataset
from mnistops.data.known import KNOWN, MNIST
from mnistops.data.own import is_there
from mnistops.device import device_name, open_device
from mnistops.errors import BadInput, MissingInput
from mnistops.evaluation import BatchEvaluated, EvaluationResult, evaluate_in_batches
from mnistops.native.network import native_outputs
from mnistops.networks.zoo import BEST
from mnistops.settings.sections import DataSettings
from mnistops.settings.tree import Settings
from mnistops.training.preparation import expect_labels_fit, expect_size_fits
from mnistops.training.run_folder import RECORD, new_folder, newest_run, run_status

Split = Literal["train", "test"]


@dataclass(frozen=True)
class DeviceOpened:
    """Where the network will run, for people."""

    device: str


@dataclass(frozen=True)
class ModelFound:
    """The checkpoint that is loaded next.

    Attributes:
        status: of its run, as run.json has it; None where there is no run.
    """

    path: Path
    status: str | None


@dataclass(frozen=True)
class ModelLoaded:
    """The network is there, with its weights."""

    network: str


@dataclass(frozen=True)
class SplitBegun:
    """The images of this split are next."""

    split: Split
    dataset: str
    num_images: int


@dataclass(frozen=True)
class SplitDone:
    """What the network gets wrong on one split.

    Attributes:
        images: that were shown, on the CPU; a mistake's index counts in them.
        class_names: by class; None where the numbers are the names.
    """

    split: Split
    images: ImageSet
    result: EvaluationResult
    class_names: tuple[str, ...] | None = None

    def name_of(self, label: int) -> str:
        """The name of a class, for people."""
        return self.class_names[label] if self.class_names else str(label)


@dataclass(frozen=True)
class Validation:
    """A whole validation.

    Attributes:
        classifier: that was run, on the CPU again.
        dataset: its name, or its folder.
    """

    checkpoint: Path
    classifier: Classifier
    dataset: str
    splits: tuple[SplitDone, ...]

    @property
    def network(self) -> str:
        """Its name."""
        return self.classifier.name


ValidationEvent = (
    DataEvent | DeviceOpened | ModelFound | ModelLoaded | SplitBegun | BatchEvaluated | SplitDone
)


def validate(settings: Settings) -> Generator[ValidationEvent, None, Validation]:
    """Run a checkpoint over the splits that the settings name, train first.

    Without a checkpoint in the settings, it is that of `checkpoint_path`. A network that they
    name takes the place of the one that the file says; a data set that they do not name is the one
    that the network was trained on.

    Raises:
        MnistopsError: the checkpoint, the network or the images cannot be had, or do not fit.
        NotFinite: an output of the network is no number.
    """
    device = open_device(settings.device)
    yield DeviceOpened(device_name(device))
    path = checkpoint_path(settings)
    yield ModelFound(path, run_status(path.parent))
    checkpoint = load_checkpoint(path)
    classifier = load_classifier(checkpoint, settings.network)
    yield ModelLoaded(classifier.name)
    dataset = yield from open_dataset(_data(settings.data, checkpoint))
    dataset, class_names = _named_alike(classifier, checkpoint, dataset)
    module = classifier.module.to(device)
    outputs_of = native_outputs(module, classifier.network)
    done = []
    splits: dict[Split, ImageSet] = {"train": dataset.train, "test": dataset.test}
    for split, images in splits.items():
        if settings.validate.split in (split, "all"):
            yield SplitBegun(split, dataset.name, len(images))
            result = yield from evaluate_in_batches(
                module, images.to(device), checkpoint.normalization, outputs_of=outputs_of
            )
            done.append(SplitDone(split, images, result, class_names))
            yield done[-1]
    module.cpu()
    return Validation(path, classifier, dataset.name, tuple(done))


def checkpoint_path(settings: Settings) -> Path:
    """The checkpoint that the settings name; else the newest run's best, else its last; else ours.

    Raises:
        MissingInput: there is none where the settings name one.
    """
    named = settings.validate.checkpoint
    if named is not None:
        return find_checkpoint(named)
    run = newest_run(settings.output.runs_dir)
    return find_checkpoint(run) if run is not None else bundled_checkpoint(BEST.name)


def results_folder(settings: Settings, checkpoint: Path, command: str = "validate") -> Path:
    """Where a command's results go: a named folder, else one in the run's own, else a new one.

    Raises:
        CannotCreate: it cannot be made.
    """
    if settings.output.out is not None:
        return settings.output.out
    if (checkpoint.parent / RECORD).exists():
        return checkpoint.parent / command
    return new_folder(settings.output.runs_dir, checkpoint.stem, command)


def _named_alike(
    classifier: Classifier, checkpoint: Checkpoint, dataset: Dataset
) -> tuple[Dataset, tuple[str, ...] | None]:
    """The images, labelled by the network's own classes, and the names of these.

    Names say more than numbers: the network's, if it has any, and for one that has none the digits,
    where the images' classes are called so.

    Raises:
        BadInput: the images do not fit, or are of a class that the network does not know.
    """
    num_outputs = expect_size_fits(classifier, dataset)
    own, theirs = checkpoint.names_of(num_outputs), dataset.class_names
    if theirs is not None and theirs != own:
        numbers = tuple(map(str, range(num_outputs)))
        names = own or numbers
        unknown = [name for name in theirs if name not in names]
        if not unknown:
            dataset = dataset.renamed(names)
        elif own is None:
            own = (*theirs, *numbers[len(theirs) :])
        else:
            raise BadInput(
                f"{dataset.name}: expected images of the network's classes, {_listed(own)}, "
                f"got {_listed(unknown)}",
                "name images of these classes with --dataset, or another --checkpoint",
            )
    expect_labels_fit(dataset, num_outputs)
    return dataset, own


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (", ..." if names[10:] else "")


def _data(asked: DataSettings, checkpoint: Checkpoint) -> DataSettings:
    """The data that is asked for; its data set the checkpoint's, if none is named.

    Whether its images are transposed is as in training, where nobody says otherwise.

    Raises:
        MissingInput: the folder that the checkpoint names is not there.
    """
    held = checkpoint.settings.get("data")
    trained_on = held if isinstance(held, dict) else {}
    dataset = trained_on.get("dataset")
    if "dataset" not in asked.model_fields_set and isinstance(dataset, str) and dataset:
        if dataset not in KNOWN and not is_there(dataset):
            raise MissingInput(
                f"{checkpoint.path}: expected the images it was trained on in {dataset!r:.200}, "
                "got no such folder here",
                f"name the images: --dataset FOLDER, or --dataset {MNIST}",
            )
        asked = asked.model_copy(update={"dataset": dataset})
    if "transpose" not in asked.model_fields_set and asked.dataset not in KNOWN:
        asked = asked.model_copy(update={"transpose": trained_on.get("transpose") is True})
    return asked
