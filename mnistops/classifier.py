"""Classifier: a network as a module that runs, with random weights or a checkpoint's."""

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnistops.analysis.window import times
from mnistops.checkpoint import Checkpoint, expect_weights_fit, open_network
from mnistops.errors import BadInput
from mnistops.networks.spec import MNIST_SIZE, ImageSize, NetworkSpec, image_size
from mnistops.networks.task import Task
from mnistops.networks.zoo import ZOO
from mnistops.resources import resources_for_batch
from mnistops.settings.sections import NetworkSettings
from mnistops.user_code import users_code

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Classifier:
    """A network that runs.

    Attributes:
        name: for people.
        network: what a checkpoint says of it: the spec, or ``file.py:NAME``.
        image_size: the images that it takes; None for a network in Python, which only a run tells.
    """

    name: str
    module: "nn.Module"
    network: NetworkSpec | str
    image_size: ImageSize | None

    @property
    def num_params(self) -> int:
        """Parameters, shared ones once."""
        return sum(parameter.numel() for parameter in self.module.parameters())


def open_classifier(settings: NetworkSettings, task: Task | None = None) -> Classifier:
    """The network that the settings name, with random weights from torch's global generator.

    Args:
        task: a built-in network becomes one for it, but for a size that the settings name.

    Raises:
        MnistopsError: of `mnistops.checkpoint.open_network`.
        BadInput: nothing in it can be trained.
    """
    import torch

    size = image_size(settings.input_size)
    opened = open_network(settings.name, size[0] if size else None)
    if isinstance(opened, NetworkSpec):
        if task is not None and settings.name in ZOO:
            opened, size = opened.with_outputs(task.num_classes), size or task.image_size
        try:
            classifier = _of_spec(opened.changed(size, settings.dropout))
        except BadInput as error:
            if size is not None and min(size[1:]) < min(MNIST_SIZE[1:]):
                shown = times(size[1:])
                error.hint = error.hint or f"images of {shown} are too small for this network"
            raise
    else:
        _set_dropout(opened, settings.dropout)
        classifier = _of_module(opened, settings.name, size)
    if not any(parameter.requires_grad for parameter in classifier.module.parameters()):
        raise BadInput(f"{settings.name}: expected something to train in it, got nothing")
    for key, value in classifier.module.state_dict().items():
        if not isinstance(value, torch.Tensor):
            raise BadInput(
                f"{settings.name}: expected a state_dict of tensors, which is all that checkpoints "
                f"hold, got {type(value).__name__} for {key}"
            )
    return classifier


def load_classifier(checkpoint: Checkpoint, network: NetworkSettings | None = None) -> Classifier:
    """The network of a checkpoint with its weights.

    Args:
        network: what the user names in place of what the checkpoint says, its size or its name.

    Raises:
        BadInput: the weights are not the network's, or it is in Python and the user names no code.
    """
    import torch

    network = network or NetworkSettings()
    size = image_size(network.input_size)
    is_named = "name" in network.model_fields_set and not _is_own(checkpoint, network.name)
    # Random weights are made on the way; nobody else's random numbers are used up for them.
    with torch.random.fork_rng(devices=[]):
        if is_named:
            opened = open_network(network.name)
            if not isinstance(opened, NetworkSpec):
                return with_weights(
                    _of_module(opened, network.name, size),
                    replace(checkpoint, network=network.name),
                )
            checkpoint = replace(checkpoint, network=opened)
        spec = checkpoint.own_spec("name the code: --network ").changed(size)
        checkpoint = replace(checkpoint, network=spec)
        expect_weights_fit(checkpoint)  # before anything large is made of a hostile spec
        return with_weights(_of_spec(spec), checkpoint)


def _is_own(checkpoint: Checkpoint, name: str) -> bool:
    """Whether this is the built-in network that the checkpoint holds, made for its images."""
    held = checkpoint.network
    return name in ZOO and isinstance(held, NetworkSpec) and held.name == name


def with_weights(classifier: Classifier, checkpoint: Checkpoint) -> Classifier:
    """The classifier, its weights now the checkpoint's.

    Raises:
        BadInput: they are not its network's.
    """
    expect_weights_fit(checkpoint, classifier.module)
    with users_code(classifier.name):
        classifier.module.load_state_dict(dict(checkpoint.state_dict))
    return classifier


def _of_spec(spec: NetworkSpec) -> Classifier:
    from mnistops.networks.build import build

    return Classifier(spec.name, build(spec), spec, spec.input_size)


def _of_module(module: "nn.Module", source: str, image_size: ImageSize | None) -> Classifier:
    return Classifier(source.rpartition(":")[2], module, source, image_size)


def _set_dropout(module: "nn.Module", probability: float | None) -> None:
    from torch.nn.modules.dropout import _DropoutNd

    for layer in module.modules():
        if isinstance(layer, _DropoutNd) and probability is not None:
            layer.p = probability


def expect_one_channel(name: str, size: ImageSize) -> None:
    """Raises BadInput where a network takes images of several channels."""
    if size[0] != 1:
        raise BadInput(
            f"{name}: expected a network of images of one channel, got one of {times(size)}"
        )


def count_classes(classifier: Classifier, image_size: ImageSize) -> int:
    """How many classes the network tells apart, from a run on two black images on the CPU.

    Raises:
        BadInput: it fails, or gives something else than (N, classes).
    """
    import torch

    from mnistops.analysis.recording.borrowing import in_mode

    with in_mode(classifier.module, training=False), torch.inference_mode():
        return run_once(classifier.name, classifier.module, 2, image_size).shape[1]


def try_training(classifier: Classifier, num_images: int, image_size: ImageSize) -> None:
    """A step on black images on the CPU that leaves the weights as they were.

    Raises:
        BadInput: the network cannot be trained on batches of so many images.
        OutOfResources: memory does not suffice for one.
    """
    from torch.nn import functional

    module = classifier.module
    before = deepcopy(module.state_dict())
    with resources_for_batch(num_images), users_code(classifier.name):
        outputs = run_once(classifier.name, module.train(), num_images, image_size)
        if not outputs.requires_grad:
            raise BadInput(
                f"{classifier.name}: expected outputs that its parameters can learn from, got ones "
                "without gradients",
                "detach(), no_grad() or a cast to whole numbers may stand in its forward pass",
            )
        functional.cross_entropy(outputs, outputs.argmax(1)).backward()  # type: ignore[no-untyped-call]
        module.load_state_dict(before)
    module.zero_grad()


def run_once(
    name: str, module: "nn.Module", num_images: int, image_size: ImageSize
) -> "torch.Tensor":
    """The outputs for black images, (num_images, classes).

    Raises:
        BadInput: the network fails, or gives something else.
    """
    import torch

    with users_code(name):
        images = torch.zeros(num_images, *image_size)
        return expect_outputs(name, module(images), images)


def expect_outputs(name: str, outputs: object, images: "torch.Tensor") -> "torch.Tensor":
    """The outputs (N, classes) for images (N, C, H, W).

    Raises:
        BadInput: they are something else.
    """
    import torch

    num_images, got = len(images), type(outputs).__name__
    if isinstance(outputs, torch.Tensor):
        shape = tuple(outputs.shape)
        if len(shape) == 2 and shape[0] == num_images and shape[1] >= 2:
            return outputs
        got = f"the shape {shape}"
    raise BadInput(
        f"{name}: expected outputs (N, classes), ({num_images}, 10) say, for {num_images} "
        f"images of {times(images.shape[1:])}, got {got}"
    )
