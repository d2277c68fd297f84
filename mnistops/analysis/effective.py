"""Effective fields: how much each pixel weighs in what a unit gives, by gradients.

After Luo, Li, Urtasun and Zemel, "Understanding the Effective Receptive Field in Deep Convolutional
Neural Networks", NIPS 2016, arXiv:1701.04128.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mnistops.analysis.recording.borrowing import in_mode
from mnistops.analysis.window import same_padding, times
from mnistops.errors import NotFinite, UsageError
from mnistops.user_code import users_code

Call = tuple[str, int]
"""A submodule's path, and which of its calls, from 0."""


def effective_field(
    module: nn.Module, images: Tensor, path: str, call: int = 0
) -> NDArray[np.float64]:
    """The effective field (H, W) of one submodule's centre unit; see `effective_fields`."""
    return effective_fields(module, images, [(path, call)])[0]


def effective_fields(
    module: nn.Module, images: Tensor, calls: Sequence[Call]
) -> list[NDArray[np.float64]]:
    """The effective field (H, W) of each of these calls, the largest value 1.

    It is the mean over the images of ``|d unit / d pixel|``, summed over the channels of the input.
    The unit is the sum over the channels of the centre unit; of a vector, the sum of all values.
    Where nothing depends on the input, the field is zero. The network runs in eval mode; modes,
    gradients and random numbers come back as they were.

    Args:
        images: (N, C, H, W), normalised.

    Raises:
        UsageError: there is no such submodule or call, or it gives something else than images
            (N, C, H, W) or vectors (N, F).
        NotFinite: a gradient is no number.
        BadInput: the network fails.
    """
    tensor = next((p for p in module.parameters() if p.is_floating_point()), images)
    pixels = images.detach().to(tensor.device, tensor.dtype).requires_grad_()
    devices = [tensor.device] if tensor.device.type == "cuda" else []
    units: dict[Call, Tensor] = {}
    with (
        torch.random.fork_rng(devices),
        in_mode(module, training=False),
        _listening(module, [path for path, _ in calls], units),
        torch.enable_grad(),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Using padding='same' with even kernel", UserWarning)
        with users_code(type(module).__name__):
            module(pixels.clone())  # the network may write over what it is given
        for path, call in calls:
            if (path, call) not in units:
                got = sum(path == other for other, _ in units)
                raise UsageError(f"{path}: expected at least {call + 1} calls of it, got {got}")
        return [_field(units[call], pixels, call[0]) for call in calls]


def _field(unit: Tensor, pixels: Tensor, path: str) -> NDArray[np.float64]:
    (gradient,) = torch.autograd.grad(unit, pixels, retain_graph=True, materialize_grads=True)
    field: NDArray[np.float64] = gradient.double().abs().mean(0).sum(0).cpu().numpy()
    most = float(field.max())
    if not np.isfinite(most):
        raise NotFinite(f"{path}: expected gradients that are numbers, got {most}")
    return field / most if most else field


@contextmanager
def _listening(
    module: nn.Module, paths: Iterable[str], units: dict[Call, Tensor]
) -> Iterator[None]:
    """Keep the centre unit of every call of these submodules, summed, while the network runs."""
    handles = []
    try:
        for path in dict.fromkeys(paths):
            try:
                part = module.get_submodule(path)
            except AttributeError:
                name = type(module).__name__
                raise UsageError(f"{path}: expected a module in {name}, got none") from None
            handles.append(part.register_forward_hook(_keeper(path, units)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _keeper(
    path: str, units: dict[Call, Tensor]
) -> Callable[[nn.Module, tuple[object, ...], object], None]:
    def keep(_module: nn.Module, _inputs: tuple[object, ...], outputs: object) -> None:
        call = sum(path == other for other, _ in units)
        # Summed at once: the next module may write over it.
        units[path, call] = _centre_unit(path, outputs)

    return keep


def _centre_unit(path: str, outputs: object) -> Tensor:
    if not isinstance(outputs, Tensor) or outputs.ndim not in (2, 4):
        got = times(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
        raise UsageError(f"{path}: expected images (N, C, H, W) or vectors (N, F), got {got}")
    if outputs.ndim == 4:
        row, column = ((n - 1) // 2 for n in outputs.shape[2:])
        outputs = outputs[:, :, row, column]
    return outputs.sum()


def changed_copy(
    module: nn.Module, paths: Iterable[str], dilation: int | None, keep_size: bool
) -> nn.Module:
    """A copy with the same weights in which some convolutions and max pools are dilated otherwise.

    It is the network of `mnistops.analysis.what_if.what_if`.

    Args:
        paths: of the convolutions and max pools to change.
        dilation: their new dilation; None keeps each its own.
        keep_size: re-pad them so that each keeps its input's size (at stride 1).

    Raises:
        UsageError: a path names something else, or torch has no such padding.
        BadInput: the module cannot be copied.
    """
    with users_code(type(module).__name__):
        copy = deepcopy(module)
    for path in paths:
        part = dict(copy.named_modules()).get(path)
        if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            _change_convolution(part, path, dilation, keep_size)
        elif isinstance(part, nn.MaxPool1d | nn.MaxPool2d | nn.MaxPool3d):
            _change_pool(part, path, dilation, keep_size)
        else:
            got = "none" if part is None else type(part).__name__
            raise UsageError(f"{path}: expected a convolution or max pool, got {got}")
    return copy


def _change_convolution(
    part: nn.Conv1d | nn.Conv2d | nn.Conv3d, path: str, dilation: int | None, keep_size: bool
) -> None:
    if part.padding_mode != "zeros":
        raise UsageError(f"{path}: expected padding with zeros, got {part.padding_mode}")
    kept = tuple(part.dilation)
    changed = kept if dilation is None else (dilation,) * len(kept)
    if keep_size or part.padding == "same":
        pads = same_padding(part.kernel_size, changed if keep_size else kept)
        if all(before == after for before, after in pads):
            part.padding = tuple(before for before, _ in pads)
        elif keep_size and set(part.stride) == {1}:
            part.padding = "same"
        elif changed != kept or part.padding != "same":
            raise UsageError(
                f"{path}: expected a convolution with stride 1 that keeps its size, to pad it "
                f"unevenly, got stride {times(part.stride)}"
            )
    part.dilation = changed


def _change_pool(
    part: nn.MaxPool1d | nn.MaxPool2d | nn.MaxPool3d,
    path: str,
    dilation: int | None,
    keep_size: bool,
) -> None:
    axes = 1 if isinstance(part, nn.MaxPool1d) else 2 if isinstance(part, nn.MaxPool2d) else 3
    kernel = _per_axis(part.kernel_size, axes)
    changed = _per_axis(part.dilation if dilation is None else dilation, axes)
    if keep_size:
        pads = same_padding(kernel, changed)
        if any(a != b or 2 * a > k for (a, b), k in zip(pads, kernel, strict=True)):
            raise UsageError(
                f"{path}: expected a max pool padded evenly by at most half its kernel, as torch "
                f"does, got {', '.join(f'{a} and {b}' for a, b in pads)} to keep its size"
            )
        part.padding = tuple(before for before, _ in pads)  # type: ignore[assignment]
    part.dilation = changed  # type: ignore[assignment]


def _per_axis(value: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    values = value if isinstance(value, tuple) else (value,)
    return values * axes if len(values) == 1 else values
