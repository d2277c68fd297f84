"""Preparation of a study: every group can be trained, and all are judged on the same images."""

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from mnistops.data.images import ImageSet
from mnistops.errors import UsageError
from mnistops.studies.plan import Group
from mnistops.training.engines import EngineChoice
from mnistops.training.preparation import PreparationEvent, Prepared, prepare


@dataclass(frozen=True)
class PreparedStudy:
    """What is known of all groups before anything is trained.

    Attributes:
        network: of the first group, its own name.
        num_params: by group.
        choices: by group: all of its runs have the same engine.
        num_train_images: before any are held out.
        images: a hash of those that groups are judged on.
    """

    network: str
    num_params: Mapping[str, int]
    choices: Mapping[str, EngineChoice]
    num_train_images: int
    images: str


def prepare_study(groups: Sequence[Group]) -> Generator[PreparationEvent, None, PreparedStudy]:
    """Prepare each group as its runs will do, so that data is fetched and mistakes are told once.

    Raises:
        MnistopsError: of `mnistops.training.preparation.prepare`.
        UsageError: the groups' images differ.
    """
    num_params: dict[str, int] = {}
    choices: dict[str, EngineChoice] = {}
    network = images = ""
    with _one_thread():
        for group in groups:
            prepared = yield from prepare(group.settings)
            own = _hash(prepared)
            if images and own != images:
                raise UsageError(
                    f"--vary: expected the same images to judge all groups on, got others for "
                    f"{group.name} than for {groups[0].name}",
                    "hold-outs and test images must be the same for all",
                )
            network, images = network or prepared.bench.classifier.name, own
            num_params[group.name] = prepared.bench.classifier.num_params
            choices[group.name] = prepared.choice
    holdout = prepared.splits.holdout
    num_train = len(prepared.splits.train) + (len(holdout) if holdout else 0)
    return PreparedStudy(network, num_params, choices, num_train, images)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Inside, torch has one thread, as in a worker: it may be another engine that is fastest."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _hash(prepared: Prepared) -> str:
    """Of the test images, and of all that may be held out; others may be trained on."""
    splits = prepared.splits
    sets = [splits.test, *((splits.holdout, splits.train) if splits.holdout else ())]
    digest = hashlib.sha256()
    for tensor in (tensor for one in sets for tensor in _tensors(one)):
        digest.update(repr(tuple(tensor.shape)).encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _tensors(images: ImageSet) -> tuple[torch.Tensor, torch.Tensor]:
    return images.images, images.labels
