"""Numbers of paths, held against gradients of networks of ones."""

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from mnistops.analysis.capture import capture
from mnistops.analysis.graph import LayerGraph
from mnistops.analysis.lower import lower
from mnistops.analysis.paths import Counts, centre, missed_pixels, path_counts
from mnistops.analysis.receptive_field import sights
from mnistops.analysis.what_if import what_if
from mnistops.errors import UsageError
from mnistops.networks.spec import AnyBlock, AvgPool, Conv, GlobalAvgPool, MaxPool, NetworkSpec
from mnistops.networks.zoo import REFERENCE
from tests.strategies import specs

GRAPH = lower(REFERENCE)


def summed(values: Tensor, block: Conv | MaxPool) -> Tensor:
    """A convolution with ones, or a max pool as sums; torch tells how many units there are."""
    ones = torch.ones(1, 1, *block.kernel_size, dtype=values.dtype)
    kernel, stride, dilation = block.kernel_size, block.stride or block.kernel_size, block.dilation
    if isinstance(block, Conv):
        return functional.conv2d(values, ones, None, stride, block.padding, dilation)
    top, left = block.padding
    pooled = functional.max_pool2d(values, kernel, stride, (top, left), dilation, block.ceil_mode)
    # As many zeros behind as any last window that hangs over the edge could want.
    padded = functional.pad(values, (left, 60, top, 60))
    slid = functional.conv2d(padded, ones, None, stride, 0, dilation)
    return slid[:, :, : pooled.shape[2], : pooled.shape[3]]


def through(values: Tensor, block: AnyBlock) -> Tensor:
    """A block with one channel, weights 1 and nothing but sums."""
    match block:
        case Conv() | MaxPool():
            return summed(values, block)
        case AvgPool(kernel_size=kernel, stride=stride, padding=padding, ceil_mode=ceil_mode):
            return functional.avg_pool2d(
                values, kernel, stride, padding, ceil_mode, divisor_override=1
            )
        case GlobalAvgPool():
            return values.sum((2, 3), keepdim=True)
        case _:
            return values.flatten(1).sum(1, keepdim=True)


def places(graph: LayerGraph) -> Iterator[tuple[str, int]]:
    """The blocks' names with the last layer of each."""
    last = {layer.path.split(".")[0]: place for place, layer in enumerate(graph.layers)}
    yield from ((name, place) for name, place in last.items() if name)


def gradient(values: Tensor, pixels: Tensor, unit: tuple[int, ...] | None = None) -> Counts:
    """Of one unit of a tensor by the pixels (H, W)."""
    if values.ndim == 4:
        row, column = unit or centre(tuple(values.shape[2:]))
        values = values[:, :, row, column]
    (found,) = torch.autograd.grad(values.sum(), pixels, retain_graph=True, materialize_grads=True)
    counts: Counts = found.sum((0, 1)).numpy()
    return counts


@given(specs(), st.data())
def test_counts_are_the_gradient_of_a_network_of_ones(
    spec: NetworkSpec, data: st.DataObject
) -> None:
    graph = lower(spec)
    pixels = torch.zeros(1, 1, *spec.input_size[1:], dtype=torch.float64, requires_grad=True)
    values = pixels.clone()
    blocks = {block.name: block for block in spec.blocks}
    for name, place in places(graph):
        values = through(values, blocks[name])
        units = tuple(values.shape[2:]) or (1, 1)
        assert units == (graph.layers[place].given[2:] or (1, 1))
        unit = tuple(data.draw(st.integers(0, n - 1)) for n in units)
        np.testing.assert_array_equal(path_counts(graph, place), gradient(values, pixels))
        counts = path_counts(graph, place, unit)
        np.testing.assert_array_equal(counts, gradient(values, pixels, unit))


class Ones(nn.Module):
    """Convolutions of ones between which anything may stand."""

    def __init__(self, function: Callable[["Ones", Tensor], Tensor], channels: int = 1) -> None:
        super().__init__()
        self.function = function
        self.first = nn.Conv2d(1, 1, 3, bias=False)
        self.side = nn.Conv2d(1, 1, 5, padding=1, bias=False)
        self.last = nn.Conv2d(channels, 1, 3, padding=2, dilation=2, bias=False)
        self.up = nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1, bias=False)
        for weights in self.parameters():
            nn.init.ones_(weights)

    def forward(self, images: Tensor) -> Tensor:
        return self.function(self, images)


@pytest.mark.parametrize(
    "net",
    [
        Ones(lambda net, x: net.last(net.first(x) + net.side(x))),
        Ones(lambda net, x: net.last(torch.cat([net.first(x), net.side(x)], 1)), 2),
        Ones(lambda net, x: net.last(torch.cat([net.first(x), net.side(x)], 2))),
        Ones(lambda net, x: net.last(torch.cat([net.first(x), net.side(x)], 3))),
        Ones(lambda net, x: net.last(net.up(net.first(x)))),
        Ones(lambda net, x: net.last(functional.interpolate(net.first(x), scale_factor=2.0))),
        Ones(lambda net, x: net.last(functional.pad(net.first(x), (2, 0, -1, 3)))),
        Ones(lambda net, x: net.last(net.first(x)[:, :, 2:9:2, 1:])),
        Ones(lambda net, x: net.last(net.first(x).roll(3, 3))),
        Ones(lambda net, x: net.last(net.first(x).sum((2, 3), keepdim=True) + net.side(x))),
        Ones(lambda net, x: net.last(x).sum((2, 3)).flatten(1)),
        Ones(lambda net, x: net.last(net.first(x)).sum(2, keepdim=True)),
        Ones(lambda net, x: net.last(functional.pixel_shuffle(x.expand(-1, 4, -1, -1), 2))),
        Ones(lambda net, x: net.last(net.first(x).sum((2, 3), keepdim=True).expand(-1, -1, 7, 7))),
    ],
)
def test_branches_and_moves_are_counted_as_torch_does(net: Ones) -> None:
    graph = capture(net, (1, 13, 11), "net")
    pixels = torch.zeros(1, 1, 13, 11, requires_grad=True)
    expected = gradient(net(pixels), pixels)
    assert expected.max() > 0
    np.testing.assert_array_equal(path_counts(graph, graph.outputs[0]), expected)


def test_a_softmax_spreads_to_all_positions() -> None:
    net = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten(2), nn.Softmax(2), nn.Unflatten(2, (4, 4)))
    with pytest.raises(UsageError, match="Unflatten"):
        path_counts(capture(net, (1, 6, 6), "net"), 3)
    softmax = Ones(lambda net, x: net.last(functional.softmax(net.first(x), 3)))
    counts = path_counts(capture(softmax, (1, 12, 12), "net"), 2, (0, 0))
    # Rows 0 and 2 of 10 x 10 units in two columns each, each of which takes its whole row.
    rows = np.array([1, 1, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    columns = np.array([1, 2, *[3] * 8, 2, 1])
    np.testing.assert_array_equal(counts, 2 * np.outer(rows, columns))


class Gated(nn.Module):
    """Squeeze and excitation."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(2, 2, 1), nn.Sigmoid())

    def forward(self, images: Tensor) -> Tensor:
        values: Tensor = self.conv(images)
        gate: Tensor = self.squeeze(values)
        return values * gate


def test_a_gate_leads_nowhere() -> None:
    graph = capture(Gated(), (1, 7, 7), "gated")
    expected = np.zeros((7, 7))
    expected[2:5, 2:5] = 1
    np.testing.assert_array_equal(path_counts(graph, len(graph.layers) - 1), expected)


def test_large_counts_do_not_overflow() -> None:
    blocks = tuple(Conv(name=f"b{i}", out_channels=1, padding="same") for i in range(40))
    graph = lower(NetworkSpec(name="deep", input_size=(1, 99, 99), blocks=blocks))
    place = dict(places(graph))["b39"]
    assert path_counts(graph, place).sum() == pytest.approx(9.0**40, rel=1e-12)


@pytest.mark.parametrize(
    ("dilation", "first", "touched"), [(1, 8, 12), (2, 6, 16), (3, 4, 20), (4, 2, 24), (5, 0, 24)]
)
def test_in_reference_columns_are_missed_at_dilation_5_only(
    dilation: int, first: int, touched: int
) -> None:
    graph = what_if(GRAPH, dilation, (), keep_size=True)
    place = next(i for i, layer in enumerate(graph.layers) if layer.path == "convblock5.0")
    counts, seen = path_counts(graph, place), sights(graph)[place]
    assert seen is not None
    size = 8 + 2 * dilation * 2  # pool1's 8 pixels, and two taps more at a jump of 2
    assert (counts.max(0) > 0).sum() == (counts.max(1) > 0).sum() == touched
    box = ((first, first + size - 1), (first, first + size - 1))
    missed = missed_pixels(counts, seen, (5, 5), box)
    assert missed.sum() == size**2 - touched**2
    assert not (missed & (counts > 0)).any()
    expected = [8, 9, 18, 19] if dilation == 5 else []
    assert np.nonzero(missed.all(0))[0].tolist() == expected


def test_pixels_behind_padding_are_not_missed_by_gaps() -> None:
    place = next(i for i, layer in enumerate(GRAPH.layers) if layer.path == "convblock7.0")
    counts, seen = path_counts(GRAPH, place), sights(GRAPH)[place]
    assert seen is not None
    # Two units of convblock6 on each side stand in for padding: 24 of 28 rows are touched.
    assert (counts == 0).sum() == 28**2 - 24**2
    assert not missed_pixels(counts, seen, (2, 2), ((0, 27), (0, 27))).any()


def test_a_path_that_leaves_a_layer_and_comes_back_is_lost_to_padding() -> None:
    net = nn.Sequential(
        nn.Conv2d(1, 1, 3, padding=4, dilation=4), nn.Conv2d(1, 1, 3, padding=6, dilation=6)
    )
    graph = capture(net, (1, 11, 11), "net")
    counts, seen = path_counts(graph, 1), sights(graph)[1]
    assert seen is not None
    # From 5 by -6, 0, 6 to 5, the others are padding, and on by -4, 0, 4.
    assert np.nonzero(counts.any(0))[0].tolist() == [1, 5, 9]
    # By 5 - 6 + 4 and 5 + 6 - 4 there would be 3 and 7; nothing leads to the even ones.
    missed = missed_pixels(counts, seen, (5, 5), ((0, 10), (0, 10)))
    assert np.nonzero(missed.all(0))[0].tolist() == [0, 2, 4, 6, 8, 10]
    assert not missed[1::2, 1::2].any()


def test_where_branches_meet_all_between_touched_pixels_is_missed() -> None:
    wide, tall = nn.Conv2d(1, 1, (1, 3), dilation=3), nn.Conv2d(1, 1, (3, 1), dilation=3)
    net = Ones(lambda _, x: wide(x)[:, :, 3:8] + tall(x)[:, :, :, 3:8])
    graph = capture(net, (1, 11, 11), "cross")
    place = graph.outputs[0]
    counts, seen = path_counts(graph, place), sights(graph)[place]
    assert seen is not None
    assert sorted(map(tuple, np.argwhere(counts))) == [(2, 5), (5, 2), (5, 5), (5, 8), (8, 5)]
    missed = missed_pixels(counts, seen, (2, 2), ((2, 8), (2, 8)))
    assert missed.sum() == 7 * 7 - 5


def test_what_is_not_followed_names_the_layer() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 4, stride=4), nn.Flatten(2), nn.LayerNorm(16))
    graph = capture(net, (1, 16, 16), "tokens")
    assert path_counts(graph, 0).sum() == 16
    with pytest.raises(UsageError, match=re.escape("tokens: 1 (Flatten): expected layers from")):
        path_counts(graph, 1)
    with pytest.raises(UsageError, match=re.escape("2 (LayerNorm): expected layers from")):
        path_counts(graph, 2)


@pytest.mark.parametrize("unit", [(26, 0), (0, -1), (1,), (1, 1, 1)])
def test_a_unit_that_is_not_there_is_an_error(unit: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match=re.escape("convblock1.0 (Conv2d): expected a unit of 26")):
        path_counts(GRAPH, 0, unit)


def test_other_inputs_than_images_are_an_error() -> None:
    graph = capture(nn.Conv1d(1, 1, 3), (1, 9), "line")
    with pytest.raises(
        UsageError, match=re.escape("line: expected an input of (C, H, W), got 1 x")
    ):
        path_counts(graph, 0)
