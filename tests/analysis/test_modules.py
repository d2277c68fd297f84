"""torch's modules as operations: each shape torch gives is the operation's, or nothing is said."""

import pytest
import torch
from torch import nn

from mnistops.analysis.modules import operation_of
from mnistops.analysis.operations import Pointwise, Unsupported

IMAGE, VECTOR = (4, 9, 7), (6,)


@pytest.mark.parametrize(
    ("module", "shape", "is_supported"),
    [
        (nn.Conv2d(4, 6, (3, 1), (2, 1), (1, 0), (2, 1), groups=2), IMAGE, True),
        (nn.Conv2d(4, 6, 3, padding="valid"), IMAGE, True),
        (nn.Conv2d(4, 6, 3, padding="same", dilation=2), IMAGE, True),
        (nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"), IMAGE, False),
        (nn.Conv2d(4, 6, 3, padding_mode="reflect"), IMAGE, True),
        (nn.Conv1d(4, 6, 3, stride=2), (4, 9), True),
        (nn.Conv3d(4, 6, 3), (4, 5, 5, 5), True),
        (nn.ConvTranspose2d(4, 6, 3), IMAGE, False),
        (nn.MaxPool2d(3, 2, 1, ceil_mode=True), IMAGE, True),
        (nn.MaxPool2d((3, 2), dilation=2), IMAGE, True),
        (nn.MaxPool1d(2), (4, 9), True),
        (nn.AvgPool2d(2, ceil_mode=True), IMAGE, True),
        (nn.AvgPool1d(3, padding=1), (4, 9), True),
        (nn.AvgPool3d(2), (4, 5, 5, 5), True),
        # torch takes the batch of vectors for the channels of one image.
        (nn.AvgPool1d(2), VECTOR, False),
        (nn.MaxPool1d(2), VECTOR, False),
        (nn.AdaptiveAvgPool1d(2), VECTOR, False),
        (nn.Dropout1d(0.5), VECTOR, False),
        (nn.AdaptiveAvgPool2d((3, None)), IMAGE, True),
        (nn.AdaptiveMaxPool2d(2), IMAGE, True),
        (nn.Flatten(), IMAGE, True),
        (nn.Flatten(2), IMAGE, False),
        (nn.Linear(6, 3), VECTOR, True),
        (nn.Linear(7, 3), IMAGE, False),
        (nn.Softmax(dim=1), IMAGE, True),
        (nn.Softmax(dim=-1), IMAGE, False),
        (nn.LogSoftmax(dim=-1), VECTOR, True),
        (nn.Softmax(dim=0), VECTOR, False),
        (nn.BatchNorm2d(4), IMAGE, True),
        (nn.GroupNorm(2, 4), IMAGE, True),
        (nn.ReLU(), IMAGE, True),
        (nn.GELU(), IMAGE, True),
        (nn.PReLU(), IMAGE, True),
        (nn.Identity(), IMAGE, True),
        (nn.Dropout2d(0.5), IMAGE, True),
        (nn.Upsample(scale_factor=2), IMAGE, False),
        (nn.ZeroPad2d(1), IMAGE, False),
    ],
    ids=str,
)
def test_shapes_are_torchs(module: nn.Module, shape: tuple[int, ...], is_supported: bool) -> None:
    given = tuple(module.eval()(torch.zeros(2, *shape)).shape[1:])
    operation = operation_of(module, shape, given)
    assert isinstance(operation, Unsupported) != is_supported
    assert operation.output_shape(shape) == given


def test_writing_in_place_is_seen() -> None:
    assert operation_of(nn.ReLU(inplace=True), IMAGE, IMAGE) == Pointwise("output", in_place=True)
    assert operation_of(nn.SiLU(), IMAGE, IMAGE) == Pointwise("input")
