"""Normalization: a shift and a scale, and nothing else."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mnistops.data.images import ImageSet, open_dataset
from mnistops.data.normalization import SEED_NORMALIZATION, Normalization
from mnistops.events import result_of
from mnistops.settings.sections import DataSettings

shares = st.floats(0, 1, width=32)


def test_a_pixel_is_shifted_then_scaled() -> None:
    pixels = torch.tensor([[0.0, 0.25], [0.5, 1.0]])
    assert Normalization(0.25, 0.5)(pixels).tolist() == [[-0.5, 0.0], [0.5, 1.5]]


def test_the_images_themselves_are_not_changed() -> None:
    pixels = torch.ones(2, 1, 3, 4)
    assert Normalization(0.5, 0.5)(pixels).shape == pixels.shape
    assert torch.equal(pixels, torch.ones(2, 1, 3, 4))


@given(st.lists(shares, min_size=2, max_size=20), shares, st.floats(0.01, 1))
def test_it_can_be_undone(values: list[float], mean: float, std: float) -> None:
    pixels = torch.tensor(values, dtype=torch.float64)
    normalised = Normalization(mean, std)(pixels)
    assert torch.allclose(normalised * std + mean, pixels)


@given(st.lists(st.integers(0, 255), min_size=2, max_size=50))
def test_a_sets_own_gives_mean_0_and_deviation_1(values: list[int]) -> None:
    images = torch.tensor(values, dtype=torch.uint8).reshape(-1, 1, 1, 1)
    images_set = ImageSet(images, torch.zeros(len(values), dtype=torch.long))
    pixels = images_set.normalization()(images.double() / 255)
    assert pixels.mean().item() == pytest.approx(0, abs=1e-9)
    if len(set(values)) > 1:
        assert pixels.std(correction=0).item() == pytest.approx(1)


@pytest.mark.mnist
def test_the_original_codes_is_of_all_images_together() -> None:
    dataset = result_of(open_dataset(DataSettings(offline=True)))
    together = ImageSet(
        torch.cat([dataset.train.images, dataset.test.images]),
        torch.cat([dataset.train.labels, dataset.test.labels]),
    ).normalization()
    assert together.mean == pytest.approx(SEED_NORMALIZATION.mean, abs=5e-5)
    assert together.std == pytest.approx(SEED_NORMALIZATION.std, abs=5e-5)
