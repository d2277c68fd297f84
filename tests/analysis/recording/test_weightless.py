"""Weightless: what is taken away, and that it comes back."""

import pytest
import torch
from torch import nn

from mnistops.analysis.recording.weightless import weightless


def network() -> nn.Sequential:
    """A convolution under two names, a norm with statistics and a count."""
    shared = nn.Conv2d(1, 1, 3, padding=1)
    return nn.Sequential(shared, nn.BatchNorm2d(1), shared)


def test_tensors_are_away_and_come_back() -> None:
    module = network()
    before = {key: id(value) for key, value in module.state_dict(keep_vars=True).items()}
    with weightless(module) as held:
        assert all(value.is_meta for value in module.state_dict().values())
        assert module[0].weight is module[2].weight
        assert set(held) == set(before.values())
        assert module(torch.empty(2, 1, 4, 4, device="meta")).shape == (2, 1, 4, 4)
    after = {key: id(value) for key, value in module.state_dict(keep_vars=True).items()}
    assert after == before


def test_they_come_back_after_a_failure() -> None:
    module = network()
    with pytest.raises(ValueError, match="broken"), weightless(module):
        raise ValueError("broken")
    assert not any(value.is_meta for value in module.state_dict().values())


def test_whole_numbers_may_stay() -> None:
    module = network()
    with weightless(module, floats_only=True):
        assert not module[1].num_batches_tracked.is_meta
        assert module[1].running_mean.is_meta
