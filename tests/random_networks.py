"""Random torch networks of images (N, C, H, W): branches, pieces, paddings, resizing, reuse."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from tests.network_steps import (
    AcrossChannels,
    Call,
    Convolved,
    Network,
    Padded,
    Pooled,
    Resized,
    Shape,
    Step,
    Transposed,
    Wrapped,
)
from tests.strategies import pairs

MOST_VALUES = 1 << 15


def _convolution(draw: st.DrawFn, channels: int) -> Step:
    groups = draw(st.sampled_from([g for g in (1, 1, 2, channels) if channels % g == 0]))
    padding = draw(st.one_of(pairs(0, 2), st.just("same")))
    conv = nn.Conv2d(
        channels,
        groups * draw(st.integers(1, 2 if groups < 4 else 1)),
        draw(pairs(1, 3)),
        stride=1 if padding == "same" else draw(pairs(1, 2)),
        padding=padding,
        dilation=draw(pairs(1, 2)),
        groups=groups,
        bias=draw(st.booleans()),
        dtype=torch.double,
    )
    return Convolved(conv, draw(st.booleans()))


def _transposed(draw: st.DrawFn, channels: int) -> Step:
    stride = draw(pairs(1, 3))
    conv = nn.ConvTranspose2d(
        channels,
        draw(st.integers(1, 2)),
        draw(pairs(1, 3)),
        stride=stride,
        padding=draw(pairs(0, 1)),
        output_padding=tuple(draw(st.integers(0, s - 1)) for s in stride),  # type: ignore[arg-type]
        dilation=draw(pairs(1, 2)),
        dtype=torch.double,
    )
    return Transposed(conv)


def _pool(draw: st.DrawFn, _channels: int) -> Step:
    kernel = draw(pairs(1, 3))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    stride, ceil_mode = draw(pairs(1, 2)), draw(st.booleans())
    pool: nn.MaxPool2d | nn.AvgPool2d
    if draw(st.booleans()):
        pool = nn.MaxPool2d(kernel, stride, padding, draw(pairs(1, 2)), ceil_mode=ceil_mode)
    else:
        pool = nn.AvgPool2d(kernel, stride, padding, ceil_mode)  # type: ignore[arg-type]
    return Pooled(pool, draw(st.booleans()))


def _padding(draw: st.DrawFn, _channels: int) -> Step:
    return Padded(draw(st.lists(st.integers(-1, 2), min_size=4, max_size=4)))


def _resizing(draw: st.DrawFn, _channels: int) -> Step:
    mode = draw(st.sampled_from(("nearest", "nearest-exact", "bilinear")))
    options: dict[str, Any] = {"mode": mode}
    if mode == "bilinear":
        options["align_corners"] = draw(st.booleans())
    if draw(st.booleans()):
        scales = st.sampled_from((0.5, 1.0, 1.5, 2.0))
        return Resized(scale_factor=(draw(scales), draw(scales)), **options)
    return Resized(size=draw(pairs(1, 20)), **options)


def _rearrangement(draw: st.DrawFn, _channels: int) -> Step:
    start, step, dim = draw(st.integers(0, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 3))
    steps: list[Step] = [
        Call(
            f"slice {dim} {start}::{step}",
            lambda t: t[(slice(None),) * dim + (slice(start, None, step),)],
        ),
        Call(f"flip {dim}", lambda t: t.flip([dim])),
        Call("NHWC", lambda t: t.permute(0, 2, 3, 1).relu().permute(0, 3, 1, 2)),
        Wrapped(nn.PixelShuffle(2)),
        Wrapped(nn.ChannelShuffle(2)),
    ]
    return draw(st.sampled_from(steps))


def _pointwise(draw: st.DrawFn, _channels: int) -> Step:
    steps: list[Step] = [
        Call("relu", functional.relu),
        Call("relu_", lambda t: t.relu_()),
        Call("2*", lambda t: 2 * t),
        Wrapped(nn.ReLU(inplace=True)),
        Wrapped(nn.Identity()),
        Wrapped(nn.Dropout()),
    ]
    return draw(st.sampled_from(steps))


def _parts(draw: st.DrawFn, channels: int) -> Step:
    """Some of the channels apart from the others, as in shufflenet."""
    count = draw(st.integers(1, channels))
    if draw(st.booleans()):
        return Call("chunk", lambda t: tuple(t.chunk(2, 1)))
    sizes = [count, channels - count] if count < channels else [count]
    return Call(f"split {sizes}", lambda t: tuple(t.split(sizes, 1)))


def _across_channels(draw: st.DrawFn, channels: int) -> Step:
    return AcrossChannels(nn.Linear(channels, draw(st.integers(1, 3)), dtype=torch.double))


def _binning(draw: st.DrawFn, _channels: int) -> Step:
    kind = draw(st.sampled_from((nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)))
    return Wrapped(kind(draw(pairs(1, 6))))


def _merging(draw: st.DrawFn, _channels: int) -> Step:
    steps = (
        Call("add", lambda a, b: a + b),
        Call("add_", lambda a, b: a.add_(b)),
        Call("cat", lambda a, b: torch.cat((a, b), 1)),
    )
    return draw(st.sampled_from(steps))


def added(
    network: Network, step: Step, wires: tuple[int, ...], shape: Shape
) -> tuple[Tensor, ...] | None:
    """All tensors of the network with one step more; None where torch cannot run it."""
    network.add(step, wires)
    try:
        images = torch.ones(shape, dtype=torch.double, requires_grad=True)
        made = network.eval().spread(images, outside=0.0)
        torch.autograd.grad([tensor.sum() for tensor in made], images)
        network(images.detach())
    except (RuntimeError, ValueError, IndexError):
        made = ()
    if made and all(
        0 < t.numel() <= MOST_VALUES and t.numel() < 2**10 * t.shape[0] * 8 for t in made
    ):
        return made
    del network.order[-1]
    return None


LOCAL = (
    _convolution,
    _convolution,
    _transposed,
    _pool,
    _padding,
    _rearrangement,
    _pointwise,
    _parts,
    _across_channels,
    _merging,
    _merging,
    _merging,
)
ALL = (*LOCAL, _resizing, _binning)

Draw = Callable[[st.DrawFn, int], Step]


@st.composite
def networks(
    draw: st.DrawFn, shape: tuple[int, ...], kinds: Sequence[Draw] = ALL, most: int = 8
) -> Network:
    """A network that takes images of this shape, (2, C, H, W)."""
    network = Network()
    tensors: tuple[Tensor, ...] = (torch.zeros(shape, dtype=torch.double),)
    for _ in range(draw(st.integers(1, most))):
        source = draw(st.one_of(st.just(len(tensors) - 1), st.integers(0, len(tensors) - 1)))
        channels = tensors[source].shape[1]
        again = [step for step in network.steps if isinstance(step, Convolved)]
        kind = draw(st.sampled_from(kinds))
        wires: tuple[int, ...] = (source,)
        if kind is _merging:
            sizes = tensors[source].shape[2:]
            others = [i for i, t in enumerate(tensors) if t.shape[2:] == sizes]
            wires = (source, draw(st.sampled_from(others)))
            step = kind(draw, channels)
        elif again and draw(st.integers(0, 7)) == 0:
            step = draw(st.sampled_from(again))
        elif most > 3 and draw(st.integers(0, 9)) == 0:
            step = draw(networks(tuple(tensors[source].shape), kinds, 3))
        else:
            step = kind(draw, channels)
        tensors = added(network, step, wires, shape) or tensors
    # So that there is one layer at least.
    network.add(Call("2*", lambda t: 2 * t), (len(tensors) - 1,))
    return network.eval()
