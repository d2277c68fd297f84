"""Merging: sums, products and concatenations of tensors that see different pixels."""

from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor, nn

from mnistops.analysis.capture import capture
from mnistops.analysis.fields.merging import concatenated, put_together
from mnistops.analysis.fields.sight import Sight
from mnistops.analysis.receptive_field import ReceptiveField, receptive_fields, sights


class Merge(nn.Module):
    """Two convolutions of one image, and what is made of them."""

    def __init__(
        self, first: nn.Module, second: nn.Module, merge: Callable[[Tensor, Tensor], Tensor]
    ) -> None:
        super().__init__()
        self.first, self.second, self.merge = first, second, merge

    def forward(self, images: Tensor) -> Tensor:
        return self.merge(self.first(images), self.second(images))


def last_row(network: nn.Module) -> ReceptiveField:
    return receptive_fields(capture(network, (1, 16, 16), "net"))[-1]


def last_sight(network: nn.Module) -> Sight:
    graph = capture(network, (1, 16, 16), "net")
    sight = sights(graph)[graph.outputs[0]]
    assert sight is not None
    return sight


def padded(kernel_size: int, before: int, after: int) -> nn.Module:
    """A convolution with other padding before than after."""
    pad = nn.ZeroPad2d((before, after, before, after))
    return nn.Sequential(pad, nn.Conv2d(1, 2, kernel_size))


def test_the_union_of_two_fields_is_not_the_larger_one() -> None:
    # RECEPTIVE_FIELD.md: [0, 4] and [-2, 0], whose centres lie 3 pixels apart.
    row = last_row(Merge(padded(5, 0, 4), padded(3, 2, 0), torch.add))
    assert (row.size, row.start, row.status) == ((7, 7), (-2, -2), "exact")
    assert row.misaligned == (3, 3)


def test_aligned_branches_are_said_to_be() -> None:
    row = last_row(Merge(padded(5, 2, 2), padded(3, 1, 1), torch.add))
    assert (row.size, row.misaligned, row.status) == ((5, 5), (0, 0), "exact")


def test_unequal_jumps_are_bound() -> None:
    strided = nn.Conv2d(1, 2, 1, stride=2)
    plain = nn.Conv2d(1, 2, 9)
    row = last_row(Merge(strided, plain, torch.add))
    assert row.status == "bound"
    # Unit 0 sees [0, 8]; unit 7 sees pixel 14 and [7, 15].
    assert (row.least_size, row.size) == ((9, 9), (9, 9))
    assert row.misaligned == (None, None)


def test_concatenated_channels_keep_their_own_fields() -> None:
    def merge(a: Tensor, b: Tensor) -> Tensor:
        return torch.cat((a, b), 1)

    network = Merge(padded(5, 2, 2), padded(3, 1, 1), merge)
    sight = last_sight(network)
    sizes = []
    for channel in range(4):
        terms = sight.parts[sight.labels.at((0, channel, 0, 0))].traces[0].terms
        field = terms[0].at(0) if terms else None
        sizes.append(field.size if field else 0)
    assert sizes == [5, 5, 3, 3]
    first = nn.Sequential(network, nn.Conv2d(4, 4, 1, groups=2))
    assert len(last_sight(first).parts) == 2
    assert len(last_sight(nn.Sequential(network, nn.Conv2d(4, 1, 1))).parts) == 1


def test_rows_and_columns_that_do_not_cross_have_no_coverage() -> None:
    upright = nn.Conv2d(1, 2, (5, 1), padding=(2, 0))
    flat = nn.Conv2d(1, 2, (1, 5), padding=(0, 2))
    row = last_row(Merge(upright, flat, torch.add))
    assert (row.size, row.coverage, row.status) == ((5, 5), None, "exact")


def test_a_gate_is_left_out_and_said() -> None:
    squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(1, 2, 1), nn.Sigmoid())
    row = last_row(Merge(nn.Conv2d(1, 2, 3), squeeze, torch.mul))
    assert (row.size, row.status, row.is_gated) == ((3, 3), "exact", True)
    added = last_row(Merge(nn.Conv2d(1, 2, 3), squeeze, torch.add))
    assert (added.status, added.is_gated) == ("whole", False)


def test_a_mean_put_together_with_itself_is_no_gate() -> None:
    squeeze = nn.AdaptiveAvgPool2d(1)
    row = last_row(Merge(squeeze, squeeze, torch.mul))
    assert (row.status, row.is_gated) == ("whole", False)


def test_positions_after_positions_reach_their_own_pixels() -> None:
    def merge(a: Tensor, b: Tensor) -> Tensor:
        return torch.cat((a, b), 2)

    sight = last_sight(Merge(nn.Identity(), nn.Conv2d(1, 1, 3, padding=1), merge))
    (part,) = sight.parts
    reach = part.traces[0].reach
    assert part.traces[0].terms is None
    assert reach
    assert [reach.at((0, 0, row, 0)) for row in (0, 15, 16, 20)] == [
        (0, 0),
        (15, 15),
        (0, 1),
        (3, 5),
    ]


def test_features_after_features_reach_their_own_pixels() -> None:
    # Pairs of columns as a dimension of their own, which holds no axis any more.
    def merge(a: Tensor, b: Tensor) -> Tensor:
        return torch.cat((a.view(2, 1, 16, 8, 2), b.view(2, 1, 16, 8, 2)), 3)

    sight = last_sight(Merge(nn.Identity(), nn.Conv2d(1, 1, 1), merge))
    assert sight.shape == (2, 1, 16, 16, 2)
    for channel in range(16):
        for place in range(2):
            index = (0, 0, 3, channel, place)
            traces = sight.parts[sight.labels.at(index)].traces
            column = channel % 8 * 2 + place
            assert traces[1].reach
            assert traces[1].reach.at(index) == (column, column)


def test_what_depends_on_no_image_sees_nothing() -> None:
    image = Sight.of_input((2, 1, 4, 4))
    both = concatenated([image], 1, (None, 2), (2, 3, 4, 4))
    assert len(both.parts) == 2
    constant = both.parts[both.labels.at((0, 1, 0, 0))]
    assert constant.traces[0].reach
    assert constant.traces[0].reach.at((0, 1, 0, 0)) is None
    assert constant.traces[0].terms
    assert constant.traces[0].terms[0].at(0) is None


def test_a_tensor_put_together_with_itself_is_where_it_was() -> None:
    image = Sight.of_input((2, 1, 4, 4))
    twice = put_together([image, image], image.shape, is_product=False)
    assert twice.parts == image.parts
    assert twice.offsets == (Fraction(0), Fraction(0))
