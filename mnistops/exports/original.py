"""Original: the network that is exported, what it takes and what it computes.

N images of C x H x W pixels.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import mnistops
from mnistops.checkpoint import Checkpoint
from mnistops.classifier import Classifier, count_classes, load_classifier
from mnistops.data.normalization import Normalization
from mnistops.errors import NotFinite
from mnistops.networks.spec import MNIST_SIZE, ImageSize, NetworkSpec, image_size
from mnistops.settings.sections import NetworkSettings
from mnistops.user_code import users_code

BATCH_SIZES = (1, 2, 7, 128)


class Normalized(nn.Module):
    """A network that takes pixels in 0..1, (N, C, H, W), and normalises them itself."""

    def __init__(self, network: nn.Module, normalization: Normalization) -> None:
        super().__init__()
        self.network, self.normalization = network, normalization

    def forward(self, images: Tensor) -> Tensor:
        """The network's outputs, (N, classes)."""
        outputs: Tensor = self.network(self.normalization(images))
        return outputs


@dataclass(frozen=True)
class Trial:
    """Images (N, C, H, W), as the network takes them, and its outputs for them, (N, classes)."""

    images: Tensor
    outputs: Tensor


@dataclass(frozen=True)
class Original:
    """A network as it is exported, on the CPU and in evaluation mode.

    Attributes:
        module: takes pixels in 0..1 and normalises them, or takes normalised ones.
        takes_pixels: which of the two.
        normalization: of its images in training.
        class_names: by output; None where the numbers are the names.
    """

    classifier: Classifier
    module: nn.Module
    image_size: ImageSize
    num_classes: int
    normalization: Normalization
    takes_pixels: bool
    class_names: tuple[str, ...] | None = None

    @property
    def facts(self) -> dict[str, str]:
        """What whoever opens a file wants to know of the network; no path of anybody's."""
        network = self.classifier.network
        return {
            "mnistops": mnistops.__version__,
            "network": self.classifier.name,
            **({"spec": network.to_toml()} if isinstance(network, NetworkSpec) else {}),
            "mean": repr(self.normalization.mean),
            "std": repr(self.normalization.std),
            "input": "pixels in 0..1" if self.takes_pixels else "(pixels in 0..1 - mean) / std",
            "num_classes": str(self.num_classes),
            **({"class_names": json.dumps(self.class_names)} if self.class_names else {}),
        }

    @property
    def weights(self) -> dict[str, Tensor]:
        """By their names in the network."""
        return self.classifier.module.state_dict()

    def trials(self) -> Iterator[Trial]:
        """Images of noise, always the same, in batches of several sizes.

        Raises:
            NotFinite: an output is no number.
        """
        generator = torch.Generator().manual_seed(0)
        for number in BATCH_SIZES:
            size = (number, *self.image_size)
            images = torch.randint(256, size, generator=generator).float() / 255
            if not self.takes_pixels:
                images = self.normalization(images)
            with torch.inference_mode(), users_code(self.classifier.name):
                outputs = self.module(images)
            if not outputs.isfinite().all():
                raise NotFinite(
                    f"{self.classifier.name}: expected numbers as outputs, got nan or infinite ones"
                )
            yield Trial(images, outputs)


def open_original(checkpoint: Checkpoint, network: NetworkSettings, takes_pixels: bool) -> Original:
    """The network of a checkpoint, ready to be exported.

    Args:
        network: that the user names, for one in Python.

    Raises:
        BadInput: the checkpoint or the network is not what it should be.
    """
    classifier = load_classifier(checkpoint, network)
    size = classifier.image_size or image_size(network.input_size) or MNIST_SIZE
    num_classes = count_classes(classifier, size)
    module = classifier.module.eval().requires_grad_(False)
    if takes_pixels:
        module = Normalized(module, checkpoint.normalization)
    normalization, names = checkpoint.normalization, checkpoint.names_of(num_classes)
    return Original(classifier, module, size, num_classes, normalization, takes_pixels, names)
