"""Reductions: stand-ins for what makes one number of many along some dimensions."""

from dataclasses import replace

from torch import Tensor

from mnistops.analysis.probing.plain import pointwise
from mnistops.analysis.probing.shadow import NotProbed, Shadow
from mnistops.analysis.probing.step import Step


def reduced(step: Step) -> Shadow:
    """The mean, for a maximum or a spread too."""
    source, dims = step.source, step.argument(1, "dim")
    if isinstance(dims, Tensor):
        return pointwise(step)
    ndim = len(source.shape)
    dims = (dims,) if isinstance(dims, int) else dims or range(ndim)
    dims = sorted(dim % ndim for dim in dims)
    if 0 in dims:
        raise NotProbed("it joins the images of a batch")
    mean = source.mean(dims)
    if len(step.shape) == ndim:
        return replace(mean, shape=step.shape)
    values = mean.values.squeeze([dim + 1 for dim in dims])
    return Shadow(step.shape, values, mean.labels.squeeze(dims), mean.is_joined)


def softmax(step: Step) -> Shadow:
    """The mean along its dimension; positions are joined where that grows with the input."""
    dim = step.argument(1, "dim") % len(step.shape)
    shadow = step.source.mean([dim])
    if step.alike is None or step.alike.taken[0][dim] == shadow.shape[dim]:
        return shadow
    return replace(shadow, is_joined=True)
