"""Building: the seed's own network, its keys, its output."""

import pytest
import torch

from mnistops.errors import BadInput
from mnistops.networks.build import build
from mnistops.networks.spec import Conv, NetworkSpec
from mnistops.networks.zoo import REFERENCE
from tests.seed_network import SeedNetwork


def test_the_seeds_checkpoints_load_and_mean_the_same() -> None:
    seed, ours = SeedNetwork().eval(), build(REFERENCE).eval()
    ours.load_state_dict(seed.state_dict(), strict=True)
    assert list(ours.state_dict()) == list(seed.state_dict())
    assert "convblock1.0.weight" in ours.state_dict()
    assert "convblock1.1.running_mean" in ours.state_dict()
    images = torch.randn(5, 1, 28, 28)
    assert torch.equal(ours(images), seed(images))
    assert sum(p.numel() for p in ours.parameters()) == 5340


def test_outputs() -> None:
    images = torch.randn(5, 1, 28, 28)
    probabilities = build(REFERENCE).eval()(images).exp().sum(1)
    assert torch.allclose(probabilities, torch.ones(5))
    logits = build(REFERENCE.model_copy(update={"output": "logits"})).eval()(images)
    assert logits.shape == (5, 10)


def test_a_name_of_torchs_own_is_refused() -> None:
    spec = NetworkSpec(name="n", blocks=(Conv(name="forward", out_channels=1),))
    with pytest.raises(BadInput, match="block forward: expected a name that"):
        build(spec)
