"""Networks to export that tests make: small ones, whose graphs are soon there."""

from pathlib import Path

import torch
from torch import Tensor, nn

from mnistops.checkpoint import load_checkpoint, save_checkpoint
from mnistops.data.normalization import Normalization
from mnistops.exports.original import Original, open_original
from mnistops.networks.build import build
from mnistops.networks.spec import NetworkSpec
from mnistops.settings.sections import NetworkSettings
from tests.training.benches import PLAIN

NORMALIZATION = Normalization(0.25, 0.5)

CODE = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(784, 10)

    def forward(self, images):
        print("noise")
        return self.head(images.flatten(1))


class Random(Net):
    def forward(self, images):
        return super().forward(images) + torch.rand(10)


class Fixed(Net):
    def forward(self, images):
        return super().forward(images.reshape(2, 784))


class Decides(Net):
    def forward(self, images):
        if images.mean() > 0.5:
            images = -images
        return super().forward(images)


class Loops(Net):
    def forward(self, images):
        return torch.cat([super(Loops, self).forward(image) for image in images.split(1)])


class NoNumber(Net):
    def forward(self, images):
        return super().forward(images) / 0
"""


def write_checkpoint(path: Path, network: NetworkSpec | str = PLAIN) -> Path:
    """A checkpoint of random weights, always the same; of a network in Python those of `CODE`."""
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        module = build(network) if isinstance(network, NetworkSpec) else _Head()
    save_checkpoint(path, network, module, NORMALIZATION, {}, 0, {})
    return path


class _Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(784, 10)

    def forward(self, images: Tensor) -> Tensor:
        outputs: Tensor = self.head(images.flatten(1))
        return outputs


def made_original(
    takes_pixels: bool = False, network: NetworkSpec | str = PLAIN, code: str = CODE
) -> Original:
    """A network as it is exported; one in Python is named ``net.py:NAME``."""
    Path("net.py").write_text(code)
    checkpoint = load_checkpoint(write_checkpoint(Path("made.pt"), network))
    named = NetworkSettings(name=network) if isinstance(network, str) else NetworkSettings()
    return open_original(checkpoint, named, takes_pixels)
