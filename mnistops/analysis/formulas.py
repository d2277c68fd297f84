"""The two formulas of a receptive-field table, with a layer's numbers in them."""

from collections.abc import Sequence

from mnistops.analysis.footprint import Footprint
from mnistops.analysis.operations import (
    AdaptivePool,
    Flatten,
    Linear,
    Operation,
    Sizes,
    Unsupported,
)

OUTPUT_SIZE = "output = floor((input + 2*padding - dilation*(kernel-1) - 1)/stride) + 1"
FIELD_SIZE = "size = size_in + (kernel-1)*dilation*jump_in, jump = jump_in*stride"


def size_formula(
    taken: Sequence[Footprint], sizes_in: Sizes, jumps_in: Sequence[object], sizes: Sizes
) -> str:
    """``8 + (3-1)*2*2 = 16``: the field in numbers, once for axes that agree."""
    if not taken:
        return "unchanged"
    return _for_axes(
        [
            f"{size_in} + ({axis.kernel_size}-1)*{axis.dilation}*{jump_in} = {size}"
            if axis.is_exact
            else f"at most {size}"
            for axis, size_in, jump_in, size in zip(taken, sizes_in, jumps_in, sizes, strict=True)
        ]
    )


def output_formula(
    operation: Operation, taken: Sequence[Footprint], units_in: Sizes, units: Sizes
) -> str:
    """``floor((11 + 2*1 - 2*(3-1) - 1)/1) + 1 = 9``: the output size in numbers."""
    if isinstance(operation, Unsupported):
        return "unsupported"
    if isinstance(operation, AdaptivePool | Flatten | Linear):
        return _for_axes([f"set to {n}" for n in units])
    if not taken:
        return "unchanged"
    return _for_axes(
        [
            _slid(axis, n_in, n, rounding=_rounding(operation))
            for axis, n_in, n in zip(taken, units_in, units, strict=True)
        ]
    )


def _rounding(operation: Operation) -> str:
    window = getattr(operation, "window", None)
    return "ceil" if window is not None and window.ceil_mode else "floor"


def _slid(axis: Footprint, units_in: int, units: int, rounding: str) -> str:
    before, after = axis.padding
    pads = f"2*{before}" if before == after else f"{before} + {after}"
    kernel = axis.kernel_size
    span = units_in + before + after - axis.dilation * (kernel - 1) - 1
    steps = -(-span // axis.stride) if rounding == "ceil" else span // axis.stride
    # torch's ceil_mode leaves out a last window that would start behind the input.
    dropped = " - 1" if steps + 1 > units else ""
    return (
        f"{rounding}(({units_in} + {pads} - {axis.dilation}*({kernel}-1) - 1)/{axis.stride}) + 1"
        f"{dropped} = {units}"
    )


def _for_axes(formulas: list[str]) -> str:
    if len(set(formulas)) == 1:
        return formulas[0]
    names = ("depth", "height", "width")[-len(formulas) :]
    return "; ".join(f"{name}: {text}" for name, text in zip(names, formulas, strict=True))
