"""Windows: stand-ins for convolutions and pools, which are means over windows.

Values are (kinds, *axes); sizes have one number per axis.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from mnistops.analysis.probing.shadow import NotProbed, Shadow, by_channels
from mnistops.analysis.probing.step import Step
from mnistops.analysis.window import Sizes


def convolved(step: Step) -> Shadow:
    """The mean over a window and over the channels of a group."""
    source, kernel_size = step.source, tuple(step.argument(1, "weight").shape[2:])
    axes = len(kernel_size)
    stride, dilation = step.sizes(3, "stride", axes, 1), step.sizes(5, "dilation", axes, 1)
    padding = step.argument(4, "padding", 0)
    if padding == "same":
        before = tuple(d * (k - 1) // 2 for d, k in zip(dilation, kernel_size, strict=True))
    else:
        before = (0,) * axes if padding == "valid" else step.sizes(4, "padding", axes, 0)
    values, kinds = _grouped(source, step.shape[1], step.argument(6, "groups", 1))
    for axis, window in enumerate(zip(kernel_size, stride, before, dilation, strict=True)):
        values = slid(values, axis, step.shape[axis + 2], *window)
    return by_channels(values, kinds, step.shape, source.is_joined)


def transposed(step: Step) -> Shadow:
    """Each value spread over a window: a window that slides over values with zeros between."""
    source, kernel_size = step.source, tuple(step.argument(1, "weight").shape[2:])
    axes = len(kernel_size)
    stride, padding = step.sizes(3, "stride", axes, 1), step.sizes(4, "padding", axes, 0)
    dilation = step.sizes(7, "dilation", axes, 1)
    values, kinds = _grouped(source, step.shape[1], step.argument(6, "groups", 1))
    windows = zip(kernel_size, stride, padding, dilation, strict=True)
    for axis, (kernel, jump, margin, spacing) in enumerate(windows):
        apart = functional.pad(values.movedim(axis + 1, -1)[..., None], [0, jump - 1])
        values = apart.flatten(-2).movedim(-1, axis + 1)
        before = spacing * (kernel - 1) - margin
        values = slid(values, axis, step.shape[axis + 2], kernel, 1, before, spacing)
    return by_channels(values, kinds, step.shape, source.is_joined)


def pooled(step: Step) -> Shadow:
    """The mean over a window, for the largest value too."""
    source, axes = step.source, int(step.name[-2])
    if len(source.shape) != axes + 2:
        raise NotProbed(f"nothing linear stands for {step.name} of {len(source.shape)} dimensions")
    kernel_size = step.sizes(1, "kernel_size", axes, 1)
    stride, before = step.sizes(2, "stride", axes, kernel_size), step.sizes(3, "padding", axes, 0)
    is_spaced = step.name.startswith("max")
    dilation = step.sizes(4, "dilation", axes, 1) if is_spaced else (1,) * axes
    values, kinds = source.channels()
    for axis, window in enumerate(zip(kernel_size, stride, before, dilation, strict=True)):
        values = slid(values, axis, step.shape[axis + 2], *window)
    return by_channels(values, kinds, step.shape, source.is_joined)


def pooled_into_bins(step: Step) -> Shadow:
    """The mean of each bin.

    At another size, bins that are windows of one kind keep their length, not their number.
    """
    source = step.source
    axes = len(source.shape) - 2
    if not isinstance(step.result, Tensor) or axes != int(step.name[-2]):
        raise NotProbed(f"nothing linear stands for {step.name} with indices")
    values, kinds = source.channels()
    for axis in range(axes):
        window, bins = None, step.shape[axis + 2]
        if step.alike is not None:
            bins = step.alike.given[0][axis + 2]
            window = _window_of(step.alike.taken[0][axis + 2], bins)
        if window is None:
            values = _binned(values, axis, bins)
        else:
            kernel, stride = window
            units = (values.shape[axis + 1] - kernel) // stride + 1
            values = slid(values, axis, units, kernel, stride)
    return by_channels(values, kinds, (*step.shape[:2], *values.shape[1:]), source.is_joined)


def slid(
    values: Tensor,
    axis: int,
    units: int,
    kernel: int,
    stride: int,
    before: int = 0,
    dilation: int = 1,
) -> Tensor:
    """The mean over a window that slides along one axis; zeros stand around.

    Args:
        values: (kinds, *axes).
        units: how many windows there are.
        before: zeros before the first value.
    """
    length = dilation * (kernel - 1) + 1
    after = (units - 1) * stride + length - values.shape[axis + 1] - before
    framed = functional.pad(values.movedim(axis + 1, -1), [before, after])
    weights = torch.full((1, 1, kernel), 1 / kernel, dtype=torch.double)
    rows = framed.reshape(-1, 1, framed.shape[-1])
    means = functional.conv1d(rows, weights, stride=stride, dilation=dilation)
    return means.reshape(*framed.shape[:-1], units).movedim(-1, axis + 1)


def _grouped(source: Shadow, channels: int, groups: int) -> tuple[Tensor, list[int]]:
    """The mean of each group of channels, and of each channel of the output its kind."""
    values, kinds = source.channels()
    size = len(kinds) // groups
    members = [tuple(sorted(set(kinds[g * size : (g + 1) * size]))) for g in range(groups)]
    different = list(dict.fromkeys(members))
    means = _means(values, different)
    return means, [different.index(m) for m in members for _ in range(channels // groups)]


def _means(values: Tensor, sets: Sequence[Sizes]) -> Tensor:
    """(sets, *axes): the mean of each set of kinds."""
    if all(len(kinds) == 1 for kinds in sets):
        return values[[kinds[0] for kinds in sets]]
    return torch.stack([values[list(kinds)].mean(0) for kinds in sets])


def _binned(values: Tensor, axis: int, bins: int) -> Tensor:
    """The mean of each of so many bins along one axis."""
    moved = values.movedim(axis + 1, -1)
    means = functional.adaptive_avg_pool1d(moved.flatten(0, -2), bins)
    return means.reshape(*moved.shape[:-1], bins).movedim(-1, axis + 1)


def _window_of(n: int, bins: int) -> tuple[int, int] | None:
    """Length and step of equal bins, where there are several."""
    firsts = [i * n // bins for i in range(bins)]
    lengths = {-(-(i + 1) * n // bins) - first for i, first in enumerate(firsts)}
    steps = {b - a for a, b in pairwise(firsts)}
    is_window = len(lengths) == len(steps) == 1 and min(steps) > 0
    return (lengths.pop(), steps.pop()) if is_window else None
