"""Shapes: how they are broadcast, and what a sliding kernel makes of them along each axis."""

from dataclasses import dataclass

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


def broadcast(*shapes: Shape) -> Shape:
    """The shape of a pointwise result.

    Raises:
        ShapeMismatch: sizes differ, and none of them is 1.
    """
    ndim = max(map(len, shapes))
    columns = zip(*((1,) * (ndim - len(shape)) + shape for shape in shapes), strict=True)
    result = []
    for sizes in columns:
        others = set(sizes) - {1}
        if len(others) > 1:
            raise ShapeMismatch(f"expected equal shapes, got {listed(shapes)}")
        result.append(others.pop() if others else 1)
    return tuple(result)


def listed(shapes: tuple[Shape, ...]) -> str:
    """``8 x 8 and 4 x 4`` for people, the images left out."""
    return " and ".join(times(shape[1:]) for shape in shapes)
