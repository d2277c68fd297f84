"""Batches: every image once, whole ones where asked for, each image moved in its own way."""

from math import radians

import pytest
import torch

from mnistops.data.augment import Warp
from mnistops.data.images import ImageSet
from mnistops.training.batches import Batch, batches, endless_batches
from mnistops.training.randomness import Randomness
from tests.made_data import made_set, made_splits
from tests.training.benches import CPU, STILL


def drawn(images: ImageSet, batch_size: int, drop_last: bool, random: Randomness) -> list[Batch]:
    return batches(images, batch_size, drop_last, STILL, random)


def order_of(parts: list[Batch]) -> list[int]:
    return torch.cat([part.indices for part in parts]).tolist()


@pytest.mark.parametrize(("drop_last", "sizes"), [(False, [24, 24, 16]), (True, [24, 24])])
def test_an_epoch_takes_each_image_once(drop_last: bool, sizes: list[int]) -> None:
    images, random = made_splits(64).train, Randomness(0, CPU)
    first = drawn(images, 24, drop_last, random)
    assert [len(part) for part in first] == sizes
    assert [part.transforms.shape for part in first] == [(size, 3, 3) for size in sizes]
    assert len(set(order_of(first))) == sum(sizes)
    assert order_of(first) != order_of(drawn(images, 24, drop_last, random))


def test_a_whole_last_batch_is_kept() -> None:
    assert len(drawn(made_splits(48).train, 24, True, Randomness(0, CPU))) == 2


def test_endless_batches_are_whole_and_go_on() -> None:
    images, random = made_splits(50).train, Randomness(0, CPU)
    endless = endless_batches(images, 24, STILL, random)
    parts = [next(endless) for _ in range(6)]
    assert [len(part) for part in parts] == [24] * 6
    epochs = [order_of(parts[i : i + 2]) for i in (0, 2, 4)]
    assert all(len(set(epoch)) == 48 for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_what_moves_nothing_draws_the_identity() -> None:
    for part in drawn(made_set(40), 16, False, Randomness(0, CPU)):
        torch.testing.assert_close(
            part.transforms / part.transforms[:, 2:, 2:], torch.eye(3).expand_as(part.transforms)
        )


def test_an_epochs_transforms_are_the_warps_draw_in_order() -> None:
    warp, random, again = Warp(15, 0.2, shift=0.1), Randomness(3, CPU), Randomness(3, CPU)
    parts = batches(made_set(40), 16, True, warp, random)
    expected = warp.draw(32, 28, 28, again.warp)
    assert torch.equal(torch.cat([part.transforms for part in parts]), expected)
    assert len({tuple(row) for row in expected.flatten(1).tolist()}) == 32


def test_order_and_warp_are_independent_and_of_the_seed() -> None:
    images, turn = made_set(40), Warp(15, 0)
    still, turned = (batches(images, 8, False, warp, Randomness(5, CPU)) for warp in (STILL, turn))
    assert order_of(still) == order_of(turned)
    other = batches(images, 8, False, turn, Randomness(6, CPU))
    assert order_of(other) != order_of(turned)
    assert not torch.equal(other[0].transforms, turned[0].transforms)
    # The cosine of a turn by 15 degrees at most.
    scale = turned[0].transforms[:, 2, 2]
    assert (turned[0].transforms[:, 0, 0] / scale).min() >= torch.tensor(radians(15)).cos() - 1e-6


def test_the_global_generator_is_left_alone() -> None:
    state = torch.get_rng_state()
    batches(made_set(40), 16, True, Warp(15, 0.2), Randomness(3, CPU))
    assert torch.equal(torch.get_rng_state(), state)
