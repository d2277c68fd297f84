"""Receptive fields: the published values, brute force on random chains, every status."""

from math import prod
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mnistops.analysis.capture import capture
from mnistops.analysis.fields.sight import Sight
from mnistops.analysis.graph import INPUT, LayerGraph
from mnistops.analysis.lower import lower
from mnistops.analysis.receptive_field import ReceptiveField, receptive_fields, sights
from mnistops.errors import BadInput
from mnistops.networks.build import build
from mnistops.networks.spec import Conv, GlobalAvgPool, NetworkSpec
from mnistops.networks.zoo import REFERENCE
from tests.network_steps import Pooled, positive
from tests.strategies import specs


def windows(graph: LayerGraph) -> list[ReceptiveField]:
    return [row for row in receptive_fields(graph) if row.is_window]


# Worked out by hand from the formula, path by path: size, jump, start, output size.
REFERENCE_ROWS = {
    "convblock1.0": (3, 1, 0, 26),
    "convblock2.0": (5, 1, 0, 24),
    "convblock3.0": (7, 1, 0, 22),
    "pool1": (8, 2, 0, 11),
    "convblock4.0": (8, 2, 0, 11),
    "convblock5.0": (16, 2, -2, 9),
    "convblock6.0": (24, 2, -4, 7),
    "convblock7.0": (32, 2, -6, 5),
    "gap": (40, 2, -6, 1),
}


def test_reference_has_the_right_values() -> None:
    rows = windows(lower(REFERENCE))
    found = {r.path: (r.size, r.jump, r.start, r.output_size) for r in rows}
    expected = {path: tuple((v, v) for v in row) for path, row in REFERENCE_ROWS.items()}
    assert found == expected
    assert [r.status for r in rows] == ["exact"] * 8 + ["whole"]
    assert {r.coverage for r in rows} == {1.0}
    assert rows[5].formula == "8 + (3-1)*2*2 = 16"
    assert rows[5].output_formula == "floor((11 + 2*1 - 2*(3-1) - 1)/1) + 1 = 9"


def test_shares_of_the_input_are_clipped() -> None:
    rows = {r.path: r for r in windows(lower(REFERENCE))}
    # convblock5: 9 units at jump 2 from -2: the centre unit 4 sees pixels 6 to 21, unit 0 sees
    # -2 to 13, of which 0 to 13 exist.
    assert rows["convblock5.0"].center_share == pytest.approx((16 / 28) ** 2)
    assert rows["convblock5.0"].corner_share == pytest.approx((14 / 28) ** 2)
    assert rows["gap"].corner_share == 1


def test_dilation_on_the_input_itself_leaves_gaps() -> None:
    dilated = {"out_channels": 1, "dilation": 2}
    spec = NetworkSpec.model_validate(
        {
            "name": "gridding",
            "blocks": [
                {"name": "a", "type": "conv", **dilated},
                {"name": "b", "type": "conv", **dilated},
            ],
        }
    )
    assert windows(lower(spec))[1].coverage == 25 / 81


def linear(module: nn.Module) -> nn.Module:
    """The module with positive weights, so that no gradient cancels; a max pool made a sum."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        weighted: nn.Module = positive(module)
        return weighted
    return Summed(module) if isinstance(module, nn.MaxPool2d) else module


class Summed(nn.Module):
    """A max pool as a sum over the same window, so that every pixel of it has a gradient."""

    def __init__(self, pool: nn.MaxPool2d) -> None:
        super().__init__()
        self.pool = Pooled(pool, is_function=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.pool.spread(images, outside=0.0)


@given(specs(), st.data())
def test_boxes_equal_brute_force(spec: NetworkSpec, data: st.DataObject) -> None:
    network = build(spec).double().eval()
    leaves = dict(network.named_modules())
    pixels = torch.ones(1, *spec.input_size, dtype=torch.double, requires_grad=True)
    outputs = pixels
    for row in receptive_fields(lower(spec)):
        if not row.path:
            break
        outputs = linear(leaves[row.path])(outputs)
        units = row.output_size
        center = tuple((n - 1) // 2 for n in units)
        anywhere = st.tuples(*(st.integers(0, n - 1) for n in units))
        unit = data.draw(st.one_of(st.just((0, 0)), st.just(center), anywhere))
        cell = outputs[(0, slice(None), *unit)] if outputs.dim() == 4 else outputs
        (gradient,) = torch.autograd.grad(cell.sum(), pixels, retain_graph=True)
        touched = gradient[0].abs().sum(0) > 0
        _assert_box(row, unit, touched, spec.input_size[1:])


def _assert_box(
    row: ReceptiveField, unit: tuple[int, ...], touched: torch.Tensor, pixels: tuple[int, ...]
) -> None:
    assert row.size and row.jump and row.start and row.coverage
    lows = [start + u * jump for start, u, jump in zip(row.start, unit, row.jump, strict=True)]
    highs = [low + size - 1 for low, size in zip(lows, row.size, strict=True)]
    seen = [touched.any(1 - axis).nonzero().flatten().tolist() for axis in (0, 1)]
    for axis in (0, 1):
        assert all(lows[axis] <= pixel <= highs[axis] for pixel in seen[axis])
    if min(lows) >= 0 and all(high < n for high, n in zip(highs, pixels, strict=True)):
        # Nothing is clipped: the box and the gaps in it are exact.
        if row.coverage == 1:
            assert [s[0] for s in seen] == lows
            assert [s[-1] for s in seen] == highs
        assert touched.sum().item() / prod(row.size) == pytest.approx(row.coverage)
    inside = [
        max(0, min(high, n - 1) - max(low, 0) + 1)
        for low, high, n in zip(lows, highs, pixels, strict=True)
    ]
    center = tuple((n - 1) // 2 for n in row.output_size)
    for share, its_unit in ((row.corner_share, (0, 0)), (row.center_share, center)):
        if unit == its_unit:
            assert share == pytest.approx(prod(inside) / prod(pixels))
    if row.status == "whole":
        assert [(s[0], s[-1]) for s in seen] == [(0, n - 1) for n in pixels]


def test_a_joining_layer_that_misses_pixels_is_not_whole() -> None:
    # 5 pixels pooled by twos leave out the last one, and so does the mean over what is left.
    spec = NetworkSpec.model_validate(
        {
            "name": "leftover",
            "input_size": [1, 5, 5],
            "blocks": [
                {"name": "pool", "type": "max_pool", "kernel_size": 2},
                {"name": "gap", "type": "global_avg_pool"},
            ],
        }
    )
    row = windows(lower(spec))[-1]
    assert (row.size, row.status) == ((4, 4), "exact")


@pytest.mark.parametrize(
    ("pixels", "bins", "size", "jump", "status"),
    [
        (14, 7, 2, 2, "exact"),
        (8, 7, 2, 1, "exact"),
        (7, 7, 1, 1, "exact"),
        (1, 3, 1, 0, "exact"),
        (14, 1, 14, 1, "whole"),
        (10, 7, 3, 10 / 7, "bound"),
    ],
)
def test_adaptive_pools(pixels: int, bins: int, size: int, jump: float, status: str) -> None:
    graph = capture(nn.AdaptiveAvgPool2d(bins), (1, pixels, pixels), "pool")
    (row,) = windows(graph)
    assert (row.size, row.jump, row.status) == ((size, size), (jump, jump), status)


@given(st.integers(1, 40), st.integers(1, 40))
def test_adaptive_bins_lie_inside_the_bound(pixels: int, bins: int) -> None:
    row = windows(capture(nn.AdaptiveAvgPool1d(bins), (1, pixels), "pool"))[0]
    assert row.size and row.jump and row.start
    assert row.start[0] == 0
    lengths = []
    for unit in range(bins):
        first, last = unit * pixels // bins, -(-(unit + 1) * pixels // bins) - 1
        lengths.append(last - first + 1)
        if row.status != "bound":
            assert (first, last - first + 1) == (unit * row.jump[0], row.size[0])
        assert abs(first - unit * row.jump[0]) < 1
    assert max(lengths) == row.size[0]


def test_nothing_is_guessed_behind_an_unknown_layer() -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Unfold(3), nn.Conv1d(9, 1, 3))
    first, unknown, behind = receptive_fields(capture(model, (1, 8, 8), "net"))
    assert first.status == "exact"
    for row in (unknown, behind):
        assert (row.status, row.size, row.coverage, row.jump) == ("unsupported", None, None, None)
    assert unknown.output_size == (16,)


@pytest.mark.parametrize(
    ("options", "size", "least_size", "jump", "status"),
    [
        # Nearest: each pixel twice. Linear: two pixels, or one where they lie on each other.
        ({"scale_factor": 2}, 3, 3, 0.5, "bound"),
        ({"scale_factor": 2, "mode": "bilinear"}, 4, 4, 0.5, "bound"),
        ({"scale_factor": 3, "mode": "bilinear"}, 4, 3, 1 / 3, "bound"),
        ({"size": 11, "mode": "bilinear", "align_corners": True}, 4, 3, 0.5, "bound"),
        ({"size": 3, "mode": "nearest"}, 3, 3, 2, "exact"),
        ({"scale_factor": 1}, 3, 3, 1, "exact"),
    ],
)
def test_resized_images(
    options: dict[str, Any], size: int, least_size: int, jump: float, status: str
) -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Upsample(**options))
    row = receptive_fields(capture(model, (1, 8, 8), "net"))[-1]
    assert (row.size, row.least_size) == ((size,) * 2, (least_size,) * 2)
    assert row.jump == pytest.approx((jump,) * 2)
    assert row.status == status


def test_a_transposed_convolution_gives_least_and_most() -> None:
    # Stride 2, kernel 3: every other unit takes two of its input, the others one.
    row = receptive_fields(capture(nn.ConvTranspose2d(1, 1, 3, 2), (1, 8, 8), "net"))[0]
    assert (row.least_size, row.size, row.jump) == ((1, 1), (2, 2), (0.5, 0.5))
    assert (row.status, row.output_size) == ("bound", (17, 17))


class Residual(nn.Module):
    """What a body gives, added to what it takes."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = self.body(images)
        return images + outputs


def test_a_residual_addition_sees_the_union() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), Residual(nn.Conv2d(2, 2, 5, padding=2)))
    row = receptive_fields(capture(model, (1, 16, 16), "net"))[-1]
    assert (row.name, row.path, row.is_module) == ("add", "1", False)
    assert (row.size, row.start, row.status, row.misaligned) == ((7, 7), (-2, -2), "exact", (0, 0))


def test_a_field_is_whole_only_if_each_unit_really_sees_everything() -> None:
    everything = receptive_fields(capture(nn.Conv2d(1, 1, 15, padding=7), (1, 8, 8), "net"))[0]
    assert (everything.size, everything.status) == ((15, 15), "exact")
    mean = receptive_fields(capture(nn.AdaptiveAvgPool2d(1), (1, 8, 8), "net"))[0]
    assert (mean.size, mean.status) == ((8, 8), "whole")


def test_every_value_of_the_input_and_of_each_layer_has_a_sight() -> None:
    graph = capture(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Unfold(3)), (1, 8, 8), "net")
    seen = sights(graph)
    assert list(seen) == [INPUT, 0, 1]
    assert seen[INPUT] == Sight.of_input((2, 1, 8, 8))
    assert seen[1] is None


def test_a_field_too_large_to_lay_out_has_no_coverage() -> None:
    blocks = [
        {
            "name": f"b{i}",
            "type": "conv",
            "out_channels": 1,
            "kernel_size": 2,
            "stride": 1000,
            "padding": 1000,
        }
        for i in range(7)
    ]
    beyond = NetworkSpec.model_validate({"name": "far", "blocks": blocks})
    with pytest.raises(BadInput, match=r"b6.0 \(Conv2d\): expected a jump of at most"):
        receptive_fields(lower(beyond))
    rows = windows(lower(beyond.model_copy(update={"blocks": beyond.blocks[:6]})))
    assert rows[0].coverage is not None
    assert rows[-1].coverage is None
    assert rows[-1].jump == (1000**6,) * 2


def test_height_and_width_apart() -> None:
    spec = NetworkSpec(
        name="oblong",
        input_size=(1, 12, 20),
        blocks=(
            Conv(name="a", out_channels=1, kernel_size=(3, 5), stride=(1, 2), padding=(0, 1)),
            GlobalAvgPool(name="gap"),
        ),
    )
    row = windows(lower(spec))[0]
    assert (row.size, row.jump, row.start) == ((3, 5), (1, 2), (0, -1))
    assert row.formula == "height: 1 + (3-1)*1*1 = 3; width: 1 + (5-1)*1*1 = 5"
