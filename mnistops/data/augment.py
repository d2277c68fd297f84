"""One random warp per image, for the whole batch at once on its device.

N images of H x W pixels. Points are (x, y) in pixels, the middle of the first pixel at (0.5, 0.5);
transforms are homogeneous 3 x 3 matrices that take a point of the warped image to the point of the
original that is seen there.
"""

from dataclasses import dataclass
from math import radians
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from mnistops.settings.sections import TrainSettings

Interpolation = Literal["nearest", "bilinear"]


@dataclass(frozen=True)
class Warp:
    """A random perspective for some images, then a random rotation, scale, shear and shift for all.

    The first two are torchvision's ``RandomPerspective`` and ``RandomRotation``. All are drawn and
    computed for many images at once, and composed, so that each image is sampled once; it is black
    outside.

    Attributes:
        rotation: the largest angle in degrees, either way.
        distortion: how far a corner may move inwards, as a share of half the image; in whole
            pixels, as torchvision's, where the nearest pixel is taken.
        probability: of the perspective, image by image.
        shift: the furthest way along each axis, as a share of the image's size.
        scale: the most by which each axis is stretched or shrunk, as a share of its length.
        shear: the furthest that a row moves against the next, in pixels.
        interpolation: whether a point takes the nearest pixel or a mixture of the four around it.
    """

    rotation: float = 15.0
    distortion: float = 0.2
    probability: float = 0.5
    shift: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    interpolation: Interpolation = "nearest"

    @classmethod
    def of(cls, settings: TrainSettings) -> "Warp":
        """The warp that the settings ask for."""
        return cls(
            rotation=settings.rotation,
            distortion=settings.distortion,
            shift=settings.shift,
            scale=settings.scale,
            shear=settings.shear,
            interpolation=settings.interpolation,
        )

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Warped images (N, 1, H, W) of the same type.

        Args:
            images: float32 or float64, (N, 1, H, W).
            generator: on the images' device.
        """
        num_images, _, height, width = images.shape
        transforms = self.draw(num_images, height, width, generator)
        return warp(images, transforms, self.interpolation)

    def draw(self, num_images: int, height: int, width: int, generator: torch.Generator) -> Tensor:
        """Random transforms (N, 3, 3) for `warp`, on the generator's device."""
        corners = self.draw_corners(num_images, height, width, generator)
        angles = radians(self.rotation) * _either_way((num_images,), generator)
        transforms = perspectives(corners, height, width) @ rotations(angles, height, width)
        if self.shift or self.scale or self.shear:
            drawn = _either_way((5, num_images), generator)
            scales = 1 + self.scale * drawn[:2]
            shifts = self.shift * drawn[2:4] * drawn.new_tensor([[width], [height]])
            transforms = transforms @ affines(scales, self.shear * drawn[4], shifts, height, width)
        return transforms

    def draw_corners(
        self, num_images: int, height: int, width: int, generator: torch.Generator
    ) -> Tensor:
        """Where the corners go: (N, 4, 2), from the top left one clockwise, in pixels."""
        furthest = [self.distortion * (size // 2) for size in (width, height)]
        if self.interpolation == "nearest":
            furthest = [float(int(pixels)) for pixels in furthest]
        most = torch.tensor(furthest, device=generator.device)
        drawn = _uniform((num_images, 4, 2), generator)
        inwards = (drawn * (most + 1)).floor() if self.interpolation == "nearest" else drawn * most
        is_warped = _uniform((num_images, 1, 1), generator) < self.probability
        right, bottom = width - 1, height - 1
        corners = torch.tensor([[0, 0], [right, 0], [right, bottom], [0, bottom]])
        signs = torch.tensor([[1, 1], [-1, 1], [-1, -1], [1, -1]])
        return corners.to(inwards) + signs.to(inwards) * inwards * is_warped


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Numbers in [0, 1)."""
    return torch.rand(shape, generator=generator, device=generator.device)


def _either_way(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Numbers in [-1, 1)."""
    return 2 * _uniform(shape, generator) - 1


def affines(scales: Tensor, shears: Tensor, shifts: Tensor, height: int, width: int) -> Tensor:
    """Affine transforms (N, 3, 3): scales (2, N) and shears (N,) about the middle, then shifts.

    Args:
        shifts: (2, N) in pixels; x comes first, as in the scales.
    """
    (x_scale, y_scale), (x_shift, y_shift) = scales, shifts
    x, y = width / 2, height / 2
    zero, one = torch.zeros_like(shears), torch.ones_like(shears)
    rows = (
        (x_scale, shears, x - x_scale * x - shears * y + x_shift),
        (zero, y_scale, y - y_scale * y + y_shift),
        (zero, zero, one),
    )
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def rotations(angles: Tensor, height: int, width: int) -> Tensor:
    """Rotations (N, 3, 3) by angles (N,) in radians, anticlockwise about the middle."""
    x, y = width / 2, height / 2
    cos, sin = angles.cos(), angles.sin()
    zero, one = torch.zeros_like(angles), torch.ones_like(angles)
    rows = (
        (cos, -sin, x - cos * x + sin * y),
        (sin, cos, y - sin * x - cos * y),
        (zero, zero, one),
    )
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def perspectives(corners: Tensor, height: int, width: int) -> Tensor:
    """Perspectives (N, 3, 3) that show the image's own corners at ``corners`` (N, 4, 2).

    The map of a unit square to four points is in closed form (Heckbert, Fundamentals of Texture
    Mapping and Image Warping, 1989, section 2.2.3), and so is its inverse, the adjugate; a
    projective matrix needs no scale.
    """
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = (corners[:, i].unbind(-1) for i in range(4))
    dx1, dx2, dx3 = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, dy3 = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    area = dx1 * dy2 - dx2 * dy1
    g = (dx3 * dy2 - dx2 * dy3) / area
    h = (dx1 * dy3 - dx3 * dy1) / area
    a, b, c = x1 - x0 + g * x1, x3 - x0 + h * x3, x0
    d, e, f = y1 - y0 + g * y1, y3 - y0 + h * y3, y0
    # The adjugate of ((a, b, c), (d, e, f), (g, h, 1)), its first two rows stretched to pixels.
    to_square = (
        ((e - f * h) * (width - 1), (c * h - b) * (width - 1), (b * f - c * e) * (width - 1)),
        ((f * g - d) * (height - 1), (a - c * g) * (height - 1), (c * d - a * f) * (height - 1)),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    matrices = torch.stack([torch.stack(row, -1) for row in to_square], -2)
    # Corners on one line, as those of an image one pixel thin are, have no such map.
    is_map = matrices.isfinite().all(-1, keepdim=True).all(-2, keepdim=True)
    return torch.where(is_map, matrices, torch.eye(3, dtype=matrices.dtype, device=matrices.device))


def warp(images: Tensor, transforms: Tensor, interpolation: Interpolation = "nearest") -> Tensor:
    """Sample images (N, 1, H, W) through transforms (N, 3, 3)."""
    height, width = images.shape[-2:]
    x = torch.arange(width, device=images.device, dtype=images.dtype) + 0.5
    y = (torch.arange(height, device=images.device, dtype=images.dtype) + 0.5).unsqueeze(-1)
    # One row of the matrices at a time, broadcast over the pixels: (N, H, W).
    rows = transforms.unsqueeze(-1).unsqueeze(-1)
    across, down, depth = (rows[:, i, 0] * x + rows[:, i, 1] * y + rows[:, i, 2] for i in range(3))
    grid = torch.stack((across / (depth * (width / 2)), down / (depth * (height / 2))), -1) - 1
    return functional.grid_sample(
        images, grid, mode=interpolation, padding_mode="zeros", align_corners=False
    )
