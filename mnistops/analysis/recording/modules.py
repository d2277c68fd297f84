"""torch's own modules as operations: what each does to shapes, fields and memory."""

from torch import nn
from torch.nn.modules.conv import _ConvNd

from mnistops.analysis.operations import (
    AdaptivePool,
    Convolution,
    Dropout,
    Flatten,
    Identity,
    Join,
    Linear,
    Operation,
    Pointwise,
    Pool,
    TransposedConvolution,
)
from mnistops.analysis.window import Shape, ShapeMismatch, Sizes, Window, same_padding

# What each keeps for the backward pass: its input or its output.
_KEEPS_OUTPUT = (nn.ReLU, nn.Sigmoid, nn.Tanh)
_KEEPS_INPUT = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.GroupNorm,
    nn.LeakyReLU,
    nn.ELU,
    nn.CELU,
    nn.SELU,
    nn.Hardtanh,
    nn.ReLU6,
    nn.SiLU,
    nn.GELU,
    nn.Hardswish,
    nn.Softplus,
    nn.Mish,
    nn.PReLU,
)


def operation_of(module: nn.Module, taken: Shape) -> Operation | None:
    """The operation of a module that takes a tensor of this shape, the images first.

    None for one that has no rule here, or none for this shape.
    """
    operation = _rule(module, taken)
    try:
        return operation if operation and operation.output_shape(taken) else None
    except ShapeMismatch:
        return None


def _rule(module: nn.Module, taken: Shape) -> Operation | None:  # noqa: C901, a table
    axes = len(taken) - 2
    in_place = bool(getattr(module, "inplace", False))
    if getattr(module, "return_indices", False):
        return None
    match module:
        case nn.Conv1d() | nn.Conv2d() | nn.Conv3d():
            # Other padding than zeros shows pixels from elsewhere in the image.
            if module.padding_mode != "zeros" and module.padding not in ("valid", (0,) * axes):
                return None
            channels = module.in_channels, module.out_channels
            return Convolution(_conv_window(module), *channels, module.groups)
        case nn.MaxPool1d() | nn.MaxPool2d() | nn.MaxPool3d():
            return Pool(_pool_window(module, axes, module.dilation), "max")
        case nn.AvgPool1d() | nn.AvgPool2d() | nn.AvgPool3d():
            return Pool(_pool_window(module, axes, 1), "avg")
        case nn.AdaptiveAvgPool1d() | nn.AdaptiveAvgPool2d() | nn.AdaptiveAvgPool3d():
            return AdaptivePool(_bins(module.output_size, axes), "avg")
        case nn.AdaptiveMaxPool1d() | nn.AdaptiveMaxPool2d() | nn.AdaptiveMaxPool3d():
            return AdaptivePool(_bins(module.output_size, axes), "max")
        case nn.ConvTranspose1d() | nn.ConvTranspose2d() | nn.ConvTranspose3d():
            channels = module.in_channels, module.out_channels
            more = tuple(module.output_padding)
            return TransposedConvolution(_conv_window(module), more, *channels, module.groups)
        case nn.Flatten(start_dim=1, end_dim=last) if last in (-1, len(taken) - 1):
            return Flatten()
        case nn.Linear(in_features=n, out_features=m):
            return Linear(n, m)
        case nn.Dropout(p=p):
            return Dropout(p, in_place=in_place)
        case nn.Dropout1d(p=p) | nn.Dropout2d(p=p) | nn.Dropout3d(p=p) if axes:
            return Dropout(p, whole_channels=True, in_place=in_place)
        case nn.LeakyReLU() | nn.ELU() | nn.CELU() | nn.SELU() if in_place:
            return Pointwise("output", in_place=True)
        case nn.Identity():
            return Identity()
        case nn.Softmax(dim=int(dim)) | nn.LogSoftmax(dim=int(dim)) if dim % len(taken):
            return Join((dim % len(taken),))
        case _ if isinstance(module, _KEEPS_OUTPUT):
            return Pointwise("output", in_place)
        case _ if isinstance(module, _KEEPS_INPUT):
            return Pointwise("input", in_place)
        case _:
            return None


def _conv_window(module: _ConvNd) -> Window:
    if module.padding == "same":
        padding = same_padding(module.kernel_size, module.dilation)
    elif module.padding == "valid":
        padding = tuple((0, 0) for _ in module.kernel_size)
    else:
        padding = tuple((int(margin), int(margin)) for margin in module.padding)
    return Window(module.kernel_size, module.stride, padding, module.dilation)


def _pool_window(module: nn.Module, axes: int, dilation: object) -> Window:
    margins = _sizes(module.padding, axes)
    return Window(
        _sizes(module.kernel_size, axes),
        _sizes(module.stride, axes),
        tuple((margin, margin) for margin in margins),
        _sizes(dilation, axes),
        bool(module.ceil_mode),
    )


def _sizes(value: object, axes: int) -> Sizes:
    """Torch's one number, or one per axis, as one per axis."""
    values = value if isinstance(value, tuple | list) else (value,)
    return tuple(int(v) for v in (values * axes if len(values) == 1 else values))


def _bins(value: int | tuple[int | None, ...] | None, axes: int) -> tuple[int | None, ...]:
    return value if isinstance(value, tuple) else (value,) * axes
