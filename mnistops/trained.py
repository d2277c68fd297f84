"""Trained: a network that the user names, with the weights that it has."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnistops.analysis.graph import LayerGraph
from mnistops.analysis.lower import lower
from mnistops.bundled import bundled_checkpoint
from mnistops.checkpoint import Checkpoint, find_checkpoint, load_checkpoint, open_network
from mnistops.networks.spec import MNIST_SIZE, NetworkSpec, image_size
from mnistops.networks.zoo import ZOO
from mnistops.settings.sections import NetworkSettings

if TYPE_CHECKING:
    from torch import nn

    from mnistops.data.normalization import Normalization


@dataclass(frozen=True)
class Trained:
    """A network that runs, and its graph.

    Attributes:
        normalization: what its images are to be normalised with.
        weights: whose they are, for people: ``trained weights``.
    """

    module: "nn.Module"
    graph: LayerGraph
    normalization: "Normalization"
    weights: str


def open_trained(network: NetworkSettings) -> Trained:
    """The network that the settings name, as a module.

    Its weights are a checkpoint's own, a built-in's that come with the package, those that a module
    in Python is made with, else random ones, always the same.

    Raises:
        MnistopsError: of `mnistops.checkpoint.open_network` and of `capture`.
    """
    import torch

    from mnistops.analysis.capture import capture
    from mnistops.classifier import load_classifier
    from mnistops.data.normalization import SEED_NORMALIZATION
    from mnistops.networks.build import build

    size = image_size(network.input_size)
    opened = open_network(network.name, size[0] if size else None)
    if not isinstance(opened, NetworkSpec):
        graph = capture(opened, size or MNIST_SIZE, network.name)
        return Trained(opened, graph, SEED_NORMALIZATION, "the weights that it is made with")
    spec = opened.changed(size)
    checkpoint = _checkpoint_of(network.name, spec)
    if checkpoint is not None:
        module = load_classifier(checkpoint, NetworkSettings(input_size=spec.input_size)).module
        return Trained(module, lower(spec), checkpoint.normalization, "trained weights")
    with torch.random.fork_rng([]):
        torch.default_generator.manual_seed(0)
        return Trained(build(spec), lower(spec), SEED_NORMALIZATION, "random weights")


def _checkpoint_of(name: str, spec: NetworkSpec) -> Checkpoint | None:
    """The trained weights of a network, where there are any."""
    if name in ZOO:
        checkpoint = load_checkpoint(bundled_checkpoint(name))
        trained = checkpoint.network
        assert isinstance(trained, NetworkSpec)
        return checkpoint if trained.input_size[0] == spec.input_size[0] else None
    path = Path(name)
    return None if path.suffix == ".toml" else load_checkpoint(find_checkpoint(path))
