"""torch's operations as ours: shapes and fields of each, against torch itself."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistops.analysis.capture import capture
from mnistops.analysis.operations import Interpolate, Join, Linear, MatMul, Pool, Reduce
from mnistops.analysis.recording.aten import is_pointwise
from tests.applied import Applied, assert_as_torch, rows_of

Function = Callable[[Tensor], Any]
WEIGHT = torch.ones(5, 4, dtype=torch.double)


def tokens(images: Tensor) -> Tensor:
    """(N, H*W, C)."""
    return images.flatten(2).transpose(1, 2)


# What each does to the 3x3 fields of 6 x 8 units, in an input of 8 x 10: size and status.
FUNCTIONS: dict[str, tuple[Function, tuple[int, int] | None, str]] = {
    "relu": (functional.relu, (3, 3), "exact"),
    "gelu": (functional.gelu, (3, 3), "exact"),
    "hardswish": (functional.hardswish, (3, 3), "exact"),
    "glu": (lambda t: functional.glu(t, 1), (3, 3), "exact"),
    "glu over rows": (lambda t: functional.glu(t, 2), (6, 3), "exact"),
    "normalize channels": (functional.normalize, (3, 3), "exact"),
    "normalize columns": (lambda t: functional.normalize(t, dim=3), (3, 10), "bound"),
    "softmax of channels": (lambda t: t.softmax(1), (3, 3), "exact"),
    "softmax of rows": (lambda t: t.softmax(2), (8, 3), "exact"),
    "softmax of rows, channels last": (
        lambda t: t.permute(0, 2, 3, 1).softmax(1),
        (8, 3),
        "exact",
    ),
    "softmax of all pixels": (lambda t: t.flatten(2).softmax(-1), (8, 10), "whole"),
    "softmax of tokens": (lambda t: tokens(t).softmax(1), (8, 10), "whole"),
    "softmax of one line of tokens": (
        lambda t: tokens(t).permute(0, 2, 1).reshape(8, 48).softmax(1),
        (8, 10),
        "whole",
    ),
    "log_softmax": (lambda t: functional.log_softmax(t, 1), (3, 3), "exact"),
    "mean of all pixels": (lambda t: t.mean((2, 3)), (8, 10), "whole"),
    "mean of rows": (lambda t: t.mean(2), (8, 3), "exact"),
    "mean of channels": (lambda t: t.mean(1, keepdim=True), (3, 3), "exact"),
    "amax of all pixels": (lambda t: t.amax((2, 3)), (8, 10), "whole"),
    "max of columns": (lambda t: t.max(3)[0], (3, 10), "exact"),
    "var of all pixels": (lambda t: t.var((2, 3), keepdim=True), (8, 10), "whole"),
    "vector norm": (lambda t: torch.linalg.vector_norm(t, dim=1), (3, 3), "exact"),
    "logsumexp": (lambda t: t.logsumexp((2, 3)), (8, 10), "whole"),
    "argmax of channels": (lambda t: t.argmax(1), (3, 3), "exact"),
    "max pool": (lambda t: functional.max_pool2d(t, 2), (4, 4), "exact"),
    "average pool": (lambda t: functional.avg_pool2d(t, 3, 1, 1), (5, 5), "exact"),
    "power pool": (lambda t: functional.lp_pool2d(t, 2, 2), (4, 4), "exact"),
    "adaptive pool": (lambda t: functional.adaptive_max_pool2d(t, (3, 4)), (4, 4), "exact"),
    "area": (lambda t: functional.interpolate(t, scale_factor=0.5, mode="area"), (4, 4), "exact"),
    "bicubic": (
        lambda t: functional.interpolate(t, scale_factor=2, mode="bicubic"),
        (6, 6),
        "bound",
    ),
    "pixel_shuffle": (lambda t: functional.pixel_shuffle(t, 2), (3, 3), "bound"),
    "pixel_unshuffle": (lambda t: functional.pixel_unshuffle(t, 2), (4, 4), "exact"),
    "convolution": (lambda t: torch.conv2d(t, torch.ones(2, 4, 3, 3).double()), (5, 5), "exact"),
    "einsum": (lambda t: torch.einsum("nchw,oc->nohw", t, WEIGHT), (3, 3), "exact"),
    "product of columns": (lambda t: t @ torch.ones(8, 5).double(), (3, 10), "exact"),
    "product of rows": (lambda t: torch.ones(5, 6).double() @ t, (8, 3), "exact"),
    "product of tokens": (lambda t: tokens(t) @ tokens(t).transpose(1, 2), (8, 10), "bound"),
    "sort": (lambda t: t.sort(2)[0], (8, 3), "exact"),
    "where": (lambda t: torch.where(t > 0, t, torch.zeros((), dtype=t.dtype)), (3, 3), "exact"),
    "layer_norm": (lambda t: functional.layer_norm(tokens(t), (4,)), (3, 3), "exact"),
    "attention": (
        lambda t: functional.scaled_dot_product_attention(tokens(t), tokens(t), tokens(t)),
        (8, 10),
        "whole",
    ),
    "dropout": (lambda t: functional.dropout(t, 0.5, training=False), (3, 3), "exact"),
    "cumsum": (lambda t: t.cumsum(2), None, "unsupported"),
    "unfold": (lambda t: functional.unfold(t, 3), None, "unsupported"),
    "fft": (lambda t: torch.fft.rfft2(t).real, None, "unsupported"),
    "topk": (lambda t: t.topk(2, dim=2)[0], None, "unsupported"),
    "mean of images": (lambda t: t - t.mean(0, keepdim=True), None, "unsupported"),
    "sum of everything": (lambda t: t + t.sum(), None, "unsupported"),
    "smooth shrinking": (
        lambda t: functional.interpolate(
            t, scale_factor=0.5, mode="bilinear", align_corners=False, antialias=True
        ),
        None,
        "unsupported",
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_this_field(name: str) -> None:
    function, size, status = FUNCTIONS[name]
    row = rows_of(Applied(function))[-1]
    assert (row.size, row.status) == (size, status)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_does_what_torch_does(name: str) -> None:
    assert_as_torch(Applied(FUNCTIONS[name][0]))


@pytest.mark.parametrize(
    ("module", "takes_tokens", "size", "status"),
    [
        (nn.GroupNorm(2, 4), False, (3, 3), "exact"),
        (nn.BatchNorm2d(4), False, (3, 3), "exact"),
        (nn.LayerNorm(4), True, (3, 3), "exact"),
        (nn.Softmax2d(), False, (3, 3), "exact"),
        (nn.PReLU(4), False, (3, 3), "exact"),
        (nn.GLU(1), False, (3, 3), "exact"),
        (nn.Linear(4, 3), True, (3, 3), "exact"),
        (nn.Linear(8, 3), False, (3, 10), "exact"),
        (nn.ReflectionPad2d(1), False, (3, 3), "bound"),
        (nn.ChannelShuffle(2), False, (3, 3), "exact"),
        (nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), True, (8, 10), "whole"),
        (nn.LSTM(4, 3, batch_first=True), True, None, "unsupported"),
    ],
)
def test_a_module_has_this_field(
    module: nn.Module, takes_tokens: bool, size: tuple[int, int] | None, status: str
) -> None:
    def function(images: Tensor) -> Any:
        return module(tokens(images) if takes_tokens else images)

    row = rows_of(Applied(function, module.double()))[-1]
    assert (row.size, row.status) == (size, status)


@pytest.mark.parametrize("batch_first", [True, False])
def test_attention_is_one_call_that_sees_everything(batch_first: bool) -> None:
    module = nn.MultiheadAttention(4, 2, batch_first=batch_first, dtype=torch.double)

    def attend(images: Tensor) -> Tensor:
        taken = tokens(images) if batch_first else images.flatten(2).permute(2, 0, 1)
        return module(taken, taken, taken)[0]  # type: ignore[no-any-return]

    network = Applied(attend, module)
    row = rows_of(network)[-1]
    assert (row.name, row.size, row.status) == ("MultiheadAttention-2", (8, 10), "whole")


@pytest.mark.parametrize("is_log", [False, True])
def test_a_softmax_module_over_tokens_sees_all_of_them(is_log: bool) -> None:
    module = nn.LogSoftmax(1) if is_log else nn.Softmax(1)
    row = rows_of(Applied(lambda images: module(tokens(images)), module))[-1]
    assert (row.size, row.status) == ((8, 10), "whole")


def test_a_softmax_over_columns_alone_joins_them() -> None:
    row = rows_of(Applied(lambda images: images.mean((1, 2)).softmax(1)))[-1]
    assert row.size == (8, 10)


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda t: t.softmax(1), Join),
        (lambda t: t.mean(1), Reduce),
        (lambda t: tokens(t) @ tokens(t).transpose(1, 2), MatMul),
        (lambda t: functional.linear(t, torch.ones(3, 8).double()), Linear),
        (lambda t: functional.max_pool2d(t, 2), Pool),
        (lambda t: functional.interpolate(t, scale_factor=2), Interpolate),
    ],
)
def test_an_operation_is_named(function: Function, kind: type) -> None:
    graph = capture(Applied(function), (1, 8, 10), "net")
    assert any(isinstance(layer.operation, kind) for layer in graph.layers)


def test_torch_says_what_is_pointwise() -> None:
    assert is_pointwise(torch.ops.aten.mul.Tensor)
    assert not is_pointwise(torch.ops.aten.sum.dim_IntList)
