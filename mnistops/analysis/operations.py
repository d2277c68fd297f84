"""What a layer does to the shapes of what it takes, as frozen data.

Shapes are torch's, the images first: (N, C, H, W) for images, (N, F) for vectors. Everything after
the channels is an axis, so the same rules hold in one, two and three dimensions. What only moves
values about stands in `mnistops.analysis.rearrangements`.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import floor, prod
from typing import Literal

from mnistops.analysis.rearrangements import Rearrangement
from mnistops.analysis.window import (
    Shape,
    ShapeMismatch,
    Sizes,
    Window,
    broadcast,
    listed,
    times,
)


@dataclass(frozen=True)
class Convolution:
    """A sliding weighted sum."""

    window: Window
    in_channels: int
    out_channels: int
    groups: int = 1

    def output_shape(self, shape: Shape) -> Shape:
        """Raises ShapeMismatch where channels or sizes do not fit."""
        _expect_channels(self, len(self.window.kernel_size), shape)
        return (shape[0], self.out_channels, *self.window.output_size(shape[2:]))


@dataclass(frozen=True)
class TransposedConvolution:
    """A convolution run backwards: each unit is spread over a window of the output.

    Attributes:
        window: of the convolution that it is the transpose of.
        output_padding: units more, at the end of each axis, than the smallest output that fits.
    """

    window: Window
    output_padding: Sizes
    in_channels: int
    out_channels: int
    groups: int = 1

    def output_shape(self, shape: Shape) -> Shape:
        """``(n-1)*stride - pads + dilation*(k-1) + output_padding + 1`` units along each axis.

        Raises ShapeMismatch where channels or sizes do not fit.
        """
        window = self.window
        _expect_channels(self, len(window.kernel_size), shape)
        sizes = tuple(
            (n - 1) * stride - sum(padding) + dilation * (kernel - 1) + more + 1
            for n, stride, padding, dilation, kernel, more in zip(
                shape[2:],
                window.stride,
                window.padding,
                window.dilation,
                window.kernel_size,
                self.output_padding,
                strict=True,
            )
        )
        if min(sizes) < 1:
            raise ShapeMismatch(f"expected an output of at least one unit, got {times(sizes)}")
        return (shape[0], self.out_channels, *sizes)


@dataclass(frozen=True)
class Pool:
    """A sliding maximum or mean, each channel by itself."""

    window: Window
    kind: Literal["max", "avg"]

    def output_shape(self, shape: Shape) -> Shape:
        """Raises ShapeMismatch where the window does not fit."""
        _expect_axes(len(self.window.kernel_size), shape)
        return (*shape[:2], *self.window.output_size(shape[2:]))


@dataclass(frozen=True)
class AdaptivePool:
    """Pooling into a given number of bins per axis; None keeps an axis as it is."""

    bins: tuple[int | None, ...]
    kind: Literal["max", "avg"]

    def output_shape(self, shape: Shape) -> Shape:
        """Raises ShapeMismatch where the number of axes differs."""
        _expect_axes(len(self.bins), shape)
        return (*shape[:2], *(b or n for b, n in zip(self.bins, shape[2:], strict=True)))


@dataclass(frozen=True)
class Interpolate:
    """Images made larger or smaller, by torch's own rule for which units are read.

    Attributes:
        kind: linear is torch's linear, bilinear and trilinear.
        sizes: units along each axis of the output, where the scale does not tell.
        scales: units of the output per unit of the input, where given.
    """

    kind: Literal["nearest", "nearest-exact", "linear", "cubic"]
    sizes: Sizes
    scales: tuple[Fraction | None, ...]
    align_corners: bool = False

    def output_shape(self, shape: Shape) -> Shape:
        """Raises ShapeMismatch where the number of axes differs."""
        _expect_axes(len(self.sizes), shape)
        grown = zip(self.sizes, self.scales, shape[2:], strict=True)
        return (*shape[:2], *(size if s is None else floor(n * s) for size, s, n in grown))


@dataclass(frozen=True)
class Flatten:
    """All values of an image in one vector, a view of the same memory."""

    def output_shape(self, shape: Shape) -> Shape:
        """A vector of as many values."""
        return (shape[0], prod(shape[1:]))


@dataclass(frozen=True)
class Linear:
    """A fully connected layer, over the last dimension."""

    in_features: int
    out_features: int

    def output_shape(self, shape: Shape) -> Shape:
        """Raises ShapeMismatch where the features do not fit."""
        if shape[-1] != self.in_features:
            raise ShapeMismatch(f"expected {self.in_features} features, got {times(shape[1:])}")
        return (*shape[:-1], self.out_features)


@dataclass(frozen=True)
class MatMul:
    """A product of two matrices for each entry of the first dimension: (B, I, K) by (B, K, J).

    Attributes:
        left: the shape of a left factor that does not depend on the images; else None.
        right: the same for the right one.
    """

    left: Shape | None = None
    right: Shape | None = None

    def output_shape(self, *shapes: Shape) -> Shape:
        """Raises ShapeMismatch where the factors do not fit."""
        left, right = self.factors(*shapes)
        if left[0] != right[0] or left[2] != right[1]:
            raise ShapeMismatch(f"expected factors that fit, got {times(left)} by {times(right)}")
        return (left[0], left[1], right[2])

    def factors(self, *shapes: Shape) -> tuple[Shape, Shape]:
        """Both factors' shapes."""
        waiting = iter(shapes)
        return self.left or next(waiting), self.right or next(waiting)


@dataclass(frozen=True)
class Pointwise:
    """What leaves receptive fields alone: norms, activations, sums of tensors.

    Shapes are broadcast, as torch does.

    Attributes:
        keeps: which of its tensors training keeps for the backward pass; None where no rule says.
        in_place: whether it writes over its (first) input.
        multiplies: whether it is a product, so that an input which is one number per channel is a
            gate.
        constants: shapes of inputs that do not depend on the images.
    """

    keeps: Literal["input", "output"] | None
    in_place: bool = False
    multiplies: bool = False
    constants: tuple[Shape, ...] = ()

    def output_shape(self, *shapes: Shape) -> Shape:
        """The shapes broadcast; raises ShapeMismatch where they do not fit."""
        return broadcast(*shapes, *self.constants)


@dataclass(frozen=True)
class Join:
    """Softmax: each value depends on all along some dimensions, and the shape stays."""

    dims: Sizes

    def output_shape(self, shape: Shape) -> Shape:
        """The input's."""
        return shape


@dataclass(frozen=True)
class Reduce:
    """One value of all along some dimensions: a mean, a maximum."""

    dims: Sizes
    keeps_dims: bool

    def output_shape(self, shape: Shape) -> Shape:
        """The shape with these dimensions 1, or without them."""
        sizes = enumerate(shape)
        if self.keeps_dims:
            return tuple(1 if dim in self.dims else n for dim, n in sizes)
        return tuple(n for dim, n in sizes if dim not in self.dims)


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
        taken: the shapes it was seen to take.
        given: the shape it was seen to return.
    """

    taken: tuple[Shape, ...]
    given: Shape

    def output_shape(self, *shapes: Shape) -> Shape:
        """Raises ShapeMismatch for any shapes but those that were seen."""
        if shapes != self.taken:
            raise ShapeMismatch(
                f"expected {listed(self.taken)}, the one shape seen, got {listed(shapes)}"
            )
        return self.given


Operation = (
    Convolution
    | TransposedConvolution
    | Pool
    | AdaptivePool
    | Interpolate
    | Flatten
    | Linear
    | MatMul
    | Pointwise
    | Join
    | Reduce
    | Dropout
    | Identity
    | Unsupported
    | Rearrangement
)


def _expect_axes(axes: int, shape: Shape) -> None:
    if axes < 1 or len(shape) != axes + 2:
        raise ShapeMismatch(f"expected channels and {axes} axes, got {times(shape[1:])}")


def _expect_channels(
    operation: Convolution | TransposedConvolution, axes: int, shape: Shape
) -> None:
    _expect_axes(axes, shape)
    if shape[1] != operation.in_channels:
        raise ShapeMismatch(f"expected {operation.in_channels} channels, got {shape[1]}")
    for channels in (operation.in_channels, operation.out_channels):
        if channels % operation.groups:
            raise ShapeMismatch(
                f"expected channels in a multiple of {operation.groups} (groups), got {channels}"
            )
