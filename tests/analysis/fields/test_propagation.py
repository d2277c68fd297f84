"""Propagation: what the values of random networks touch, against torch's gradients."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from mnistops.analysis.capture import capture
from mnistops.analysis.fields.extent import Field, hull
from mnistops.analysis.fields.propagation import behind
from mnistops.analysis.fields.reach import Span, either
from mnistops.analysis.fields.sight import Sight
from mnistops.analysis.operations import Unsupported
from mnistops.analysis.receptive_field import ReceptiveField, receptive_fields, sights
from tests.network_steps import NOTHING, Network, Shape, touched
from tests.random_mixtures import mixtures
from tests.random_networks import ALL, LOCAL, networks

# Half of what the profile says: these take longer than others.
FEW = settings().max_examples // 2


def shapes(low: int, high: int) -> st.SearchStrategy[Shape]:
    """(2, C, H, W)."""
    sizes = st.integers(low, high)
    return st.tuples(st.just(2), st.integers(1, 2), sizes, sizes)


def indices(data: st.DataObject, shape: Shape) -> list[Shape]:
    """A corner, the centre and any other place."""
    anywhere = tuple(data.draw(st.integers(0, n - 1)) for n in shape)
    return list(dict.fromkeys(((0,) * len(shape), tuple((n - 1) // 2 for n in shape), anywhere)))


def units_of(sight: Sight, index: Shape) -> list[int]:
    """The unit per axis that a value stands for."""
    units = [0] * len(sight.parts[0].traces)
    for factors, position in zip(sight.layout.dims, index, strict=True):
        left = position
        for axis, count in reversed(factors):
            if axis is not None:
                units[axis] = left % count
            left //= count
    return units


def lines(mask: Tensor, axis: int) -> list[int]:
    """The rows (axis 0) or columns (axis 1) in which a pixel is touched."""
    return mask.any(1 - axis).nonzero().flatten().tolist()


def span_of(mask: Tensor, axis: int) -> Span:
    """The first and the last of them."""
    found = lines(mask, axis)
    return (found[0], found[-1]) if found else None


def reached(sight: Sight, index: Shape) -> tuple[Span, ...]:
    """What one value reaches per axis; nothing at all where it is nothing along one of them."""
    traces = sight.parts[sight.labels.at(index)].traces
    assert all(trace.reach is not None for trace in traces), "these are small enough to follow"
    spans = tuple(trace.reach.at(index) for trace in traces if trace.reach)
    return (None,) * len(spans) if None in spans else spans


def made(network: Network, shape: Shape) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Images of ones, and every tensor that the network makes of them."""
    images = torch.ones(shape, dtype=torch.double, requires_grad=True)
    return images, network.spread(images, outside=0.0)


def assert_inside_its_field(sight: Sight, index: Shape, mask: Tensor) -> None:
    """No pixel is touched outside of the field of the value's part."""
    part = sight.parts[sight.labels.at(index)]
    for axis, (trace, unit) in enumerate(zip(part.traces, units_of(sight, index), strict=True)):
        span = span_of(mask, axis)
        if trace.terms is not None and span is not None:
            field = hull(term.at(unit) for term in trace.terms)
            assert field is not None
            assert field.lo <= span[0]
            assert span[1] <= field.hi


@settings(max_examples=FEW)
@given(shapes(1, 12), st.data())
def test_units_reach_exactly_the_pixels_that_change_them(shape: Shape, data: st.DataObject) -> None:
    network = data.draw(networks(shape, ALL))
    graph = capture(network, shape[1:], "net")
    seen = sights(graph)
    images, tensors = made(network, shape)
    for place, tensor in zip(graph.outputs, tensors, strict=True):
        sight = seen[place]
        if sight is None:
            continue
        assert sight.shape == tuple(tensor.shape)
        for image, _, row, column in indices(data, sight.shape):
            mask = touched(tensor[image, :, row, column], images)
            together: list[Span] = [None, None]
            for channel in range(sight.shape[1]):
                spans = reached(sight, (image, channel, row, column))
                together = [either(a, b) for a, b in zip(together, spans, strict=True)]
            assert together == [span_of(mask, 0), span_of(mask, 1)]
            for channel in {0, sight.shape[1] - 1}:
                index = image, channel, row, column
                assert_inside_its_field(sight, index, touched(tensor[index], images))


@settings(max_examples=FEW)
@given(shapes(24, 40), st.data())
def test_far_from_padding_fields_are_exact(shape: Shape, data: st.DataObject) -> None:
    network = data.draw(networks(shape, LOCAL, 5))
    graph = capture(network, shape[1:], "net")
    seen, rows = sights(graph), receptive_fields(graph)
    row_at = {places[-1]: row for places, row in zip(graph.calls(), rows, strict=True)}
    images, tensors = made(network, shape)
    with torch.no_grad():
        beyond = network.spread(images, outside=NOTHING)
    for place, tensor, spoilt in zip(graph.outputs, tensors, beyond, strict=True):
        sight = seen[place]
        clean = (~spoilt[0].isnan().any(0)).nonzero().tolist()
        if sight is None or not clean:
            continue
        for unit in (clean[0], clean[len(clean) // 2], clean[-1]):
            mask = touched(tensor[0, :, unit[0], unit[1]], images)
            assert_field_is(sight, unit, mask)
            if place in row_at:
                assert_row_is(row_at[place], unit, mask)


def assert_field_is(sight: Sight, unit: list[int], mask: Tensor) -> None:
    """The field of a unit far from padding is what it touches, line by line."""
    fields: list[Field | None] = []
    for trace, u in zip(sight.whole.traces, unit, strict=True):
        assert trace.terms is not None
        fields.append(hull(term.at(u) for term in trace.terms))
    if not mask.any():
        assert None in fields
        return
    for axis, field in enumerate(fields):
        assert field is not None
        assert (field.lo, field.hi) == span_of(mask, axis)
        assert field.touched is not None
        assert field.touched == sum(1 << (line - field.lo) for line in lines(mask, axis))


def assert_row_is(row: ReceptiveField, unit: list[int], mask: Tensor) -> None:
    """So is what the table says."""
    assert row.size
    assert row.least_size
    if not mask.any():
        assert min(row.least_size) == 0
        return
    spans = [span_of(mask, axis) or (0, -1) for axis in (0, 1)]
    sizes = [b - a + 1 for a, b in spans]
    if row.status == "exact":
        assert row.start
        assert row.jump
        starts = zip(row.start, unit, row.jump, strict=True)
        assert [a for a, _ in spans] == [start + u * jump for start, u, jump in starts]
        assert tuple(sizes) == row.size
    for least, size, most in zip(row.least_size, sizes, row.size, strict=True):
        assert least <= size <= most
    if row.coverage is not None:
        share = int(mask.sum()) / (row.size[0] * row.size[1])
        assert row.coverage == pytest.approx(share)


@settings(max_examples=FEW)
@given(shapes(1, 6), st.data())
def test_values_reach_exactly_their_pixels_whatever_the_dimensions_are(
    shape: Shape, data: st.DataObject
) -> None:
    network = data.draw(mixtures(shape))
    graph = capture(network, shape[1:], "net")
    seen = sights(graph)
    images, tensors = made(network, shape)
    for place, tensor in zip(graph.outputs, tensors, strict=True):
        sight = seen[place]
        if sight is None or sight.is_gated:
            continue
        assert sight.shape == tuple(tensor.shape)
        for index in indices(data, sight.shape):
            mask = touched(tensor[index], images)
            assert reached(sight, index) == (span_of(mask, 0), span_of(mask, 1))
            assert_inside_its_field(sight, index, mask)


@settings(max_examples=FEW)
@given(shapes(1, 12), st.data())
def test_what_a_row_says_of_centre_and_corner_holds(shape: Shape, data: st.DataObject) -> None:
    network = data.draw(networks(shape, ALL, 5))
    graph = capture(network, shape[1:], "net")
    rows = dict(zip([places[-1] for places in graph.calls()], receptive_fields(graph), strict=True))
    images, tensors = made(network, shape)
    for place, tensor in zip(graph.outputs, tensors, strict=True):
        row = rows.get(place)
        if row is None or row.status == "unsupported":
            continue
        height, width = tensor.shape[2:]
        for unit, box in (
            ((0, 0), row.corner_field),
            (((height - 1) // 2, (width - 1) // 2), row.center_field),
        ):
            mask = touched(tensor[0, :, unit[0], unit[1]], images)
            seen = [span_of(mask, axis) for axis in (0, 1)]
            if row.status == "whole":
                assert seen == [(0, n - 1) for n in shape[2:]]
            assert box is not None
            for span, field in zip(seen, box, strict=True):
                assert span is None or (field and field[0] <= span[0] and span[1] <= field[1])


class Tokens(nn.Module):
    """A convolution whose channels are the pixels of another one."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, 3, 2, stride=2)
        self.mix = nn.Conv1d(16, 16, 1, groups=groups)

    def forward(self, images: Tensor) -> Tensor:
        return self.mix(self.patches(images).flatten(2).transpose(1, 2))  # type: ignore[no-any-return]


def test_a_convolution_over_tokens_as_channels_sees_them_all() -> None:
    row = receptive_fields(capture(Tokens(1), (1, 8, 8), "mixer"))[-1]
    assert (row.size, row.status) == ((8, 8), "whole")


def test_a_depthwise_convolution_over_tokens_sees_its_own() -> None:
    graph = capture(Tokens(16), (1, 8, 8), "mixer")
    last = sights(graph)[graph.outputs[0]]
    assert last is not None
    # Token 6 of 16 is patch (1, 2): rows 2 and 3, columns 4 and 5.
    assert reached(last, (0, 6, 0)) == ((2, 3), (4, 5))
    assert receptive_fields(graph)[-1].status != "exact"


def test_there_is_no_rule_for_what_is_unsupported() -> None:
    images = Sight.of_input((2, 1, 4, 4))
    assert behind(Unsupported((images.shape,), images.shape), [images]) is None


def test_one_channel_of_pixel_unshuffle_sees_one_pixel() -> None:
    class Part(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return nn.functional.pixel_unshuffle(images, 2)[:, :1]

    row = receptive_fields(capture(Part(), (1, 8, 8), "net"))[-1]
    assert (row.size, row.status) != ((2, 2), "exact")
