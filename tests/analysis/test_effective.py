"""Effective fields: which gradients they are, and that nothing of the network is changed."""

import re
from copy import deepcopy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from mnistops.analysis.capture import capture
from mnistops.analysis.effective import changed_copy, effective_field, effective_fields
from mnistops.analysis.lower import lower
from mnistops.analysis.paths import path_counts
from mnistops.analysis.what_if import what_if
from mnistops.errors import BadInput, NotFinite, UsageError
from mnistops.networks.build import build
from mnistops.networks.zoo import REFERENCE
from tests.strategies import pairs

GENERATOR = torch.Generator().manual_seed(0)
IMAGES = torch.rand(3, 1, 28, 28, generator=GENERATOR)


def test_of_one_convolution_it_is_the_weights() -> None:
    conv = nn.Conv2d(2, 3, (3, 5), dilation=(2, 1))
    expected = np.zeros((12, 11))
    weights = conv.weight.detach().double().sum(0).abs().sum(0).numpy()
    # Of 8 x 7 units the centre one is (3, 3).
    expected[3:8:2, 3:8] = weights / weights.max()
    field = effective_field(nn.Sequential(conv), torch.zeros(2, 2, 12, 11), "0")
    np.testing.assert_allclose(field, expected, rtol=1e-6)


def test_it_is_the_mean_of_magnitudes_over_images() -> None:
    net = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 3, 3)).double()
    images = torch.randn(5, 2, 13, 12, generator=GENERATOR, dtype=torch.float64)
    every = []
    for image in images:
        jacobian = torch.func.jacrev(net)(image.unsqueeze(0))  # (1, 3, h, w, 1, 2, H, W)
        units = jacobian.sum((0, 1))
        row, column = ((n - 1) // 2 for n in units.shape[:2])
        every.append(units[row, column, 0].abs())
    mean = torch.stack(every).mean(0).sum(0)
    field = effective_field(net, images, "3")
    np.testing.assert_allclose(field, (mean / mean.max()).detach().numpy(), rtol=1e-12)
    assert field.max() == 1


def test_it_lies_where_paths_lead() -> None:
    net, graph = build(REFERENCE), lower(REFERENCE)
    calls = [layer.path for layer in graph.layers if layer.type in ("Conv2d", "MaxPool2d")]
    fields = effective_fields(net, IMAGES, [(path, 0) for path in calls])
    for path, field in zip(calls, fields, strict=True):
        place = next(i for i, layer in enumerate(graph.layers) if layer.path == path)
        assert not ((field > 0) & (path_counts(graph, place) == 0)).any()


class Twice(nn.Module):
    """One convolution, called twice, and what torch's own users do to tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3)
        self.relu = nn.LeakyReLU(inplace=True)
        self.head = nn.Linear(24 * 24, 3)
        self.both = nn.GRU(3, 3)

    def forward(self, images: Tensor) -> Tensor:
        images *= 2
        values = self.relu(self.conv(self.relu(self.conv(images))))
        logits: Tensor = self.head(values.flatten(1))
        outputs: Tensor = self.both(logits.unsqueeze(0))[0][0] + torch.rand(())
        return outputs


def test_a_module_that_is_called_twice_has_two_fields() -> None:
    first, second = effective_fields(Twice(), IMAGES, [("conv", 0), ("conv", 1)])
    assert (first > 0).sum() == 9
    assert (second > 0).sum() == 25
    with pytest.raises(UsageError, match="conv: expected at least 3 calls of it, got 2"):
        effective_field(Twice(), IMAGES, "conv", 2)


def test_a_vector_is_taken_as_one_unit() -> None:
    net = Twice()
    assert effective_field(net, IMAGES, "head").shape == (28, 28)
    with pytest.raises(UsageError, match=r"both: expected images .* got tuple"):
        effective_field(net, IMAGES, "both")


def test_everything_comes_back_as_it_was() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5))
    net[1].eval()
    net[0].weight.requires_grad_(False)
    before, images = deepcopy(net.state_dict()), IMAGES.clone()
    state = torch.random.get_rng_state()
    effective_field(net, images, "1")
    with pytest.raises(UsageError):
        effective_field(net, images, "nowhere")
    assert torch.equal(torch.random.get_rng_state(), state)
    assert [part.training for part in net.modules()] == [True, True, False, True]
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    assert [p.grad for p in net.parameters()] == [None] * 4
    assert not net[0].weight.requires_grad
    assert not any(part._forward_hooks for part in net.modules())
    assert torch.equal(images, IMAGES) and not images.requires_grad


def test_random_numbers_come_back_from_a_network_that_draws_some() -> None:
    net, images = Twice(), IMAGES.clone()
    state = torch.random.get_rng_state()
    effective_field(net, images, "head")
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(images, IMAGES)  # it writes over what it is given


def test_what_depends_on_nothing_has_a_field_of_zeros() -> None:
    conv = nn.Conv2d(1, 1, 3)
    nn.init.zeros_(conv.weight)
    assert not effective_field(nn.Sequential(conv), IMAGES, "0").any()


def test_a_gradient_that_is_no_number_is_an_error() -> None:
    conv = nn.Conv2d(1, 1, 3)
    nn.init.constant_(conv.weight, torch.nan)
    with pytest.raises(NotFinite, match="0: expected gradients that are numbers, got nan"):
        effective_field(nn.Sequential(conv), IMAGES, "0")


def test_a_network_that_fails_is_bad_input() -> None:
    with pytest.raises(BadInput, match="Sequential: expected it to run"):
        effective_field(nn.Sequential(nn.Conv2d(2, 1, 3)), IMAGES, "0")
    with pytest.raises(UsageError, match="4: expected a module in Sequential, got none"):
        effective_field(nn.Sequential(nn.Conv2d(1, 1, 3)), IMAGES, "4")


DILATED = ("convblock5.0", "convblock6.0", "convblock7.0")


@pytest.mark.parametrize(
    ("dilation", "keep_size"), [(1, False), (2, True), (5, True), (None, True)]
)
def test_the_copy_is_the_network_of_the_table(dilation: int | None, keep_size: bool) -> None:
    net = build(REFERENCE)
    before = capture(net, (1, 28, 28), "reference")
    copy = changed_copy(net, DILATED, dilation, keep_size)
    graph = capture(copy, (1, 28, 28), "reference")
    assert graph.layers == what_if(lower(REFERENCE), dilation, (), keep_size).layers
    assert copy.state_dict().keys() == net.state_dict().keys()
    for key, value in copy.state_dict().items():
        assert torch.equal(value, net.state_dict()[key])
    assert capture(net, (1, 28, 28), "reference") == before


@given(pairs(1, 4), pairs(1, 3), st.sampled_from((0, 1, "same", "valid")), st.booleans())
def test_any_padding_is_that_of_the_table(
    kernel: tuple[int, int], dilation: tuple[int, int], padding: int | str, keep_size: bool
) -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, kernel, padding=padding, dilation=dilation))
    expected = what_if(capture(net, (1, 28, 28), "net"), 3, ("0",), keep_size)
    is_uneven = any(d * (k - 1) % 2 for k, d in zip(kernel, dilation, strict=True))
    if padding == "same" and not keep_size and is_uneven and dilation != (3, 3):
        with pytest.raises(UsageError, match="0: expected a convolution with stride 1 that keeps"):
            changed_copy(net, ["0"], 3, keep_size)
        return
    copy = changed_copy(net, ["0"], 3, keep_size)
    assert capture(copy, (1, 28, 28), "net").layers == expected.layers
    assert copy(torch.zeros(1, 1, 28, 28)).shape[2:] == expected.layers[0].given[2:]


@pytest.mark.parametrize("kernel", [2, 3])
def test_pools_are_dilated_too(kernel: int) -> None:
    net = nn.Sequential(nn.MaxPool2d(kernel))
    copy = changed_copy(net, ["0"], 3, keep_size=False)
    expected = nn.functional.max_pool2d(IMAGES, kernel, kernel, dilation=3)
    assert torch.equal(copy(IMAGES), expected)


def test_a_pool_is_padded_where_torch_can() -> None:
    net = nn.Sequential(nn.MaxPool2d(3, 1))
    kept = changed_copy(net, ["0"], None, keep_size=True)
    assert torch.equal(kept(IMAGES), nn.functional.max_pool2d(IMAGES, 3, 1, padding=1))


@pytest.mark.parametrize(
    ("layer", "dilation", "message"),
    [
        (nn.Conv2d(1, 1, 2, stride=2), 1, "0: expected a convolution with stride 1"),
        (nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"), 2, "with zeros, got reflect"),
        (nn.MaxPool2d(2), 1, "as torch does, got 0 and 1, 0 and 1 to keep its size"),
        (nn.MaxPool2d(3), 2, "as torch does, got 2 and 2, 2 and 2 to keep its size"),
        (nn.AvgPool2d(3), 2, "0: expected a convolution or max pool, got AvgPool2d"),
    ],
)
def test_what_torch_cannot_pad_is_an_error(layer: nn.Module, dilation: int, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        changed_copy(nn.Sequential(layer), ["0"], dilation, keep_size=True)


def test_a_path_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UsageError, match="conv9: expected a convolution or max pool, got none"):
        changed_copy(build(REFERENCE), ["conv9"], 2, keep_size=True)
