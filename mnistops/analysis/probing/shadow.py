"""Shadow: the values that stand beside a tensor, and how shadows are put together.

Values are doubles, of shape (kinds, ...): a kind is what several entries of the tensor share, such
as the channels of one branch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import torch
from torch import Tensor

from mnistops.analysis.window import Shape


class NotProbed(Exception):
    """Why something cannot be probed."""


@dataclass(frozen=True)
class Shadow:
    """The values that stand beside a tensor, without its repetitions.

    Attributes:
        shape: of the tensor.
        values: (kinds, ...), each further dimension as long as the tensor's, or 1 where all along
            it is the same.
        labels: which kind stands where; each dimension as long as the tensor's, or 1.
        is_joined: whether positions were joined on the way, in a number that the size sets.
    """

    shape: Shape
    values: Tensor
    labels: Tensor
    is_joined: bool = False

    def plain(self) -> Tensor:
        """The values without kinds; each dimension as long as the tensor's, or 1."""
        if len(self.values) == 1:
            return self.values[0]
        shape = broadcast(self.values.shape[1:], self.labels.shape)
        labels = self.labels.expand(shape).unsqueeze(0)
        return self.values.expand(-1, *shape).gather(0, labels)[0]

    def mean(self, dims: Sequence[int]) -> "Shadow":
        """The mean along these dimensions, which stay, with as many values as they had."""
        varied = any(self.labels.shape[dim] > 1 for dim in dims)
        source = one_kind(self.plain(), self.shape, self.is_joined) if varied else self
        return replace(source, values=source.values.mean([d + 1 for d in dims], keepdim=True))

    def channels(self) -> tuple[Tensor, list[int]]:
        """(kinds, *axes), and of each channel its kind; of the first image, as all are alike."""
        _, count, *axes = self.shape
        labels, values = self.labels, self.values
        if values.shape[2] > 1 or any(n > 1 for d, n in enumerate(labels.shape) if d != 1):
            whole = self.plain()[0]
            kinds = list(range(count)) if len(whole) > 1 else [0] * count
            return whole.expand(-1, *axes), kinds
        return values[:, 0, 0].expand(-1, *axes), labels.reshape(-1).expand(count).tolist()


def one_kind(values: Tensor, shape: Shape, is_joined: bool = False) -> Shadow:
    """The shadow of values (...) without kinds, each dimension as long as the tensor's, or 1."""
    labels = torch.zeros((1,) * len(shape), dtype=torch.long)
    return Shadow(shape, values.reshape(1, *_ranked(values.shape, len(shape))), labels, is_joined)


def by_channels(values: Tensor, kinds: Sequence[int], shape: Shape, is_joined: bool) -> Shadow:
    """The shadow of values (kinds, *axes), where each channel has one of the kinds."""
    labels = torch.tensor(kinds).reshape(1, -1, *(1,) * (values.dim() - 1))
    return Shadow(shape, values[:, None, None], labels, is_joined)


def together(shadows: Sequence[Shadow], shape: Shape) -> Shadow:
    """The mean of tensors that are broadcast to one shape."""
    ndim = len(shape)
    ranked = [
        replace(
            s,
            shape=shape,
            values=s.values.reshape(len(s.values), *_ranked(s.values.shape[1:], ndim)),
            labels=s.labels.reshape(_ranked(s.labels.shape, ndim)),
        )
        for s in shadows
    ]
    return reduce(_both, ranked)


def broadcast(*shapes: Sequence[int]) -> Shape:
    """The shape that these are broadcast to."""
    return tuple(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]


def distinct(labels: Tensor) -> tuple[Tensor, Tensor]:
    """The labels that there are, and for each entry the place of its own among them."""
    kinds, places = torch.unique(labels, return_inverse=True)
    return kinds, places


def _both(one: Shadow, other: Shadow) -> Shadow:
    if one is other:
        return one
    codes = one.labels * len(other.values) + other.labels
    kinds, labels = distinct(codes)
    values = one.values[kinds // len(other.values)] + other.values[kinds % len(other.values)]
    return Shadow(one.shape, values / 2, labels, one.is_joined or other.is_joined)


def _ranked(shape: Sequence[int], ndim: int) -> Shape:
    return (1,) * (ndim - len(shape)) + tuple(shape)
