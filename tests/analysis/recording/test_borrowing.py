"""Borrowing: what is changed for a forward pass, and that it comes back."""

import pytest
import torch
from torch import nn

from mnistops.analysis.recording.borrowing import image_dtype, in_mode, looked_into, meta_images


def test_each_part_gets_its_own_mode_back() -> None:
    module = nn.Sequential(nn.Dropout(), nn.BatchNorm2d(1))
    module[1].eval()
    with in_mode(module, training=False):
        assert not any(part.training for part in module.modules())
    with pytest.raises(ValueError, match="broken"), in_mode(module, training=False):
        raise ValueError("broken")
    assert [part.training for part in module.modules()] == [True, True, False]


def test_random_numbers_and_the_fast_path_come_back() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    assert torch.backends.mha.get_fastpath_enabled()
    with looked_into():
        assert not torch.backends.mha.get_fastpath_enabled()
        torch.rand(7)
    assert torch.backends.mha.get_fastpath_enabled()
    assert torch.equal(torch.rand(2), expected)


def test_images_are_of_the_weights_type() -> None:
    half = nn.Conv2d(1, 1, 1).half()
    assert image_dtype(half) == torch.float16
    assert image_dtype(nn.ReLU()) == torch.float32
    images = meta_images(half, (1, 4, 5), 3)
    assert (images.shape, images.dtype, images.is_meta) == ((3, 1, 4, 5), torch.float16, True)
