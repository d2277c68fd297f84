"""Shift, scale and shear, and bilinear sampling: as torchvision's, and within their bounds."""

from math import atan, degrees, radians

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as torchvisions

from mnistops.data.augment import (
    Interpolation,
    Warp,
    affines,
    perspectives,
    rotations,
    warp,
)
from mnistops.settings.sections import TrainSettings
from tests.data.noise import generator, noise

MODES: dict[Interpolation, InterpolationMode] = {
    "nearest": InterpolationMode.NEAREST,
    "bilinear": InterpolationMode.BILINEAR,
}
SIZES = ((28, 28), (20, 28), (33, 47))
# Of the nearest pixels the share halfway between two others, so that rounding decides.
MOST_TIES = 0.002

pytestmark = pytest.mark.usefixtures("one_thread")

sizes = st.tuples(st.integers(2, 40), st.integers(2, 40))


def expect_alike(images: Tensor, others: Tensor, interpolation: Interpolation) -> None:
    """The same pixels but for ties, or mixtures that are the same but for rounding."""
    if interpolation == "nearest":
        assert (images != others).double().mean().item() <= MOST_TIES
    else:
        torch.testing.assert_close(images, others, rtol=0, atol=1e-3)


def affine(
    scales: tuple[float, float],
    shear: float,
    shifts: tuple[float, float],
    size: tuple[int, int],
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """A single transform (1, 3, 3)."""
    numbers = (torch.tensor(pair, dtype=dtype).unsqueeze(1) for pair in (scales, shifts))
    scale, shift = numbers
    return affines(scale, torch.tensor([shear], dtype=dtype), shift, *size)


def torchvisions_affine(
    image: Tensor,
    interpolation: Interpolation,
    translate: tuple[int, int] = (0, 0),
    scale: float = 1.0,
    shear: float = 0.0,
) -> Tensor:
    moved: Tensor = torchvisions.affine(
        image, 0, list(translate), scale, [shear, 0.0], MODES[interpolation]
    )
    return moved


@pytest.mark.parametrize("interpolation", MODES)
@pytest.mark.parametrize("shift", [(0, 0), (3, 0), (0, -4), (-2, 5), (40, 0)])
def test_whole_pixels_of_shift_are_exact(
    shift: tuple[int, int], interpolation: Interpolation
) -> None:
    image, (across, down) = noise(1, 20, 28), shift
    transform = affine((1, 1), 0, (across, down), (20, 28))
    moved = warp(image, transform, interpolation)
    # What is seen at a point is found further on: torchvision moves the image, the other way.
    expected = torchvisions_affine(image, "nearest", (-across, -down))
    if interpolation == "nearest":
        assert torch.equal(moved, expected)
    torch.testing.assert_close(moved, expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("interpolation", MODES)
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_scale_is_torchvisions(height: int, width: int, interpolation: Interpolation) -> None:
    images = noise(20, height, width)
    scales = torch.linspace(0.55, 1.45, 20)
    nothing = torch.zeros(20)
    transforms = affines(torch.stack([scales, scales]), nothing, torch.zeros(2, 20), height, width)
    expected = torch.stack(
        [
            torchvisions_affine(image, interpolation, scale=1 / scale)
            for image, scale in zip(images, scales.tolist(), strict=True)
        ]
    )
    expect_alike(warp(images, transforms, interpolation), expected, interpolation)


@pytest.mark.parametrize("interpolation", MODES)
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_shear_is_torchvisions(height: int, width: int, interpolation: Interpolation) -> None:
    images = noise(20, height, width)
    # None of them takes a point to the middle between two pixels, as 0 would not either.
    shears = torch.linspace(-0.93, 0.97, 20)
    transforms = affines(torch.ones(2, 20), shears, torch.zeros(2, 20), height, width)
    expected = torch.stack(
        [
            torchvisions_affine(image, interpolation, shear=degrees(atan(shear)))
            for image, shear in zip(images, shears.tolist(), strict=True)
        ]
    )
    expect_alike(warp(images, transforms, interpolation), expected, interpolation)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_bilinear_rotation_is_torchvisions(height: int, width: int) -> None:
    images = noise(40, height, width)
    angles = torch.rand(40, generator=generator()) * 360 - 180
    expected = torch.stack(
        [
            torchvisions.rotate(image, angle, InterpolationMode.BILINEAR)
            for image, angle in zip(images, angles.tolist(), strict=True)
        ]
    )
    turned = warp(images, rotations(angles.deg2rad(), height, width), "bilinear")
    expect_alike(turned, expected, "bilinear")


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_bilinear_perspective_is_torchvisions(height: int, width: int) -> None:
    images = noise(40, height, width)
    corners = Warp(0, 0.6, 1).draw_corners(40, height, width, generator())
    right, bottom = width - 1, height - 1
    start = [[0, 0], [right, 0], [right, bottom], [0, bottom]]
    expected = torch.stack(
        [
            torchvisions.perspective(image, start, end.int().tolist(), InterpolationMode.BILINEAR)
            for image, end in zip(images, corners, strict=True)
        ]
    )
    seen = warp(images, perspectives(corners, height, width), "bilinear")
    # torchvision solves for the perspective in float32 least squares.
    assert (seen - expected).abs().quantile(0.999) < 5e-3


def test_half_a_pixel_is_the_mean_of_two() -> None:
    image = torch.tensor([[[[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]]]])
    across = warp(image, affine((1, 1), 0, (0.5, 0), (2, 3)), "bilinear")
    expected = torch.tensor([[[[1.5, 3.0, 2.0], [12.0, 24.0, 16.0]]]])
    torch.testing.assert_close(across, expected)
    down = warp(image, affine((1, 1), 0, (0, 0.5), (2, 3)), "bilinear")
    torch.testing.assert_close(down, torch.tensor([[[[4.5, 9.0, 18.0], [4.0, 8.0, 16.0]]]]))


@given(
    sizes,
    st.tuples(st.floats(0.5, 1.5), st.floats(0.5, 1.5)),
    st.floats(-1, 1),
    st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
    st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
)
def test_a_point_goes_where_it_should(
    size: tuple[int, int],
    scales: tuple[float, float],
    shear: float,
    shifts: tuple[float, float],
    point: tuple[float, float],
) -> None:
    height, width = size
    matrix = affine(scales, shear, shifts, size, torch.float64)[0]
    x, y = point[0] - width / 2, point[1] - height / 2
    found = matrix @ torch.tensor([*point, 1], dtype=torch.float64)
    expected = [
        scales[0] * x + shear * y + width / 2 + shifts[0],
        scales[1] * y + height / 2 + shifts[1],
        1,
    ]
    assert found.tolist() == pytest.approx(expected, abs=1e-9)


@given(sizes, st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 1), st.integers(0, 1000))
def test_what_is_drawn_keeps_its_bounds(
    size: tuple[int, int], shift: float, scale: float, shear: float, seed: int
) -> None:
    height, width = size
    warper = Warp(0, 0, 0, shift, scale, shear)
    matrices = warper.draw(40, height, width, generator(seed)).double()
    assert matrices.dtype == torch.float64 and matrices.shape == (40, 3, 3)
    matrices = matrices / matrices[:, 2:, 2:]
    rounding = 1e-5 * max(size)
    assert (matrices[:, 2] - torch.tensor([0.0, 0, 1])).abs().max() < rounding
    assert matrices[:, 1, 0].abs().max() < rounding
    for axis in range(2):
        assert (matrices[:, axis, axis] - 1).abs().max() <= scale + rounding
    assert matrices[:, 0, 1].abs().max() <= shear + rounding
    middle = torch.tensor([width / 2, height / 2, 1], dtype=torch.float64)
    moved = matrices @ middle - middle
    assert moved[:, 0].abs().max() <= shift * width + rounding
    assert moved[:, 1].abs().max() <= shift * height + rounding


def test_all_that_is_between_the_bounds_is_as_likely() -> None:
    matrices = Warp(0, 0, 0, 0.25, 0.125, 0.5).draw(10_000, 20, 40, generator()).double()
    matrices = matrices / matrices[:, 2:, 2:]
    middle = torch.tensor([20.0, 10.0, 1.0], dtype=torch.float64)
    moved = matrices @ middle - middle
    drawn = {
        "scale across": (matrices[:, 0, 0] - 1) / 0.125,
        "scale down": (matrices[:, 1, 1] - 1) / 0.125,
        "shear": matrices[:, 0, 1] / 0.5,
        "shift across": moved[:, 0] / 10,
        "shift down": moved[:, 1] / 5,
    }
    for name, values in drawn.items():
        counts = torch.histc(values.float(), 10, -1, 1)
        # Of 10,000 draws 1,000 in each tenth, with a deviation of 30.
        assert (counts - 1000).abs().max() < 150, name
        assert counts.sum() >= 9_990, name
    table = torch.corrcoef(torch.stack(list(drawn.values())))
    # Independent ones are correlated by chance alone, with a deviation of 0.01.
    assert (table - torch.eye(5)).abs().max() < 0.05


def test_perspective_rotation_and_the_rest_follow_each_other() -> None:
    warper = Warp(15, 0.4, 1, 0.1, 0.2, 0.3)
    drawn, again = warper.draw(20, 28, 24, generator(4)), generator(4)
    corners = warper.draw_corners(20, 28, 24, again)
    angles = radians(15) * (2 * torch.rand(20, generator=again) - 1)
    numbers = 2 * torch.rand(5, 20, generator=again) - 1
    shifts = 0.1 * numbers[2:4] * torch.tensor([[24.0], [28.0]])
    parts = (
        perspectives(corners, 28, 24),
        rotations(angles, 28, 24),
        affines(1 + 0.2 * numbers[:2], 0.3 * numbers[4], shifts, 28, 24),
    )
    # A point of the warped image is first taken back through what was done last.
    torch.testing.assert_close(drawn, parts[0] @ parts[1] @ parts[2])


@pytest.mark.parametrize("interpolation", MODES)
def test_what_is_not_asked_for_draws_no_numbers(interpolation: Interpolation) -> None:
    first, second = generator(3), generator(3)
    drawn = Warp(15, 0.2, 0.5, interpolation=interpolation).draw(20, 28, 28, first)
    corners = Warp(15, 0.2, 0.5, interpolation=interpolation).draw_corners(20, 28, 28, second)
    angles = radians(15) * (2 * torch.rand(20, generator=second) - 1)
    assert torch.equal(drawn, perspectives(corners, 28, 28) @ rotations(angles, 28, 28))
    assert torch.equal(first.get_state(), second.get_state())


def test_between_pixels_corners_may_be_anywhere_within_the_limit() -> None:
    corners = Warp(0, 0.2, 1, interpolation="bilinear").draw_corners(20_000, 28, 40, generator())
    own = torch.tensor([[0, 0], [39, 0], [39, 27], [0, 27]])
    inwards = (corners - own).abs() / torch.tensor([4.0, 2.8])
    assert inwards.max() <= 1 + 1e-5
    for corner in range(4):
        for axis in range(2):
            counts = torch.histc(inwards[:, corner, axis], 5, 0, 1)
            # 4,000 in each fifth, with a deviation of 57.
            assert (counts - 4000).abs().max() < 290


def test_the_call_samples_as_it_says() -> None:
    images = noise(20, 28, 28)
    sampled = {}
    for interpolation in MODES:
        warper = Warp(15, 0.2, 0.5, 0.1, 0.1, 0.1, interpolation)
        sampled[interpolation] = warper(images, generator(2))
        transforms = warper.draw(20, 28, 28, generator(2))
        assert torch.equal(sampled[interpolation], warp(images, transforms, interpolation))
    pixels = {0.0, *images.flatten().tolist()}
    assert set(sampled["nearest"].flatten().tolist()) <= pixels
    assert not set(sampled["bilinear"].flatten().tolist()) <= pixels


def test_a_bilinear_image_that_stays_is_as_it_was() -> None:
    images = noise(20, 28, 20)
    torch.testing.assert_close(
        Warp(0, 0, 1, interpolation="bilinear")(images, generator()), images, rtol=0, atol=1e-4
    )


def test_it_is_what_the_settings_say() -> None:
    settings = TrainSettings(
        rotation=3, distortion=0.1, shift=0.2, scale=0.3, shear=0.4, interpolation="bilinear"
    )
    assert Warp.of(settings) == Warp(3, 0.1, 0.5, 0.2, 0.3, 0.4, "bilinear")
    assert Warp.of(TrainSettings()) == Warp()
