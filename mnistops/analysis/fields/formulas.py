"""The two formulas of a receptive-field table, with a layer's numbers in them."""

from collections.abc import Sequence
from fractions import Fraction

from mnistops.analysis.fields.footprint import Footprint
from mnistops.analysis.operations import (
    AdaptivePool,
    Convolution,
    Operation,
    Pool,
    TransposedConvolution,
    Unsupported,
)
from mnistops.analysis.window import Sizes, times

OUTPUT_SIZE = "output = floor((input + 2*padding - dilation*(kernel-1) - 1)/stride) + 1"
FIELD_SIZE = "size = size_in + (kernel-1)*dilation*jump_in, jump = jump_in*stride"


def size_formula(
    taken: Sequence[Footprint],
    sizes_in: Sizes,
    jumps_in: Sequence[Fraction],
    sizes: Sequence[tuple[int, int]],
) -> str:
    """``8 + (3-1)*2*2 = 16``: the field in numbers, once for axes that agree.

    Args:
        sizes: the smallest and the largest field along each axis.
    """
    return _for_axes(
        [
            _grown(axis, size_in, jump_in, *size)
            for axis, size_in, jump_in, size in zip(taken, sizes_in, jumps_in, sizes, strict=True)
        ]
    )


def _grown(axis: Footprint, size_in: int, jump_in: Fraction, least: int, most: int) -> str:
    kernel = axis.kernel_size or 1
    if least < most or len(axis.taps) > 1:
        return f"{least} to {most}" if least < most else str(most)
    if size_in + (kernel - 1) * axis.dilation * jump_in != most:
        return str(most)  # behind fields that differ from unit to unit
    return f"{size_in} + ({kernel}-1)*{axis.dilation}*{jump_in} = {most}"


def output_formula(
    operation: Operation, taken: Sequence[Footprint], units_in: Sizes, units: Sizes
) -> str:
    """``floor((11 + 2*1 - 2*(3-1) - 1)/1) + 1 = 9``: the output size in numbers."""
    match operation:
        case Unsupported():
            return "unsupported"
        case _ if units == units_in and not taken:
            return "unchanged"
        case _ if not taken or not len(taken) == len(units) == len(units_in):
            return f"{times(units_in)} to {times(units)}"
        case Convolution() | Pool():
            rounding = "ceil" if operation.window.ceil_mode else "floor"
            return _for_axes(
                [_slid(*axis, rounding) for axis in zip(taken, units_in, units, strict=True)]
            )
        case TransposedConvolution():
            spread = zip(taken, units_in, operation.output_padding, units, strict=True)
            return _for_axes([_spread(*axis) for axis in spread])
        case AdaptivePool():
            return _for_axes([f"set to {n}" for n in units])
        case _:
            return _for_axes([f"{n_in} to {n}" for n_in, n in zip(units_in, units, strict=True)])


def _slid(axis: Footprint, units_in: int, units: int, rounding: str) -> str:
    before, after = axis.padding
    pads = f"2*{before}" if before == after else f"{before} + {after}"
    kernel = axis.kernel_size or 1
    span = units_in + before + after - axis.dilation * (kernel - 1) - 1
    steps = -(-span // axis.stride) if rounding == "ceil" else span // axis.stride
    # torch's ceil_mode leaves out a last window that would start behind the input.
    dropped = " - 1" if steps + 1 > units else ""
    return (
        f"{rounding}(({units_in} + {pads} - {axis.dilation}*({kernel}-1) - 1)/{axis.stride}) + 1"
        f"{dropped} = {units}"
    )


def _spread(axis: Footprint, units_in: int, more: int, units: int) -> str:
    before, after = axis.padding
    pads = f"2*{before}" if before == after else f"({before} + {after})"
    span = f"{axis.dilation}*({axis.kernel_size}-1)"
    return f"({units_in}-1)*{axis.stride.denominator} - {pads} + {span} + {more} + 1 = {units}"


def _for_axes(formulas: list[str]) -> str:
    if len(set(formulas)) == 1:
        return formulas[0]
    names = ("depth", "height", "width")[-len(formulas) :]
    return "; ".join(f"{name}: {text}" for name, text in zip(names, formulas, strict=True))
