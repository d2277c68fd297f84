"""The digit that comes with the package."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from mnistops.bundled import bundled_checkpoint
from mnistops.checkpoint import load_checkpoint
from mnistops.classifier import load_classifier
from mnistops.data.digit import digit, moved_digits
from mnistops.data.images import open_dataset
from mnistops.events import result_of
from mnistops.settings.sections import DataSettings


def test_it_is_ink_from_0_to_1_on_28_by_28_pixels() -> None:
    ink = digit()
    assert ink.shape == (28, 28)
    assert ink.min() == 0
    assert 0.99 < ink.max() <= 1
    np.testing.assert_array_equal(ink * 255, np.round(ink * 255))
    # MNIST's digits are fitted into 20 x 20 pixels.
    spans = [np.ptp(np.nonzero(ink.any(axis))[0]) + 1 for axis in (0, 1)]
    assert max(spans) == 20


def test_the_network_that_comes_with_the_package_reads_it_as_a_three() -> None:
    checkpoint = load_checkpoint(bundled_checkpoint("reference"))
    images = torch.from_numpy(moved_digits()).float().unsqueeze(1)
    module = load_classifier(checkpoint).module.eval()
    with torch.no_grad():
        assert module(checkpoint.normalization(images)).argmax(1).tolist() == [3] * 25


@pytest.mark.mnist
def test_it_is_an_image_of_the_real_test_set() -> None:
    test = result_of(open_dataset(DataSettings(offline=True))).test
    np.testing.assert_array_equal(digit() * 255, test.images[32, 0].numpy())
    assert test.labels[32] == 3


# For a width of 1 torch gives another answer than for the same image turned by a quarter.
@given(st.integers(1, 120), st.integers(2, 120))
def test_other_sizes_are_torchs(height: int, width: int) -> None:
    resized = functional.interpolate(
        torch.from_numpy(digit())[None, None],
        (height, width),
        mode="bilinear",
        antialias=True,
    )
    np.testing.assert_allclose(digit((height, width)), resized[0, 0].numpy(), atol=1e-6)


def test_moved_digits_are_the_digit_in_other_places() -> None:
    moved = moved_digits()
    assert moved.shape == (25, 28, 28)
    np.testing.assert_array_equal(moved[12], digit())
    np.testing.assert_array_equal(moved[0, :-2, :-2], digit()[2:, 2:])
    np.testing.assert_array_equal(moved[24, 2:, 2:], digit()[:-2, :-2])
    assert len(np.unique(moved, axis=0)) == 25


def test_there_are_fewer_of_a_large_size() -> None:
    assert moved_digits((64, 64)).shape == (25, 64, 64)
    moved = moved_digits((56, 224))
    assert moved.shape == (4, 56, 224)
    np.testing.assert_array_equal(moved[0, :-2, :-8], digit((56, 224))[2:, 8:])
