"""Resizing: stand-ins for margins around an image and for interpolation."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from mnistops.analysis.probing.plain import as_it_is
from mnistops.analysis.probing.shadow import Shadow, by_channels
from mnistops.analysis.probing.step import Step


def padded(step: Step) -> Shadow | list[Shadow]:
    """The same margins, with zeros for constants."""
    source = step.source
    margins, mode = list(step.argument(1, "pad")), step.argument(2, "mode", "constant")
    if len(margins) > 2 * (len(source.shape) - 2):
        return as_it_is(step)
    values, kinds = source.channels()
    mode = mode if isinstance(mode, str) else "constant"  # constant_pad_nd has a value here
    values = functional.pad(values[None], margins, mode)[0]
    return by_channels(values, kinds, step.shape, source.is_joined)


def resized(step: Step) -> Shadow:
    """The same interpolation; a cubic one with positive weights."""
    source = step.source
    values, kinds = source.channels()
    arguments = dict(
        zip(("size", "scale_factor", "mode", "align_corners"), step.args[1:], strict=False)
    )
    arguments |= {key: value for key, value in step.kwargs.items() if key != "input"}
    if arguments.get("mode") == "bicubic":
        for axis in (0, 1):
            values = _weighed(values, axis, arguments)
    else:
        values = functional.interpolate(values[None], **arguments)[0]
    return by_channels(values, kinds, step.shape, source.is_joined)


def _weighed(values: Tensor, axis: int, arguments: dict[str, Any]) -> Tensor:
    """Resized along one axis, each weight made positive."""
    size, scale = arguments.get("size"), arguments.get("scale_factor")
    if size is not None:
        own = size if isinstance(size, int) else size[axis]
        arguments, breadth = arguments | {"size": (own, 1)}, 1
    else:
        own = scale[axis] if isinstance(scale, tuple | list) else scale
        arguments = arguments | {"scale_factor": (own, own)}
        breadth = math.ceil(1 / (own or 1))
    each = torch.eye(values.shape[axis + 1], dtype=torch.double)[None, :, :, None]
    each = each.expand(-1, -1, -1, breadth)
    weights = functional.interpolate(each, **arguments)[0, :, :, 0].abs()
    resized: Tensor = torch.tensordot(values, weights, ([axis + 1], [0]))
    return resized.movedim(-1, axis + 1)
