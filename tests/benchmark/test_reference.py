"""The reference pipeline: torchvision's own parts, the images that they should show."""

import multiprocessing
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset
from torchvision import datasets, transforms

from mnistops.benchmark.reference import (
    Example,
    NoTorchvision,
    Pictures,
    ReferencePipeline,
    open_pictures,
)
from mnistops.classifier import Classifier
from mnistops.data.files import RAW
from mnistops.data.images import ImageSet
from mnistops.data.normalization import Normalization
from mnistops.errors import BadInput
from mnistops.networks.build import build
from mnistops.networks.zoo import REFERENCE
from mnistops.settings.sections import TrainSettings
from mnistops.training.randomness import Randomness
from tests.made_data import made_set, write_dataset

CPU = torch.device("cpu")
STILL = TrainSettings(rotation=0, distortion=0)
NORMAL = Normalization(0.25, 0.5)


def opened(
    folder: Path | None = None, images: ImageSet | None = None, settings: TrainSettings = STILL
) -> Any:
    return open_pictures(folder, images or made_set(100), NORMAL, settings)


def pipeline(
    num_workers: int = 0, module: nn.Module | None = None, pictures: Dataset[Example] | None = None
) -> ReferencePipeline:
    random = Randomness(0, CPU)
    with random.of_network():
        module = module or build(REFERENCE)
    classifier = Classifier("mine", module, "net.py:mine", None)
    pictures = opened() if pictures is None else pictures
    return ReferencePipeline(classifier, pictures, 32, num_workers, CPU, random)


def seen(pictures: Dataset[Example], index: int) -> Example:
    """A picture as it is seen with the same random numbers."""
    with torch.random.fork_rng():
        torch.manual_seed(index)
        return pictures[index]


def test_torchvisions_class_reads_the_folder_where_it_can() -> None:
    write_dataset(RAW, 100)
    pictures = opened(Path())
    assert isinstance(pictures, datasets.MNIST)
    assert len(pictures) == 100


@pytest.mark.parametrize("folder", [None, Path()])
def test_other_images_are_the_same_pictures(folder: Path | None) -> None:
    write_dataset(RAW, 100)
    theirs = opened(Path(), settings=TrainSettings())
    (RAW / "train-images-idx3-ubyte").unlink()
    ours = opened(folder, settings=TrainSettings())
    assert isinstance(ours, Pictures)
    assert len(ours) == len(theirs) == 100
    for index in (0, 1, 99):
        (image, label), (their_image, their_label) = seen(ours, index), seen(theirs, index)
        assert torch.equal(image, their_image) and label == their_label


def test_pictures_are_normalised() -> None:
    image, label = opened()[7]
    expected = (made_set(100).images[7] / 255 - 0.25) / 0.5
    # A perspective that moves nothing still rounds to another grey here and there.
    assert (image - expected).abs().max() < 1.01 / 255 / 0.5
    assert image.shape == (1, 28, 28) and label == 7


def test_transforms_are_the_seeds() -> None:
    perspective, rotation, *rest = opened(settings=TrainSettings())._transform.transforms
    assert isinstance(perspective, transforms.RandomPerspective)
    assert (perspective.distortion_scale, perspective.p) == (0.2, 0.5)
    assert isinstance(rotation, transforms.RandomRotation)
    assert rotation.degrees == [-15, 15]
    assert [type(step) for step in rest] == [transforms.ToTensor, transforms.Normalize]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_it_trains_epoch_after_epoch_and_its_workers_end(num_workers: int) -> None:
    module = build(REFERENCE)
    before = module.convblock1[0].weight.clone()  # type: ignore[union-attr, index]
    steps = pipeline(num_workers, module).steps()
    sizes = [step.num_images for step in islice(steps, 6)]
    steps.close()
    assert sizes == [32, 32, 32, 4, 32, 32]
    assert not torch.equal(before, module.convblock1[0].weight)  # type: ignore[union-attr, index]
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(("num_workers", "num_warm_up"), [(0, 1), (2, 5)])
def test_what_workers_prepared_before_is_no_timed_step(num_workers: int, num_warm_up: int) -> None:
    reference = pipeline(num_workers)
    assert reference.num_warm_up == num_warm_up
    assert reference.name == f"reference ({num_workers} workers)"


def test_the_global_random_numbers_are_left_alone() -> None:
    state = torch.get_rng_state()
    moving = opened(settings=TrainSettings())
    assert len(list(islice(pipeline(pictures=moving).steps(), 2))) == 2
    assert torch.equal(torch.get_rng_state(), state)


def test_its_loss_is_crossentropy_and_its_step_momentums(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []
    sgd = torch.optim.SGD

    def keep(parameters: Any, **options: Any) -> torch.optim.Optimizer:
        made.append(options)
        return sgd(parameters, **options)

    monkeypatch.setattr("mnistops.benchmark.reference.SGD", keep)
    pipeline()
    assert made == [{"lr": 0.01, "momentum": 0.9}]


class Broken(nn.Module):
    """Its loss is no number."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((784, 10), float("nan")))

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1) @ self.weight


def test_a_loss_that_is_no_number_ends_it() -> None:
    with pytest.raises(FloatingPointError):
        next(pipeline(module=Broken()).steps())


def test_a_network_that_fails_is_bad_input() -> None:
    with pytest.raises(BadInput, match="mine: expected it to run, got RuntimeError"):
        next(pipeline(module=nn.Linear(3, 10)).steps())


def test_without_torchvision_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(NoTorchvision, match="torchvision: expected to import it, got: "):
        opened()
