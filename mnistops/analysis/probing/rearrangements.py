"""Rearrangements: stand-ins for what moves values about and keeps each as it is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from mnistops.analysis.probing.plain import as_it_is
from mnistops.analysis.probing.shadow import (
    Shadow,
    broadcast,
    distinct,
    one_kind,
    together,
)
from mnistops.analysis.probing.step import Step
from mnistops.analysis.window import Shape


def concatenated(step: Step) -> Shadow:
    """Side by side; the kinds of each part stay kinds of their own where it is the same along."""
    dim = step.argument(1, "dim", 0) % len(step.shape)
    nothing = torch.zeros((), dtype=torch.double)
    shadows = [
        step.shadow_of(part) or one_kind(nothing, tuple(part.shape))
        for part in step.argument(0, "tensors")
    ]
    is_joined = any(s.is_joined for s in shadows)
    common = broadcast(*(_without(s.values.shape[1:], dim) for s in shadows))
    if any(s.values.shape[dim + 1] > 1 for s in shadows):
        wholes = [s.plain().expand(_with(common, dim, s.shape[dim])) for s in shadows]
        return one_kind(torch.cat(wholes, dim), step.shape, is_joined)
    values = torch.cat([s.values.expand(-1, *common) for s in shadows])
    kept = broadcast(*(_without(s.labels.shape, dim) for s in shadows))
    labels, kinds = [], 0
    for s in shadows:
        labels.append(s.labels.expand(_with(kept, dim, s.shape[dim])) + kinds)
        kinds += len(s.values)
    return Shadow(step.shape, values, torch.cat(labels, dim), is_joined)


def reshaped(step: Step) -> Shadow:
    """Laid out anew, in the order of memory."""
    source, old, new = step.source, step.source.shape, step.shape
    tail = _agreeing(old[::-1], new[::-1])
    front = len(old) - tail
    values, is_joined = source.values, source.is_joined
    if max(values.shape[1 : 1 + front], default=1) == 1:
        # Only repetitions are laid out anew.
        labels = _relaid(source.labels, old, new, tail)
        if labels is not None:
            ones = (1,) * (len(new) - tail)
            values = values.reshape(len(values), *ones, *values.shape[1 + front :])
            return Shadow(new, values, labels, is_joined)
    head = _agreeing(old, new)
    plain = source.plain()
    kept = plain.shape[:head]
    whole = plain.expand(*kept, *old[head:]).reshape(*kept, *new[head:])
    return one_kind(whole, new, is_joined)


def permuted(step: Step) -> Shadow:
    """Dimensions in another order."""
    source = step.source
    told_apart = torch.empty(tuple(range(2, 2 + len(source.shape))), device="meta")
    kwargs = {key: value for key, value in step.kwargs.items() if key != "input"}
    dims = [size - 2 for size in step.func(told_apart, *step.args[1:], **kwargs).shape]
    return replace(
        source,
        shape=step.shape,
        values=source.values.permute(0, *(dim + 1 for dim in dims)),
        labels=source.labels.permute(dims),
    )


def expanded(step: Step) -> Shadow:
    """Repeated along some dimensions."""
    return together([step.source], step.shape)


def indexed(step: Step) -> Shadow | list[Shadow]:
    """A part, told by numbers and slices; with other indices, torch's own."""
    index = step.args[1] if isinstance(step.args[1], tuple) else (step.args[1],)
    if not all(isinstance(i, int | slice) or i is None or i is ... for i in index):
        return as_it_is(step)
    return _cut(step.source, index, step.shape)


def split(step: Step) -> list[Shadow]:
    """Parts that lie one behind the other."""
    source = step.source
    dim = step.argument(2, "dim", 0) % len(source.shape)
    shadows, first = [], 0
    for part in step.result:
        index = [slice(None)] * dim + [slice(first, first + part.shape[dim])]
        shadows.append(_cut(source, index, tuple(part.shape)))
        first += part.shape[dim]
    return shadows


def _cut(source: Shadow, index: Sequence[Any], shape: Shape) -> Shadow:
    """The part at an index of numbers, slices, None and ``...``, which has this shape."""
    used = sum(i is not None and i is not ... for i in index)
    place = next((n for n, i in enumerate(index) if i is ...), len(index))
    rest = [slice(None)] * (len(source.shape) - used)
    filled = [*index[:place], *rest, *index[place + 1 :]]
    kinds, labels = distinct(source.labels[_repeating(filled, source.labels.shape)])
    values = source.values[(slice(None), *_repeating(filled, source.values.shape[1:]))]
    values = values if len(kinds) == len(values) else values[kinds]
    return Shadow(shape, values, labels, source.is_joined)


def _repeating(index: Sequence[Any], shape: Sequence[int]) -> tuple[Any, ...]:
    """An index of the whole, for a tensor that has 1 where it is the same all along."""
    items, dim = [], 0
    for item in index:
        if item is not None and shape[dim] == 1:
            items.append(0 if isinstance(item, int) else slice(None))
        else:
            items.append(item)
        dim += item is not None
    return tuple(items)


def _relaid(labels: Tensor, old: Shape, new: Shape, tail: int) -> Tensor | None:
    """Labels laid out anew, but for so many dimensions at the end; None if they vary there."""
    front = len(old) - tail
    if labels.numel() == 1:
        return labels.reshape((1,) * len(new))
    if max(labels.shape[front:], default=1) > 1:
        return None
    whole = labels.reshape(labels.shape[:front]).expand(old[:front])
    relaid = whole.reshape(*new[: len(new) - tail], *(1,) * tail)
    for dim in range(relaid.dim()):
        first = relaid.narrow(dim, 0, 1)
        if (relaid == first).all():
            relaid = first
    return relaid


def _agreeing(old: Sequence[int], new: Sequence[int]) -> int:
    """How many numbers at the beginning are the same."""
    shorter = min(len(old), len(new))
    return next((n for n in range(shorter) if old[n] != new[n]), shorter)


def _with(shape: Shape, dim: int, size: int) -> Shape:
    return (*shape[:dim], size, *shape[dim + 1 :])


def _without(shape: Sequence[int], dim: int) -> Shape:
    return (*shape[:dim], 1, *shape[dim + 1 :])
