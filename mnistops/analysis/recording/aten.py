"""torch's own operations (ATen) as ours: what each call of one does to the tensors it takes.

Signatures are those of ``aten/src/ATen/native/native_functions.yaml``. Shapes have the images
first.
"""

from fractions import Fraction
from typing import Any

import torch

from mnistops.analysis.operations import (
    AdaptivePool,
    Convolution,
    Interpolate,
    Join,
    Linear,
    MatMul,
    Pointwise,
    Pool,
    Reduce,
    TransposedConvolution,
    Unsupported,
)
from mnistops.analysis.rearrangements import PixelShuffle, Select
from mnistops.analysis.recording.aten_call import Call, Place, Rule
from mnistops.analysis.recording.aten_moves import REARRANGEMENTS
from mnistops.analysis.window import Window

# What training keeps of those that stand for a module of torch's.
_KEEPS = {
    **dict.fromkeys(("relu", "sigmoid", "tanh"), "output"),
    **dict.fromkeys(
        ("leaky_relu", "elu", "hardtanh", "silu", "gelu", "hardswish", "softplus", "mish"), "input"
    ),
}

# Pointwise ones that torch does not tag as such.
_POINTWISE = {
    "hardswish",
    "_prelu_kernel",
    "rrelu_with_noise",
    "masked_fill",
    "native_dropout",
    "bernoulli",
}

# What depends on the shape of its input alone, not on its values.
SHAPE_ONLY = {
    "empty_like",
    "zeros_like",
    "ones_like",
    "full_like",
    "rand_like",
    "randn_like",
    "new_empty",
    "new_zeros",
    "new_ones",
    "new_full",
}


def steps_of(call: Call) -> list[Place]:
    """Add a call's steps to the graph; where its outputs then stand.

    What has no rule here is `Unsupported`, never a guess.
    """
    rule = _RULES.get(call.name)
    if rule is None and (call.is_pointwise or call.name in _POINTWISE):
        rule = _pointwise
    places = rule(call) if rule else None
    if places is None:
        shapes = tuple(tuple(t.shape) for t in call.tensors if call.place(t) is not None)
        return [
            call.add(Unsupported(shapes, tuple(output.shape)), call.sources)
            for output in call.outputs
        ]
    return places if isinstance(places, list) else [places]


def _pointwise(call: Call) -> Place:
    constants = tuple(tuple(t.shape) for t in call.tensors if call.place(t) is None and t.dim())
    keeps = _KEEPS.get(call.name)
    multiplies = call.name in ("mul", "div")
    operation = Pointwise(keeps, call.in_place, multiplies, constants)  # type: ignore[arg-type]
    return call.add(operation, call.sources)


def _norm(call: Call) -> Place:
    return call.add(Pointwise("input"), call.sources[:1])


def _same(call: Call) -> Place | None:
    (source,) = call.sources
    return source


def _copied(call: Call) -> Place:
    """A clone, perhaps of another type."""
    (tensor,) = (t for t in call.tensors if call.place(t) is not None)
    if tensor.dtype == call.outputs[0].dtype:
        return call.sources[0]
    return call.add(Pointwise(None), call.sources)


def _softmax(call: Call) -> Place | None:
    ndim = len(call.given)
    dim = call.arguments["dim"] % ndim
    if dim == 0 and ndim < 3:
        return None  # over the images
    return call.add(Join((dim,)), call.sources)


def _joined(call: Call) -> Place | None:
    dim = call.arguments.get("dim")
    return None if dim is None else call.add(Join((dim % len(call.given),)), call.sources[:1])


def _gated(call: Call) -> Place:
    """One half of the channels by the other one's sigmoid."""
    taken = call.taken()
    dim = call.arguments.get("dim", -1) % len(taken)
    half = taken[dim] // 2
    halves = [
        call.add(Select(dim, range(start, start + half)), call.sources) for start in (0, half)
    ]
    return call.add(Pointwise(None, multiplies=True), halves)


def _convolution(call: Call) -> Place | None:
    taken, weight = call.taken("input"), call.taken("weight")
    axes = len(taken) - 2
    if not call.depends("input") or call.depends("weight"):
        return None
    margins = call.sizes("padding", axes)
    window = Window(
        weight[2:],
        call.sizes("stride", axes),
        tuple((margin, margin) for margin in margins),
        call.sizes("dilation", axes),
    )
    groups = call.arguments["groups"]
    if call.arguments["transposed"]:
        more = call.sizes("output_padding", axes)
        channels = taken[1], weight[1] * groups
        return call.add(TransposedConvolution(window, more, *channels, groups), call.sources)
    return call.add(Convolution(window, taken[1], weight[0], groups), call.sources)


def _pool(call: Call) -> Place | None:
    taken = call.taken()
    axes = int(call.name[len("max_pool")])
    if len(taken) != axes + 2:
        return None
    kernel_size = call.sizes("kernel_size", axes)
    margins = call.sizes("padding", axes, (0,))
    window = Window(
        kernel_size,
        call.sizes("stride", axes, kernel_size),
        tuple((margin, margin) for margin in margins),
        call.sizes("dilation", axes, (1,)),
        bool(call.arguments.get("ceil_mode")),
    )
    return call.add(Pool(window, "max" if call.name.startswith("max") else "avg"), call.sources)


def _adaptive_pool(call: Call) -> Place | None:
    bins = tuple(call.arguments["output_size"])
    if len(call.taken()) != len(bins) + 2:
        return None
    return call.add(AdaptivePool(bins, "max" if "max" in call.name else "avg"), call.sources)


def _reduced(call: Call) -> Place | None:
    taken = call.taken()
    dims = call.arguments.get("dim")
    dims = [] if dims is None else [dims] if isinstance(dims, int) else dims
    dims = tuple(sorted(dim % len(taken) for dim in dims))
    keeps_dims = bool(call.arguments.get("keepdim"))
    if not dims or (dims[0] == 0 and taken[0] > 1):
        return None  # over the images
    spatial = tuple(range(2, len(taken)))
    if call.name == "mean" and keeps_dims and dims == spatial:
        return call.add(AdaptivePool((1,) * len(dims), "avg"), call.sources)
    return call.add(Reduce(dims, keeps_dims), call.sources)


def _upsampled(call: Call) -> Place | None:
    kinds = {"nearest_exact": "nearest-exact", "nearest": "nearest", "cubic": "cubic"}
    kind = next((kind for word, kind in kinds.items() if word in call.name), "linear")
    axes = len(call.taken()) - 2
    names = ("scales_d", "scales_h", "scales_w")[-axes:] if axes > 1 else ("scales",)
    scales = []
    for name in names:
        scale = call.arguments.get(name)
        scales.append(Fraction(scale).limit_denominator(1 << 16) if scale else None)
    corners = bool(call.arguments.get("align_corners"))
    operation = Interpolate(kind, call.given[2:], tuple(scales), corners)  # type: ignore[arg-type]
    return call.add(operation, call.sources)


def _shuffled(call: Call) -> Place | None:
    is_reverse = call.name == "pixel_unshuffle"
    factor = call.arguments["downscale_factor" if is_reverse else "upscale_factor"]
    return (
        call.add(PixelShuffle(factor, is_reverse), call.sources) if len(call.given) == 4 else None
    )


def _multiplied(call: Call) -> Place | None:
    """Products of matrices; a matrix of weights makes a fully connected layer."""
    names = {"mm": ("self", "mat2"), "bmm": ("self", "mat2"), "addmm": ("mat1", "mat2")}
    names |= {"baddbmm": ("batch1", "batch2")}
    left, right = names[call.name]
    added = "self" if call.name in ("addmm", "baddbmm") else ""
    if call.depends(added):
        return None
    if call.name in ("mm", "addmm"):
        if call.depends(right) or not call.depends(left):
            return None
        return call.add(Linear(*call.taken(right)), call.sources)
    constants = [None if call.depends(name) else call.taken(name) for name in (left, right)]
    return call.add(MatMul(*constants), call.sources)


def _fully_connected(call: Call) -> Place | None:
    if call.depends("weight"):
        return None
    return call.add(Linear(*reversed(call.taken("weight"))), call.sources)


def _rules() -> dict[str, Rule]:
    named: dict[Rule, str] = {
        _same: "alias detach lift_fresh",
        _copied: "clone _to_copy",
        _norm: "native_layer_norm native_group_norm native_batch_norm "
        "_native_batch_norm_legit _native_batch_norm_legit_no_training _batch_norm_with_update "
        "_fused_rms_norm",
        _softmax: "_softmax _log_softmax _safe_softmax",
        _joined: "sort",
        _gated: "glu",
        _convolution: "convolution",
        _pool: "max_pool2d_with_indices max_pool3d_with_indices avg_pool2d avg_pool3d",
        _adaptive_pool: "_adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_max_pool2d "
        "adaptive_max_pool3d",
        _reduced: "mean sum amax amin max min std var var_mean linalg_vector_norm norm prod "
        "logsumexp argmax argmin any all median",
        _upsampled: "upsample_nearest1d upsample_nearest2d upsample_nearest3d "
        "_upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d "
        "upsample_linear1d upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d",
        _shuffled: "pixel_shuffle pixel_unshuffle",
        _multiplied: "mm bmm addmm baddbmm",
        _fully_connected: "linear",
    }
    own = {name: rule for rule, names in named.items() for name in names.split()}
    return own | REARRANGEMENTS


_RULES = _rules()


def is_pointwise(function: Any) -> bool:
    """Whether torch says that an operation works value by value."""
    return torch.Tag.pointwise in function.tags
