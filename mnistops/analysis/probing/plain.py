"""Plain stand-ins: a mean of all that is taken, or the function itself where it is linear."""

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from mnistops.analysis.probing.shadow import NotProbed, Shadow, one_kind, together
from mnistops.analysis.probing.step import Step, tensors_in

_PRODUCTS = ("mul", "multiply", "div", "true_divide", "divide")


def pointwise(step: Step) -> Shadow:
    """The mean of all that is taken, point by point."""
    shadows = step.known
    if step.name in _PRODUCTS:
        # What is the same in all positions is a gate where the other factor is not.
        spatial = [s for s in shadows if max(s.values.shape[3:], default=1) > 1]
        shadows = spatial or shadows
    return together(shadows, step.shape)


def as_it_is(step: Step) -> list[Shadow]:
    """The function itself, which is linear, on all values."""

    def whole(value: object) -> object:
        shadow = step.shadow_of(value)
        if shadow is not None:
            return shadow.plain().expand(shadow.shape)
        if isinstance(value, Tensor) and value.is_floating_point():
            return torch.ones(value.shape, dtype=torch.double)
        if isinstance(value, Tensor) and value.is_meta:
            raise NotProbed(f"the numbers that {step.name} takes are not known")
        return value

    args, kwargs = tree_map(whole, (step.args, step.kwargs))
    is_joined = any(s.is_joined for s in step.known)
    given = tensors_in(step.func(*args, **kwargs))
    return [one_kind(tensor, tuple(tensor.shape), is_joined) for tensor in given]
