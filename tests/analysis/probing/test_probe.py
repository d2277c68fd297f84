"""The gradient probe: what it confirms, what it catches, and that it leaves no trace."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn
from torch.nn import functional

from mnistops.analysis.lower import lower
from mnistops.analysis.probing.probe import probe
from mnistops.analysis.receptive_field import receptive_fields
from mnistops.errors import BadInput
from mnistops.networks.build import build
from mnistops.networks.spec import NetworkSpec
from mnistops.networks.zoo import REFERENCE
from tests.analysis.probing.probed import (
    Calls,
    assert_all_equal,
    conv,
    probed,
    rows_of,
)
from tests.strategies import specs


def test_the_reference_network_agrees() -> None:
    rows = receptive_fields(lower(REFERENCE))
    verdicts = probe(build(REFERENCE), REFERENCE.input_size, "reference", rows)
    assert [(v.name, v.path) for v in verdicts] == [(r.name, r.path) for r in rows]
    pairs = [(r, v) for r, v in zip(rows, verdicts, strict=True) if r.is_window]
    assert_all_equal(pairs, *["exact"] * 8, "whole")
    assert pairs[-1][1].seen == ((0, 27), (0, 27))
    sizes = [box[1] - box[0] + 1 for _, v in pairs[:-1] if v.seen and (box := v.seen[0])]
    assert sizes == [3, 5, 7, 8, 8, 16, 24, 32]


def test_unequal_branches_of_a_block() -> None:
    def forward(images: Tensor, stem: nn.Module, a: nn.Module, b: nn.Module, c: nn.Module) -> Any:
        x = torch.relu(stem(images))
        y = b(functional.relu(a(x)))
        y += c(x)
        return y

    layers = conv(3, stride=2), conv(3, padding=1), conv(3, padding=1), conv(1)
    pairs = probed(Calls(forward, *layers), (2, 20, 20))
    assert_all_equal(pairs, *["exact"] * 5)
    assert [row.size for row, _ in pairs] == [(n, n) for n in (3, 7, 11, 3, 11)]


def test_pads_that_differ_before_and_after() -> None:
    def forward(images: Tensor, a: nn.Module, b: nn.Module) -> Any:
        return b(functional.pad(a(functional.pad(images, (3, 0, 0, 1))), (0, 2)))

    pairs = probed(Calls(forward, conv(3, stride=2), conv(3)), (2, 17, 21))
    assert {row.status for row, _ in pairs} == {"exact"}
    assert_all_equal(pairs, *["exact"] * len(pairs))
    assert pairs[-1][0].start == (0, -3)


def test_slices_move_fields() -> None:
    def forward(images: Tensor, a: nn.Module, b: nn.Module) -> Any:
        return b(a(images[:, :, 3:, ::2])[..., :-2, 1:])

    pairs = probed(Calls(forward, conv(3, padding=1), conv(3)), (2, 24, 24))
    assert_all_equal(pairs, *["exact"] * len(pairs))
    assert (pairs[-1][0].start, pairs[-1][0].size) == ((2, 0), (5, 9))


def test_a_transposed_convolution_is_bound() -> None:
    module = nn.Sequential(conv(3), nn.ConvTranspose2d(2, 2, 3, stride=2, padding=1), conv(3))
    pairs = probed(module, (2, 12, 12))
    assert_all_equal(pairs, "exact", "bound", "bound")
    assert pairs[1][0].least_size == (3, 3)
    assert pairs[1][0].size == (4, 4)


def squeeze_and_excite(images: Tensor, stem: nn.Module, a: nn.Module, b: nn.Module) -> Any:
    x = stem(images)
    gate = torch.sigmoid(b(functional.relu(a(functional.adaptive_avg_pool2d(x, 1)))))
    return x * gate


def test_a_gate_is_left_out() -> None:
    pairs = probed(Calls(squeeze_and_excite, conv(3), conv(1), conv(1)), (2, 12, 12))
    assert_all_equal(pairs, "exact", *["whole"] * (len(pairs) - 2), "exact")
    assert pairs[-1][0].is_gated


def test_misaligned_branches_side_by_side() -> None:
    def forward(images: Tensor, a: nn.Module, b: nn.Module, c: nn.Module) -> Any:
        left = a(functional.pad(images, (0, 4, 0, 4)))
        return c(torch.cat([left, b(functional.pad(images, (2, 0, 2, 0)))], 1))

    pairs = probed(Calls(forward, conv(5), conv(3), nn.Conv2d(4, 2, 1)), (2, 15, 15))
    assert_all_equal(pairs, *["exact"] * len(pairs))
    (joined,) = [row for row, _ in pairs if row.name == "cat"]
    assert (joined.size, joined.start) == ((7, 7), (-2, -2))


def test_a_linear_layer_of_all_positions_sees_it_all() -> None:
    module = nn.Sequential(conv(3), nn.Flatten(), nn.Linear(2 * 7 * 7, 3))
    pairs = probed(module, (2, 9, 9))
    assert [row.status for row, _ in pairs][-1] == "whole"
    assert {v.verdict for _, v in pairs} == {"agrees"}


def test_a_unit_that_no_tap_reaches_sees_nothing() -> None:
    (pair,) = probed(nn.ConvTranspose2d(2, 2, 1, stride=(2, 1)), (2, 11, 11))
    assert pair[0].least_size == (0, 1)
    assert pair[1].verdict == "agrees"


def test_a_sum_with_a_term_that_some_columns_do_not_see() -> None:
    # In odd columns the transposed convolution gives nothing, so the sum sees 1 x 1 pixel there.
    def forward(images: Tensor, a: nn.Module) -> Any:
        spread = a(images)[:, :, : images.shape[2], : images.shape[3]]
        return images + spread

    module = Calls(forward, nn.ConvTranspose2d(2, 2, (4, 1), stride=(1, 2)))
    *_, (row, verdict) = probed(module, (2, 24, 24))
    assert row.least_size is not None and max(row.least_size) <= 1
    assert verdict.verdict == "agrees"


def test_functions_count_as_modules_do() -> None:
    def forward(images: Tensor, a: nn.Module) -> Any:
        x = functional.max_pool2d(torch.relu(a(images)), 3, 2, padding=1, ceil_mode=True)
        return functional.avg_pool2d(functional.relu(x), 2)

    pairs = probed(Calls(forward, conv(3)), (2, 21, 22))
    assert_all_equal(pairs, "exact", "exact", "exact")
    assert [row.size for row, _ in pairs] == [(3, 3), (5, 5), (7, 7)]


def test_height_and_width_are_told_apart() -> None:
    module = nn.Conv2d(2, 2, (3, 5), stride=(1, 2), padding=(0, 1))
    assert_all_equal(probed(module, (2, 12, 20)), "exact")


@pytest.mark.parametrize("axes", [1, 3])
def test_other_numbers_of_axes(axes: int) -> None:
    kinds = {1: (nn.Conv1d, nn.MaxPool1d), 3: (nn.Conv3d, nn.MaxPool3d)}[axes]
    module = nn.Sequential(kinds[0](2, 2, 3, stride=2), kinds[1](2))
    assert_all_equal(probed(module, (2, *[16] * axes)), "exact", "exact")


def test_channels_that_stand_last() -> None:
    def forward(images: Tensor, a: nn.Module, b: nn.Module, c: nn.Module) -> Any:
        x = b(a(images).permute(0, 2, 3, 1))
        return c(functional.gelu(x).permute(0, 3, 1, 2))

    pairs = probed(Calls(forward, conv(3), nn.Linear(2, 2), conv(3)), (2, 12, 12))
    assert pairs[-1][0].size == (5, 5)
    assert {(v.verdict, v.reason) for _, v in pairs} == {("agrees", "")}


def test_the_module_comes_back_as_it_was() -> None:
    module = nn.Sequential(conv(3), nn.BatchNorm2d(2), nn.ReLU(inplace=True), nn.Dropout(), conv(3))
    module[0].eval()
    module.train(True)
    module[1].eval()
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    tensors = [*module.parameters(), *module.buffers()]
    modes = [part.training for part in module.modules()]
    rows = rows_of(module, (2, 12, 12))
    state = torch.random.get_rng_state()
    probe(module, (2, 12, 12), "net", rows)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert [part.training for part in module.modules()] == modes
    assert all(torch.equal(before[key], t) for key, t in module.state_dict().items())
    after = [*module.parameters(), *module.buffers()]
    assert all(a is b for a, b in zip(after, tensors, strict=True))
    assert all(p.grad is None and p.requires_grad for p in module.parameters())
    hooks = [(part._forward_hooks, part._forward_pre_hooks) for part in module.modules()]
    assert all(not a and not b for a, b in hooks)


def test_a_forward_that_fails_is_the_users() -> None:
    def forward(images: Tensor, a: nn.Module) -> Any:
        return a(images.view(-1, 3))

    with pytest.raises(BadInput, match=r"^net with input 2 x 4 x 4: expected it to run, got"):
        probe(Calls(forward, conv(3)), (2, 4, 4), "net", ())


@settings(max_examples=40, deadline=None)
@given(specs())
def test_random_networks_agree(spec: NetworkSpec) -> None:
    rows = receptive_fields(lower(spec))
    verdicts = probe(build(spec), spec.input_size, spec.name, rows)
    pairs = [(r, v) for r, v in zip(rows, verdicts, strict=True) if r.is_window]
    assert [pair for pair in pairs if pair[1].verdict == "differs"] == []
    assert pairs[0][1].verdict == "agrees"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *("alexnet", "vgg11", "vgg19_bn", "squeezenet1_1", "resnet18", "resnet50", "resnet101"),
        *("resnext50_32x4d", "mobilenet_v2", "mobilenet_v3_small", "mnasnet0_5", "googlenet"),
        *("shufflenet_v2_x0_5", "efficientnet_b0", "convnext_tiny", "inception_v3"),
    ],
)
def test_networks_of_torchvision_agree(name: str) -> None:
    from torchvision import models

    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    with torch.device("meta"):
        module = getattr(models, name)(weights=None, **options)
    pixels = 299 if name == "inception_v3" else 224
    pairs = probed(module, (3, pixels, pixels))
    assert {verdict.verdict for _, verdict in pairs} == {"agrees"}
    assert {row.status for row, _ in pairs} <= {"exact", "whole"}
