"""Preparation: all that a training needs, checked before the first step."""

from collections.abc import Generator
from dataclasses import dataclass

from mnistops.checkpoint import find_checkpoint, load_checkpoint
from mnistops.classifier import (
    Classifier,
    count_classes,
    open_classifier,
    try_training,
    with_weights,
)
from mnistops.data.augment import Warp
from mnistops.data.images import DataEvent, Dataset, Splits, open_dataset, split
from mnistops.data.known import KNOWN
from mnistops.device import open_device
from mnistops.errors import BadInput, UsageError
from mnistops.networks.task import MNIST_TASK, Task
from mnistops.networks.zoo import ZOO
from mnistops.resources import resources_for_batch
from mnistops.settings.sections import TrainSettings
from mnistops.settings.tree import Settings
from mnistops.training.engine_choice import EngineMissed, choose_engine
from mnistops.training.engines import EngineChoice, Workbench
from mnistops.training.randomness import Randomness
from mnistops.training.recipe import drops_last_batch
from mnistops.training.step import TrainingData

# Images to try a step with, before it is known how many there are.
MOST_TRIED = 128


@dataclass(frozen=True)
class Prepared:
    """A network with random weights and its images, both on the device.

    Attributes:
        compile_seconds: that it took to build what the engine builds on first use.
        task: what the images ask for.
    """

    bench: Workbench
    splits: Splits
    random: Randomness
    choice: EngineChoice
    compile_seconds: float
    task: Task


@dataclass(frozen=True)
class EngineSought:
    """All is there; what trains fastest is tried, and built if need be."""


PreparationEvent = DataEvent | EngineSought | EngineMissed


def prepare(settings: Settings) -> Generator[PreparationEvent, None, Prepared]:
    """Open the device, the network and the images, in this order.

    A built-in network becomes one for the images; of the user's own, these are opened first.

    Raises:
        MnistopsError: one of them cannot be had, or they do not fit together.
    """
    train = settings.train
    device = open_device(settings.device)
    random = Randomness(settings.seed, device)
    task = MNIST_TASK if settings.data.dataset in KNOWN else None
    dataset = None
    if task is None and settings.network.name in ZOO:
        dataset = yield from open_dataset(settings.data)
        task = _task_of(dataset)
    with random.of_network():
        classifier = open_classifier(settings.network, task)
    if train.init_from is not None:
        with_weights(classifier, load_checkpoint(find_checkpoint(train.init_from)))
    image_size = classifier.image_size
    if image_size is None and task is not None:
        image_size = task.image_size
    if image_size is not None:
        # Before data is fetched or read, where the size of the images is known without it.
        count_classes(classifier, image_size)
        with Randomness(settings.seed, device).of_network():
            try_training(classifier, min(train.batch_size, MOST_TRIED), image_size)
    if dataset is None:
        dataset = yield from open_dataset(settings.data)
    num_outputs = expect_size_fits(classifier, dataset)
    expect_labels_fit(dataset, num_outputs)
    _expect_classes(dataset, num_outputs)
    _expect_enough(dataset, train)
    smallest = _smallest_batch(len(dataset.train) - train.holdout, train)
    if image_size is None or smallest != train.batch_size:
        with Randomness(settings.seed, device).of_network():
            try_training(classifier, smallest, dataset.train.image_size)
    classifier.module.to(device)
    splits = split(dataset, train.holdout, train.holdout_fold).to(device)
    data = TrainingData(splits.train, splits.normalization, train.interpolation)
    drop_last, warp = drops_last_batch(train.recipe), Warp.of(train)
    bench = Workbench(classifier, data, warp, train.batch_size, drop_last, device, settings.seed)
    yield EngineSought()
    with resources_for_batch(train.batch_size):
        choice = yield from choose_engine(bench, train, train.epochs * bench.num_steps)
        try:
            built = 0.0 if choice.engine == "eager" else bench.build(choice)
        except UsageError as error:  # what was fastest once is gone, as a compiler
            if train.engine != "auto":
                raise
            yield EngineMissed(choice.engine, error.message)
            choice, built = EngineChoice("eager", choice.precision), 0.0
    task = Task(dataset.train.image_size, dataset.num_classes)
    return Prepared(bench, splits, random, choice, built, task)


def _task_of(dataset: Dataset) -> Task:
    """What the images ask for.

    Raises:
        BadInput: all are of one class, or of a label below the highest there is no image; 0 may
            be left out.
    """
    if dataset.num_classes < 2:
        raise BadInput(f"{dataset.name}: expected images of two classes or more, got one")
    counts = dataset.train.labels.bincount().tolist()
    missing = [label for label, count in enumerate(counts) if label and not count]
    if missing:
        shown = ", ".join(map(str, missing[:5])) + (", ..." if missing[5:] else "")
        raise BadInput(
            f"{dataset.name}: expected training images of each label up to the highest, "
            f"{dataset.num_classes - 1}, got none of {shown}",
            "labels number the classes, from 0 or 1 and without gaps",
        )
    return Task(dataset.train.image_size, dataset.num_classes)


def expect_size_fits(classifier: Classifier, dataset: Dataset) -> int:
    """How many outputs the network has.

    Raises:
        BadInput: it cannot take the images.
    """
    got = dataset.train.image_size
    if classifier.image_size is not None and classifier.image_size != got:
        shown, asked = (",".join(map(str, size)) for size in (got, classifier.image_size))
        raise BadInput(
            f"{dataset.name}: expected images of channels,height,width {asked}, as the network "
            f"takes them, got {shown}",
            f"--input-size {shown} asks for the network at that size",
        )
    return count_classes(classifier, got)


def expect_labels_fit(dataset: Dataset, num_outputs: int) -> None:
    """Raises BadInput unless there is an output for each label."""
    for name, images in (("train", dataset.train), ("test", dataset.test)):
        if images.num_classes > num_outputs:
            raise BadInput(
                f"{dataset.name}: expected {name} labels from 0 to {num_outputs - 1}, one for each "
                f"output of the network, got {images.num_classes - 1}",
                f"the network has {num_outputs} outputs, the data {images.num_classes} classes",
            )


def _expect_classes(dataset: Dataset, num_outputs: int) -> None:
    """Raises BadInput unless there are as many classes as outputs."""
    if dataset.num_classes != num_outputs:
        raise BadInput(
            f"{dataset.name}: expected {num_outputs} classes, one for each output of the network, "
            f"got {dataset.num_classes}",
            f"let the network's last layer give {dataset.num_classes} values",
        )


def _smallest_batch(num_images: int, train: TrainSettings) -> int:
    """Images in the smallest batch of an epoch: normalising over them may need more than one."""
    rest = 0 if drops_last_batch(train.recipe) else num_images % train.batch_size
    return rest or train.batch_size


def _expect_enough(dataset: Dataset, train: TrainSettings) -> None:
    num_left = len(dataset.train) - train.holdout
    if num_left < 1:
        raise UsageError(
            f"--holdout: expected fewer than the {len(dataset.train):,} training images, "
            f"got {train.holdout:,}"
        )
    num_folds = len(dataset.train) // train.holdout if train.holdout else 1
    if train.holdout_fold >= num_folds:
        folds = f"one of the {num_folds:,} folds, from 0" if num_folds > 1 else "the one fold, 0"
        raise UsageError(
            f"--holdout-fold: expected {folds}, got {train.holdout_fold:,}",
            None if train.holdout else "--holdout N sets N images aside",
        )
    if train.batch_size > num_left:
        raise UsageError(
            f"--batch-size: expected at most the {num_left:,} images to train on, "
            f"got {train.batch_size:,}"
        )
