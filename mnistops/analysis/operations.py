"""What a layer does to the shape of its input, as frozen data.

Shapes are of one image, without the batch: (C, H, W) for an image, (F,) for a vector. Everything
after the channels is an axis, so the same rules hold in one, two and three dimensions.
"""

from dataclasses import dataclass
from math import prod
from typing import Literal

Shape = tuple[int, ...]
Sizes = tuple[int, ...]
"""One number per axis, in pixels or units."""


class ShapeMismatch(ValueError):
    """An operation cannot take an input of this shape; ``expected X, got Y``."""


@dataclass(frozen=True)
class Window:
    """The geometry of a sliding kernel, one entry per axis.

    Attributes:
        padding: (before, after) per axis.
        ceil_mode: whether a last window that hangs over the edge counts.
    """

    kernel_size: Sizes
    stride: Sizes
    padding: tuple[tuple[int, int], ...]
    dilation: Sizes
    ceil_mode: bool = False

    def output_size(self, size: Sizes) -> Sizes:
        """Units along each axis: ``floor((n + pads - dilation*(k-1) - 1) / stride) + 1``.

        Raises:
            ShapeMismatch: the kernel does not fit into the padded input even once.
        """
        output = tuple(self._units(axis, n) for axis, n in enumerate(size))
        if min(output) < 1:
            raise ShapeMismatch(
                f"expected an input of at least {times(self.smallest_input())} pixels, "
                f"got {times(size)} (the output would be {times(output)})"
            )
        return output

    def smallest_input(self) -> Sizes:
        """The smallest input, in pixels per axis, into which the kernel fits once."""
        return tuple(
            max(1, dilation * (kernel - 1) + 1 - sum(padding))
            for kernel, dilation, padding in zip(
                self.kernel_size, self.dilation, self.padding, strict=True
            )
        )

    def _units(self, axis: int, size: int) -> int:
        before, after = self.padding[axis]
        stride = self.stride[axis]
        span = size + before + after - self.dilation[axis] * (self.kernel_size[axis] - 1) - 1
        if not self.ceil_mode:
            return span // stride + 1
        steps = -(-span // stride)
        # torch drops a last window that would start in the padding behind the input.
        return steps + (steps * stride < size + before)


def same_padding(kernel_size: Sizes, dilation: Sizes) -> tuple[tuple[int, int], ...]:
    """The padding that keeps sizes at stride 1; of an odd total, the smaller half goes before."""
    totals = (d * (k - 1) for k, d in zip(kernel_size, dilation, strict=True))
    return tuple((total // 2, total - total // 2) for total in totals)


def times(sizes: Sizes) -> str:
    """``28 x 28`` for people."""
    return " x ".join(map(str, sizes))


@dataclass(frozen=True)
class Convolution:
    """A sliding weighted sum."""

    window: Window
    in_channels: int
    out_channels: int
    groups: int = 1

    def output_shape(self, shape: Shape) -> Shape:
        """Raises ShapeMismatch where channels or sizes do not fit."""
        _expect_axes(len(self.window.kernel_size), shape)
        if shape[0] != self.in_channels:
            raise ShapeMismatch(f"expected {self.in_channels} channels, got {shape[0]}")
        for channels in (self.in_channels, self.out_channels):
            if channels % self.groups:
                raise ShapeMismatch(
                    f"expected channels in a multiple of {self.groups} (groups), got {channels}"
                )
        return (self.out_channels, *self.window.output_size(shape[1:]))


@dataclass(frozen=True)
class Pool:
    """A sliding maximum or mean, each channel by itself."""

    window: Window
    kind: Literal["max", "avg"]

    def output_shape(self, shape: Shape) -> Shape:
        """Raises ShapeMismatch where the window does not fit."""
        _expect_axes(len(self.window.kernel_size), shape)
        return (shape[0], *self.window.output_size(shape[1:]))


@dataclass(frozen=True)
class AdaptivePool:
    """Pooling into a given number of bins per axis; None keeps an axis as it is."""

    bins: tuple[int | None, ...]
    kind: Literal["max", "avg"]

    def output_shape(self, shape: Shape) -> Shape:
        """Raises ShapeMismatch where the number of axes differs."""
        _expect_axes(len(self.bins), shape)
        return (shape[0], *(b or n for b, n in zip(self.bins, shape[1:], strict=True)))


@dataclass(frozen=True)
class Flatten:
    """All values of an image in one vector, a view of the same memory."""

    def output_shape(self, shape: Shape) -> Shape:
        """A vector of as many values."""
        return (prod(shape),)


@dataclass(frozen=True)
class Linear:
    """A fully connected layer."""

    in_features: int
    out_features: int

    def output_shape(self, shape: Shape) -> Shape:
        """Raises ShapeMismatch where the features do not fit."""
        if shape != (self.in_features,):
            raise ShapeMismatch(f"expected {self.in_features} features, got {times(shape)}")
        return (self.out_features,)


@dataclass(frozen=True)
class Pointwise:
    """What leaves shape and receptive field alone: norms, activations, softmax.

    Attributes:
        keeps: which of its tensors training keeps for the backward pass.
        in_place: whether it writes over its input.
    """

    keeps: Literal["input", "output"]
    in_place: bool = False

    def output_shape(self, shape: Shape) -> Shape:
        """The input's."""
        return shape


@dataclass(frozen=True)
class Dropout:
    """Values set to zero at random while training; nothing happens at inference.

    Attributes:
        whole_channels: whether a channel is dropped as one.
        in_place: whether it writes over its input.
    """

    probability: float
    whole_channels: bool = False
    in_place: bool = False

    def output_shape(self, shape: Shape) -> Shape:
        """The input's."""
        return shape


@dataclass(frozen=True)
class Identity:
    """Nothing."""

    def output_shape(self, shape: Shape) -> Shape:
        """The input's."""
        return shape


@dataclass(frozen=True)
class Unsupported:
    """An operation whose rule is not known here; nothing about it is guessed.

    Attributes:
        taken: the shape it was seen to take.
        given: the shape it was seen to return.
    """

    taken: Shape
    given: Shape

    def output_shape(self, shape: Shape) -> Shape:
        """Raises ShapeMismatch for any shape but the one that was seen."""
        if shape != self.taken:
            raise ShapeMismatch(
                f"expected {times(self.taken)}, the one shape seen, got {times(shape)}"
            )
        return self.given


Operation = (
    Convolution
    | Pool
    | AdaptivePool
    | Flatten
    | Linear
    | Pointwise
    | Dropout
    | Identity
    | Unsupported
)


def _expect_axes(axes: int, shape: Shape) -> None:
    if axes < 1 or len(shape) != axes + 1:
        raise ShapeMismatch(f"expected channels and {axes} axes, got {times(shape)}")
