"""What only moves values about: views, slices, pads, concatenation; the images come first."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from mnistops.analysis.window import Shape, ShapeMismatch, Sizes, times


@dataclass(frozen=True)
class Reshape:
    """The same values in other dimensions, in the same order."""

    given: Shape

    def output_shape(self, shape: Shape) -> Shape:
        """Raises ShapeMismatch where the number of values differs."""
        if prod(shape) != prod(self.given):
            raise ShapeMismatch(
                f"expected as many values as in {times(self.given[1:])}, got {times(shape[1:])}"
            )
        return self.given


@dataclass(frozen=True)
class Permute:
    """Dimensions in another order: dimension ``dims[i]`` of the input becomes dimension i."""

    dims: Sizes

    def output_shape(self, shape: Shape) -> Shape:
        """The sizes in that order."""
        return tuple(shape[dim] for dim in self.dims)


@dataclass(frozen=True)
class Expand:
    """The same values again and again along dimensions of size 1."""

    given: Shape

    def output_shape(self, shape: Shape) -> Shape:
        """Raises ShapeMismatch where a dimension of another size would have to be repeated."""
        old = (1,) * (len(self.given) - len(shape)) + shape
        if any(n not in (1, size) for n, size in zip(old, self.given, strict=True)):
            raise ShapeMismatch(f"expected to expand to {times(self.given)}, got {times(shape)}")
        return self.given


@dataclass(frozen=True)
class Select:
    """Some entries of one dimension, in a given order: a slice, a roll, a flip, an index."""

    dim: int
    indices: Sequence[int]

    def output_shape(self, shape: Shape) -> Shape:
        """Raises ShapeMismatch where an entry does not exist."""
        if self.indices and max(self.indices) >= shape[self.dim]:
            raise ShapeMismatch(
                f"expected at least {max(self.indices) + 1} entries, got {shape[self.dim]}"
            )
        return (*shape[: self.dim], len(self.indices), *shape[self.dim + 1 :])


@dataclass(frozen=True)
class Pad:
    """Constant values added before and after, per dimension; negative numbers cut off."""

    padding: tuple[tuple[int, int], ...]

    def output_shape(self, shape: Shape) -> Shape:
        """Raises ShapeMismatch where nothing would be left."""
        sizes = tuple(n + a + b for n, (a, b) in zip(shape, self.padding, strict=True))
        if min(sizes) < 1:
            raise ShapeMismatch(f"expected something left, got {times(sizes)}")
        return sizes


@dataclass(frozen=True)
class Concatenate:
    """Tensors one after another along a dimension.

    Attributes:
        parts: the size, along it, of each part that does not depend on the images; None for one
            that does.
    """

    dim: int
    parts: tuple[int | None, ...]

    def output_shape(self, *shapes: Shape) -> Shape:
        """Raises ShapeMismatch where the other dimensions differ."""
        others = {(*shape[: self.dim], *shape[self.dim + 1 :]) for shape in shapes}
        if len(others) > 1:
            got = " and ".join(times(shape[1:]) for shape in shapes)
            raise ShapeMismatch(f"expected shapes that differ in one dimension, got {got}")
        total = sum(shape[self.dim] for shape in shapes) + sum(p or 0 for p in self.parts)
        return (*shapes[0][: self.dim], total, *shapes[0][self.dim + 1 :])


@dataclass(frozen=True)
class PixelShuffle:
    """Groups of channels laid out as pixels: (N, C*r*r, H, W) to (N, C, H*r, W*r).

    Attributes:
        is_reverse: pixels to channels instead.
    """

    factor: int
    is_reverse: bool = False

    def output_shape(self, shape: Shape) -> Shape:
        """Raises ShapeMismatch where channels or sizes are no multiples."""
        if len(shape) != 4:
            raise ShapeMismatch(f"expected channels and 2 axes, got {times(shape[1:])}")
        images, channels, *sizes = shape
        step = self.factor
        divided = sizes if self.is_reverse else [channels // step]
        if any(n % step for n in divided) or (not self.is_reverse and channels % step**2):
            raise ShapeMismatch(f"expected multiples of {step}, got {times(shape[1:])}")
        if self.is_reverse:
            return (images, channels * step**2, *(n // step for n in sizes))
        return (images, channels // step**2, *(n * step for n in sizes))


Rearrangement = Reshape | Permute | Expand | Select | Pad | Concatenate | PixelShuffle
