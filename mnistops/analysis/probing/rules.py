"""Rules: which function of torch's is replaced by which stand-in."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from mnistops.analysis.probing.plain import as_it_is, pointwise
from mnistops.analysis.probing.products import attended, fully_connected, multiplied
from mnistops.analysis.probing.rearrangements import (
    concatenated,
    expanded,
    indexed,
    permuted,
    reshaped,
    split,
)
from mnistops.analysis.probing.reductions import reduced, softmax
from mnistops.analysis.probing.resizing import padded, resized
from mnistops.analysis.probing.shadow import NotProbed, Shadow
from mnistops.analysis.probing.step import Step, tensors_in
from mnistops.analysis.probing.windows import convolved, pooled, pooled_into_bins, transposed

Rule = Callable[[Step], Shadow | Sequence[Shadow | str]]
"""Of a step: one shadow for all tensors that it gives, or one for each."""


def replaced(step: Step) -> tuple[Any, Sequence[Shadow | str]]:
    """What the module is given, and the shadow of each tensor in it.

    Raises:
        NotProbed: nothing linear stands for the function.
    """
    rule = RULES.get(step.name)
    if rule in _OF_ANY_SIZE:
        shadow = rule(step)
        return torch.empty(shadow.shape, device="meta", dtype=step.taken[0].dtype), [shadow]
    given = tensors_in(step.result)
    if not given:
        return step.result, []
    if rule is None:
        raise NotProbed(f"nothing linear stands for {step.name}")
    shadows = rule(step)
    return step.result, [shadows] * len(given) if isinstance(shadows, Shadow) else shadows


# What may give another shape than the function itself, so that an input of another size runs too.
_OF_ANY_SIZE = (fully_connected, pooled_into_bins)

_NAMES: dict[Rule, str] = {
    pointwise: "relu relu6 leaky_relu elu selu celu gelu silu mish softplus softsign sigmoid "
    "logsigmoid hardsigmoid hardswish hardtanh hardshrink softshrink tanhshrink threshold tanh "
    "prelu rrelu dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout "
    "feature_dropout batch_norm layer_norm group_norm instance_norm rms_norm "
    "local_response_norm normalize clamp clip clamp_min clamp_max abs neg exp log log1p expm1 "
    "sqrt rsqrt square reciprocal pow erf sin cos sign floor ceil round trunc contiguous clone "
    "detach to type type_as float double half bfloat16 cpu data add sub subtract rsub "
    "mul multiply div divide true_divide maximum minimum lerp where addcmul addcdiv "
    "masked_fill fmod remainder gt lt ge le eq ne requires_grad",
    softmax: "softmax log_softmax softmin",
    convolved: "conv1d conv2d conv3d",
    transposed: "conv_transpose1d conv_transpose2d conv_transpose3d",
    pooled: "max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d",
    pooled_into_bins: "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d "
    "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d",
    padded: "pad constant_pad_nd",
    resized: "interpolate upsample",
    reduced: "mean sum amax amin max min std var logsumexp prod median argmax argmin any all",
    fully_connected: "linear",
    multiplied: "matmul bmm mm",
    attended: "scaled_dot_product_attention multi_head_attention_forward",
    concatenated: "cat concat concatenate",
    reshaped: "view reshape flatten unflatten squeeze unsqueeze view_as reshape_as ravel",
    permuted: "permute transpose swapaxes swapdims movedim moveaxis t T mT",
    expanded: "expand expand_as broadcast_to",
    indexed: "getitem",
    split: "chunk split tensor_split split_with_sizes",
    as_it_is: "narrow select unbind roll flip rot90 pixel_shuffle pixel_unshuffle "
    "channel_shuffle unfold fold repeat tile repeat_interleave stack index_select gather "
    "cumsum einsum",
}
RULES = {name: rule for rule, names in _NAMES.items() for name in names.split()}

# What depends on the shape of its input alone, not on its values.
SHAPE_ONLY = {
    *("empty_like", "zeros_like", "ones_like", "full_like", "rand_like", "randn_like"),
    *("new_empty", "new_zeros", "new_ones", "new_full", "new_tensor"),
}
