"""Warps: the images that torchvision would make, and none but those that it could draw."""

from math import cos, degrees, radians, sin

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as torchvisions

from mnistops.data.augment import Warp, perspectives, rotations, warp
from mnistops.settings.sections import WARPS, TrainSettings
from tests.data.noise import generator, noise

NEAREST = InterpolationMode.NEAREST
SIZES = ((28, 28), (20, 28), (28, 20), (33, 47))
# The share of pixels that are halfway between two others, so that rounding decides.
MOST_TIES = 0.002

pytestmark = pytest.mark.usefixtures("one_thread")

sizes = st.tuples(st.integers(2, 40), st.integers(2, 40))


def own_corners(height: int, width: int) -> Tensor:
    """(4, 2), from the top left one clockwise."""
    right, bottom = width - 1, height - 1
    return torch.tensor([[0, 0], [right, 0], [right, bottom], [0, bottom]])


def share_differing(images: Tensor, others: Tensor) -> float:
    return (images != others).double().mean().item()


@pytest.mark.parametrize("name", [None, *WARPS])
def test_settings_tell_whether_anything_is_warped(name: str | None) -> None:
    values = dict.fromkeys(WARPS, 0.0) | ({name: 0.4} if name else {})
    settings = TrainSettings(**values, interpolation="bilinear")
    assert settings.is_augmenting == bool(name)
    images = noise(20, 28, 28)
    warped = Warp.of(settings)(images, generator())
    assert torch.allclose(warped, images, atol=1e-3) == (name is None)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_perspective_is_torchvisions(height: int, width: int) -> None:
    images = noise(60, height, width)
    corners = Warp(0, 0.6, 1).draw_corners(60, height, width, generator())
    start = own_corners(height, width).tolist()
    expected = torch.stack(
        [
            torchvisions.perspective(image, start, end.int().tolist(), NEAREST)
            for image, end in zip(images, corners, strict=True)
        ]
    )
    warped = warp(images, perspectives(corners, height, width))
    assert share_differing(warped, expected) <= MOST_TIES
    assert share_differing(warped, images) > 0.9


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_rotation_is_torchvisions(height: int, width: int) -> None:
    images = noise(60, height, width)
    angles = torch.rand(60, generator=generator()) * 360 - 180
    expected = torch.stack(
        [
            torchvisions.rotate(image, angle, NEAREST)
            for image, angle in zip(images, angles.tolist(), strict=True)
        ]
    )
    warped = warp(images, rotations(angles.deg2rad(), height, width))
    assert share_differing(warped, expected) <= MOST_TIES


@pytest.mark.parametrize("quarters", range(4))
def test_a_quarter_turn_is_exact(quarters: int) -> None:
    images = noise(1, 28, 28)
    angle = torch.tensor([radians(90 * quarters)])
    assert torch.equal(warp(images, rotations(angle, 28, 28)), images.rot90(quarters, (2, 3)))


@given(sizes, st.floats(-180, 180))
def test_a_rotation_turns_about_the_middle(size: tuple[int, int], angle: float) -> None:
    height, width = size
    turn = radians(angle)
    matrix = rotations(torch.tensor([turn], dtype=torch.float64), height, width)[0]
    middle = torch.tensor([width / 2, height / 2, 1], dtype=torch.float64)
    assert torch.allclose(matrix @ middle, middle)
    # What is shown one pixel to the right of it is found where the opposite turn takes that:
    # clockwise as one sees it, for y grows downwards.
    right = middle + torch.tensor([1, 0, 0])
    found = middle + torch.tensor([cos(turn), sin(turn), 0], dtype=torch.float64)
    assert torch.allclose(matrix @ right, found)


@given(sizes, st.data())
def test_a_perspective_shows_the_images_corners_where_they_went(
    size: tuple[int, int], data: st.DataObject
) -> None:
    height, width = size
    x, y = st.integers(0, width // 5), st.integers(0, height // 5)
    inwards = data.draw(st.lists(st.tuples(x, y), min_size=4, max_size=4))
    own = own_corners(height, width)
    signs = torch.tensor([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    corners = (own + signs * torch.tensor(inwards)).double()
    matrix = perspectives(corners.unsqueeze(0), height, width)[0]
    # Four points determine such a map.
    seen = torch.cat([corners, torch.ones(4, 1)], 1) @ matrix.T
    assert torch.allclose(seen[:, :2] / seen[:, 2:], own.double(), atol=1e-6)


def test_corners_on_one_line_lose_no_image() -> None:
    # Of a million draws at a distortion of 0.9 some hundred are so.
    corners = torch.tensor([[[2.0, 8.0], [24.0, 11.0], [16.0, 19.0], [8.0, 27.0]]])
    assert perspectives(corners, 28, 28).isfinite().all()
    assert warp(noise(1, 28, 28), perspectives(corners, 28, 28)).any()


def test_the_perspective_comes_first() -> None:
    # Large and of large blocks, so that torchvision's two roundings hardly show.
    blocks = noise(8, 8, 8).repeat_interleave(32, 2).repeat_interleave(32, 3)
    warped = Warp(15, 0.5, 1)(blocks, generator())

    again = generator()
    corners = Warp(15, 0.5, 1).draw_corners(8, 256, 256, again)
    angles = 15 * (2 * torch.rand(8, generator=again) - 1)

    def perspective(image: Tensor, number: int) -> Tensor:
        start, end = own_corners(256, 256).tolist(), corners[number].int().tolist()
        seen: Tensor = torchvisions.perspective(image, start, end, NEAREST)
        return seen

    def rotate(image: Tensor, number: int) -> Tensor:
        seen: Tensor = torchvisions.rotate(image, angles[number].item(), NEAREST)
        return seen

    expected = torch.stack([rotate(perspective(blocks[i], i), i) for i in range(8)])
    reversed_order = torch.stack([perspective(rotate(blocks[i], i), i) for i in range(8)])
    assert share_differing(warped, expected) < 0.03
    assert share_differing(warped, reversed_order) > 0.1


@given(sizes, st.floats(0, 0.9), st.integers(0, 1000))
def test_corners_are_drawn_from_torchvisions_range(
    size: tuple[int, int], distortion: float, seed: int
) -> None:
    height, width = size
    corners = Warp(0, distortion, 1).draw_corners(50, height, width, generator(seed))
    most_x, most_y = int(distortion * (width // 2)), int(distortion * (height // 2))
    assert torch.equal(corners, corners.round())
    inwards = (corners - own_corners(height, width)).abs()
    assert inwards[..., 0].max() <= most_x and inwards[..., 1].max() <= most_y
    # From the own corner towards the middle, never outwards.
    assert corners.min() >= 0
    assert corners[..., 0].max() <= width - 1 and corners[..., 1].max() <= height - 1


def test_each_place_of_a_corner_is_as_likely() -> None:
    corners = Warp(0, 0.2, 1).draw_corners(30_000, 28, 28, generator())
    inwards = (corners - own_corners(28, 28)).abs()
    for corner in range(4):
        for axis in range(2):
            counts = torch.bincount(inwards[:, corner, axis].long())
            # Of 30,000 draws from 0, 1 and 2: 10,000 each, with a deviation of 82.
            assert counts.shape == (3,)
            assert (counts - 10_000).abs().max() < 410


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_so_many_images_are_distorted(probability: float) -> None:
    warper = Warp(0, 0.5, probability)
    corners = warper.draw_corners(10_000, 28, 28, generator())
    distorted = (corners != own_corners(28, 28)).any(-1).any(-1).double().mean().item()
    # One in 8 ** 8 draws leaves every corner in its place; the deviation is 0.005.
    assert distorted == pytest.approx(probability, abs=0.025)


def test_images_are_turned_by_any_angle_within_the_limit() -> None:
    # Where the bright spot right of the middle went tells the angle, to about a degree.
    images = torch.zeros(300, 1, 101, 101)
    images[:, :, 49:52, 94:97] = 1
    warped = Warp(15, 0)(images, generator())
    places = [image[0].nonzero().double().mean(0) - 50 for image in warped]
    angles = torch.tensor([degrees(torch.atan2(-place[0], place[1])) for place in places])
    assert angles.abs().max() < 16
    counts = [((angles >= low) & (angles < low + 5)).sum().item() for low in range(-15, 15, 5)]
    # 50 are expected in each sixth, with a deviation of 6.
    assert min(counts) > 20 and max(counts) < 80


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_no_rotation_and_no_distortion_change_nothing(
    height: int, width: int, probability: float
) -> None:
    images = noise(20, height, width)
    assert torch.equal(Warp(0, 0, probability)(images, generator()), images)


@pytest.mark.parametrize(("height", "width"), [(1, 8), (8, 1), (1, 1)])
def test_images_one_pixel_thin_are_not_lost(height: int, width: int) -> None:
    images = noise(20, height, width)
    assert torch.equal(Warp(0, 0)(images, generator()), images)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_warped_image_has_pixels_of_the_image_or_black(height: int, width: int) -> None:
    images = noise(50, height, width)
    warped = Warp(180, 0.9, 1)(images, generator())
    assert warped.shape == images.shape
    for image, original in zip(warped, images, strict=True):
        assert set(image.flatten().tolist()) <= {0.0, *original.flatten().tolist()}
    assert 0 in warped


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_type_is_kept(dtype: torch.dtype) -> None:
    assert Warp()(noise(3, 28, 28).to(dtype), generator()).dtype == dtype


def test_no_images_are_no_trouble() -> None:
    assert Warp()(noise(0, 28, 28), generator()).shape == (0, 1, 28, 28)


def test_the_same_state_gives_the_same_images() -> None:
    images = noise(20, 28, 28)
    drawn = generator(3)
    state = drawn.get_state()
    first, second = Warp()(images, drawn), Warp()(images, drawn)
    assert not torch.equal(first, second)
    drawn.set_state(state)
    assert torch.equal(Warp()(images, drawn), first)
    assert not torch.equal(Warp()(images, generator(4)), first)


def test_images_are_warped_each_in_its_own_way() -> None:
    images = noise(1, 28, 28).expand(20, -1, -1, -1)
    warped = Warp()(images, generator()).flatten(1).tolist()
    assert len(set(map(tuple, warped))) == 20


def test_what_is_given_is_left_as_it_is() -> None:
    images = noise(20, 28, 28)
    before, state = images.clone(), torch.get_rng_state()
    Warp()(images, generator())
    assert torch.equal(images, before)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.gpu
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_gpu_makes_the_same_images(height: int, width: int) -> None:
    images = noise(300, height, width)
    corners = Warp(0, 0.6, 1).draw_corners(300, height, width, generator())
    angles = torch.rand(300, generator=generator()) * 2 - 1
    transforms = perspectives(corners, height, width) @ rotations(angles, height, width)
    there = warp(images.cuda(), transforms.cuda()).cpu()
    assert share_differing(there, warp(images, transforms)) <= MOST_TIES


@pytest.mark.gpu
def test_a_gpus_own_draws_can_be_repeated() -> None:
    images = noise(300, 28, 28).cuda()
    first, second = (Warp()(images, torch.Generator("cuda").manual_seed(5)) for _ in range(2))
    assert first.device.type == "cuda"
    assert torch.equal(first, second)
