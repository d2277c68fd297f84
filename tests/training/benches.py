"""Workbenches with made images, and what can be done at them."""

import torch
from torch import Tensor, nn

from mnistops.classifier import Classifier
from mnistops.data.augment import Warp
from mnistops.data.images import Splits
from mnistops.networks.build import build
from mnistops.networks.spec import Conv, GlobalAvgPool, MaxPool, NetworkSpec
from mnistops.training.batches import Batch
from mnistops.training.engines import Workbench
from mnistops.training.randomness import Randomness
from mnistops.training.step import TrainingData
from tests.made_data import made_splits

CPU = torch.device("cpu")
STILL = Warp(0, 0)
# What the native kernels can train, quickly.
PLAIN = NetworkSpec(
    name="plain",
    blocks=(
        Conv(name="first", out_channels=6, kernel_size=(5, 5), stride=(3, 3)),
        MaxPool(name="pool", kernel_size=(2, 2)),
        Conv(name="last", out_channels=10, activation="none", norm="none", bias=True),
        GlobalAvgPool(name="gap"),
    ),
)


def made_bench(
    network: NetworkSpec | nn.Module = PLAIN,
    splits: Splits | None = None,
    batch_size: int = 32,
    warp: Warp = STILL,
    drop_last: bool = True,
    random: Randomness | None = None,
    device: torch.device = CPU,
) -> Workbench:
    """A bench whose network has the first weights of these random numbers."""
    splits = (splits or made_splits(160)).to(device)
    if isinstance(network, NetworkSpec):
        with (random or Randomness(0, device)).of_network():
            module = build(network).to(device)
        classifier = Classifier(network.name, module, network, network.input_size)
    else:
        classifier = Classifier("mine", network.to(device), "net.py:mine", None)
    data = TrainingData(splits.train, splits.normalization, warp.interpolation)
    return Workbench(classifier, data, warp, batch_size, drop_last, device, seed=0)


def still(indices: Tensor) -> Batch:
    """These images where they are."""
    return Batch(indices, torch.eye(3).repeat(len(indices), 1, 1))


def copied(module: nn.Module) -> dict[str, Tensor]:
    """A module's state that does not follow it."""
    return {key: value.clone() for key, value in module.state_dict().items()}


def equal_states(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Whether two states are the same to the bit."""
    return list(one) == list(other) and all(torch.equal(one[key], other[key]) for key in one)
