"""Networks of images (N, C, H, W) for tests, and which pixels their values really touch.

Weights are positive, so that no two paths cancel. A network returns every tensor that it makes.
Beside its own forward it can be run with something else than zeros outside of what each layer
takes: with not-a-number there, every value that depends on padding becomes not-a-number.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

NOTHING = float("nan")
Shape = tuple[int, ...]
Function = Callable[..., Any]


class Step(nn.Module):
    """One thing that a network does."""

    def spread(self, *taken: Tensor, outside: float) -> Any:  # noqa: ARG002
        """Its values, or a positive sum of the same inputs; ``outside`` stands for padding."""
        return self(*taken)


class Call(Step):
    """A function of tensors that makes no padding."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        super().__init__()
        self._name = name
        self._function = function

    def extra_repr(self) -> str:
        return self._name

    def forward(self, *taken: Tensor) -> Any:
        return self._function(*taken)


class Linearised(Call):
    """A function of tensors, and a positive sum of the same inputs that stands for it."""

    def __init__(self, name: str, function: Function, sum_of_the_same: Function) -> None:
        super().__init__(name, function)
        self._sum = sum_of_the_same

    def spread(self, *taken: Tensor, outside: float) -> Any:  # noqa: ARG002
        return self._sum(*taken)


class Wrapped(Step):
    """One of torch's modules that makes no padding."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = positive(module)

    def forward(self, images: Tensor) -> Any:
        return self.module(images)

    def spread(self, *taken: Tensor, outside: float) -> Any:
        if isinstance(self.module, nn.AdaptiveMaxPool2d):
            return functional.adaptive_avg_pool2d(taken[0], self.module.output_size)
        return super().spread(*taken, outside=outside)


class Convolved(Step):
    """A convolution, as a module or as a function."""

    def __init__(self, conv: nn.Conv2d, is_function: bool) -> None:
        super().__init__()
        self.conv = positive(conv)
        self._is_function = is_function

    def forward(self, images: Tensor) -> Tensor:
        if not self._is_function:
            return self.conv(images)  # type: ignore[no-any-return]
        conv = self.conv
        own = conv.stride, conv.padding, conv.dilation, conv.groups
        return torch.conv2d(images, conv.weight, conv.bias, *own)

    def spread(self, *taken: Tensor, outside: float) -> Tensor:
        conv = self.conv
        padded = functional.pad(taken[0], conv._reversed_padding_repeated_twice, value=outside)
        own = conv.stride, 0, conv.dilation, conv.groups
        return torch.conv2d(padded, conv.weight, conv.bias, *own)


class Transposed(Step):
    """A transposed convolution."""

    def __init__(self, conv: nn.ConvTranspose2d) -> None:
        super().__init__()
        self.conv = positive(conv)

    def forward(self, images: Tensor) -> Tensor:
        return self.conv(images)  # type: ignore[no-any-return]

    def spread(self, *taken: Tensor, outside: float) -> Tensor:
        conv, given = self.conv, self(taken[0]).shape[2:]
        axes = zip(conv.kernel_size, conv.stride, conv.dilation, strict=True)
        more = [(k - 1) * d // s + 1 for k, s, d in axes]
        padded = functional.pad(taken[0], (more[1], more[1], more[0], more[0]), value=outside)
        own = conv.stride, 0, 0, conv.groups, conv.dilation
        large = torch.conv_transpose2d(padded, conv.weight, conv.bias, *own)
        first = [m * s + p for m, s, p in zip(more, conv.stride, conv.padding, strict=True)]
        return large[:, :, first[0] : first[0] + given[0], first[1] : first[1] + given[1]]


class Pooled(Step):
    """A pool, as a module or as a function."""

    def __init__(self, pool: nn.MaxPool2d | nn.AvgPool2d, is_function: bool) -> None:
        super().__init__()
        self.pool = pool
        self._is_function = is_function

    def forward(self, images: Tensor) -> Tensor:
        if not self._is_function:
            return self.pool(images)  # type: ignore[no-any-return]
        pool = self.pool
        if isinstance(pool, nn.AvgPool2d):
            return functional.avg_pool2d(
                images, pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode
            )
        own = pool.kernel_size, pool.stride, pool.padding, pool.dilation, pool.ceil_mode
        return functional.max_pool2d(images, *own)

    def spread(self, *taken: Tensor, outside: float) -> Tensor:
        """The sum over the same window."""
        (images,), pool = taken, self.pool
        given, channels = self(images.detach()).shape[2:], images.shape[1]
        dilation = pool.dilation if isinstance(pool, nn.MaxPool2d) else (1, 1)
        margins: list[int] = []
        for axis in (1, 0):
            before = pool.padding[axis]  # type: ignore[index]
            last = (given[axis] - 1) * pool.stride[axis]  # type: ignore[index]
            span = last + dilation[axis] * (pool.kernel_size[axis] - 1) + 1  # type: ignore[index]
            margins += [before, span - images.shape[2 + axis] - before]
        padded = functional.pad(images, margins, value=outside)
        weight = torch.ones(channels, 1, *pool.kernel_size, dtype=images.dtype)  # type: ignore[misc]
        return torch.conv2d(padded, weight, None, pool.stride, 0, dilation, channels)


class AcrossChannels(Wrapped):
    """A module applied with the channels last."""

    def forward(self, images: Tensor) -> Any:
        return self.module(images.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Padded(Step):
    """Zeros around images; negative numbers cut off."""

    def __init__(self, pads: Sequence[int]) -> None:
        super().__init__()
        self._pads = list(pads)

    def extra_repr(self) -> str:
        return str(self._pads)

    def forward(self, images: Tensor) -> Tensor:
        return functional.pad(images, self._pads)

    def spread(self, *taken: Tensor, outside: float) -> Tensor:
        return functional.pad(taken[0], self._pads, value=outside)


class Resized(Step):
    """Images made larger or smaller."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self._options = options

    def extra_repr(self) -> str:
        return str(self._options)

    def forward(self, images: Tensor) -> Tensor:
        return functional.interpolate(images, **self._options)

    def spread(self, *taken: Tensor, outside: float) -> Tensor:
        given = self(taken[0])
        if self._options["mode"] != "bilinear" or self._options["align_corners"]:
            return given  # type: ignore[no-any-return]
        for axis in (2, 3):
            n, units = taken[0].shape[axis], given.shape[axis]
            scale = self._options.get("scale_factor")
            step = n / units if scale is None else 1 / scale[axis - 2]
            source = (torch.arange(units) + 0.5) * step - 0.5
            clamped = (source < -1e-9) | (source > n - 1 + 1e-9)
            shape = [-1 if dim == axis else 1 for dim in range(4)]
            given = torch.where(clamped.view(shape), given + outside, given)
        return given  # type: ignore[no-any-return]


class Network(Step):
    """Steps that each take some of the tensors made so far; number 0 is the input."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = nn.ModuleList()
        self.order: list[tuple[int, tuple[int, ...]]] = []

    def extra_repr(self) -> str:
        return f"order={self.order}"

    def add(self, step: Step, wires: tuple[int, ...]) -> None:
        """Append a step, perhaps one that it has, that takes these tensors."""
        known = [place for place, own in enumerate(self.steps) if own is step]
        if not known:
            self.steps.append(step)
        self.order.append((known[0] if known else len(self.steps) - 1, wires))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return self._run(images, None)

    def spread(self, *taken: Tensor, outside: float) -> tuple[Tensor, ...]:
        return self._run(taken[0], outside)

    def _run(self, images: Tensor, outside: float | None) -> tuple[Tensor, ...]:
        tensors = [images.clone()]
        for place, wires in self.order:
            step: Any = self.steps[place]
            taken = [tensors[wire] for wire in wires]
            made = step(*taken) if outside is None else step.spread(*taken, outside=outside)
            tensors += made if isinstance(made, tuple) else (made,)
        return tuple(tensors)


def positive(module: Any) -> Any:
    """The module with weights and biases from 0.5 to 1.5, all different: nothing is ever 0."""
    for parameter in module.parameters():
        parameter.requires_grad_(False)
        count = torch.arange(1, parameter.numel() + 1, dtype=torch.double)
        values = (count * 0.6180339887498949) % 1 + 0.5
        parameter.copy_(values.view(parameter.shape))
    return module


def touched(value: Tensor, images: Tensor) -> Tensor:
    """(H, W): whether a pixel, in any image or channel, changes this value or the sum of these."""
    (gradient,) = torch.autograd.grad(
        value.sum(), images, retain_graph=True, materialize_grads=True
    )
    size = gradient.abs().amax((0, 1))
    return size > 1e-12 * size.max()
