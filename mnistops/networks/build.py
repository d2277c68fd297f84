"""NetworkSpec to torch.nn.Module, with the seed's state_dict keys."""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional

from mnistops.analysis.lower import lower
from mnistops.analysis.window import Shape
from mnistops.errors import BadInput
from mnistops.networks.spec import AnyBlock, AvgPool, Conv, GlobalAvgPool, Linear, NetworkSpec

_ACTIVATIONS = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "silu": nn.SiLU, "gelu": nn.GELU}


class SpecNetwork(nn.Sequential):
    """The blocks of a spec in order, then the vector of classes."""

    output: str = "log_softmax"

    def __init__(self, blocks: "OrderedDict[str, nn.Module]", output: str) -> None:
        super().__init__(blocks)
        self.output = output

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (N, C, H, W), normalised, to log-probabilities or logits (N, classes)."""
        outputs = images
        for block in self:
            outputs = block(outputs)
        outputs = outputs.flatten(1)
        return functional.log_softmax(outputs, dim=-1) if self.output == "log_softmax" else outputs


def build(spec: NetworkSpec) -> SpecNetwork:
    """Make the network, with torch's default random weights.

    Raises:
        BadInput: a block cannot take what the one before it gives, or its name is taken by torch.
    """
    shapes: dict[str, Shape] = {}
    for layer in lower(spec).layers:
        shapes.setdefault(layer.path.split(".")[0], layer.input_shape)
    blocks = OrderedDict((b.name, _module(b, shapes[b.name], spec.dropout)) for b in spec.blocks)
    empty = SpecNetwork(OrderedDict(), spec.output)
    taken = next((name for name in blocks if hasattr(empty, name)), None)
    if taken is not None:
        raise BadInput(
            f"{spec.name}: block {taken}: expected a name that torch.nn.Module leaves free"
        )
    return SpecNetwork(blocks, spec.output)


def _module(block: AnyBlock, input_shape: Shape, dropout: float) -> nn.Module:
    match block:
        case Conv():
            return nn.Sequential(*_convolution(block, input_shape[0]), *_tail(block, dropout))
        case Linear():
            in_features = torch.Size(input_shape).numel()
            linear = nn.Linear(in_features, block.out_features, bias=block.bias)
            return nn.Sequential(nn.Flatten(), linear, *_tail(block, dropout))
        case GlobalAvgPool():
            return nn.AdaptiveAvgPool2d(1)
        case AvgPool():
            return nn.AvgPool2d(
                block.kernel_size, block.stride, block.padding, ceil_mode=block.ceil_mode
            )
        case _:
            return nn.MaxPool2d(
                block.kernel_size,
                block.stride,
                block.padding,
                block.dilation,
                ceil_mode=block.ceil_mode,
            )


def _convolution(block: Conv, in_channels: int) -> list[nn.Module]:
    convolution = nn.Conv2d(
        in_channels,
        block.out_channels,
        block.kernel_size,
        stride=block.stride,
        padding=block.padding,
        dilation=block.dilation,
        groups=block.groups,
        bias=block.bias,
    )
    norm = [nn.BatchNorm2d(block.out_channels)] if block.norm == "batch" else []
    return [convolution, *norm]


def _tail(block: Conv | Linear, dropout: float) -> list[nn.Module]:
    activation = [] if block.activation == "none" else [_ACTIVATIONS[block.activation]()]
    return [*activation, *([nn.Dropout(dropout)] if block.dropout else [])]
