"""torch's modules as operations: each shape torch gives is the operation's, or nothing is said."""

import pytest
import torch
from torch import nn

from mnistops.analysis.operations import Dropout, Operation, Pointwise
from mnistops.analysis.recording.modules import operation_of
from mnistops.analysis.window import Shape, Window

# Images first, as in the shapes of all operations.
IMAGE, VECTOR, SIGNAL = (2, 4, 9, 7), (2, 6), (2, 4, 9)


@pytest.mark.parametrize(
    ("module", "shape", "is_supported"),
    [
        (nn.Conv2d(4, 6, (3, 1), (2, 1), (1, 0), (2, 1), groups=2), IMAGE, True),
        (nn.Conv2d(4, 6, 3, padding="valid"), IMAGE, True),
        (nn.Conv2d(4, 6, 3, padding="same", dilation=2), IMAGE, True),
        (nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"), IMAGE, False),
        (nn.Conv2d(4, 6, 3, padding_mode="reflect"), IMAGE, True),
        (nn.Conv1d(4, 6, 3, stride=2), SIGNAL, True),
        (nn.Conv3d(4, 6, 3), (2, 4, 5, 5, 5), True),
        (nn.ConvTranspose2d(4, 6, 3), IMAGE, True),
        (nn.ConvTranspose2d(4, 6, (3, 2), (2, 3), 1, (1, 2), 2, dilation=2), IMAGE, True),
        (nn.ConvTranspose1d(4, 6, 3, stride=2), SIGNAL, True),
        (nn.ConvTranspose3d(4, 6, 2), (2, 4, 5, 5, 5), True),
        (nn.MaxPool2d(2, return_indices=True), IMAGE, False),
        (nn.MaxPool2d(3, 2, 1, ceil_mode=True), IMAGE, True),
        (nn.MaxPool2d((3, 2), dilation=2), IMAGE, True),
        (nn.MaxPool1d(2), SIGNAL, True),
        (nn.AvgPool2d(2, ceil_mode=True), IMAGE, True),
        (nn.AvgPool1d(3, padding=1), SIGNAL, True),
        (nn.AvgPool3d(2), (2, 4, 5, 5, 5), True),
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
        (nn.Linear(7, 3), IMAGE, True),
        (nn.Bilinear(7, 7, 3), IMAGE, False),
        (nn.Softmax(dim=1), IMAGE, True),
        (nn.Softmax(dim=-1), IMAGE, True),
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
def test_shapes_are_torchs(module: nn.Module, shape: Shape, is_supported: bool) -> None:
    operation = operation_of(module, shape)
    assert (operation is not None) == is_supported
    if operation is not None:
        given = module.eval()(torch.zeros(shape)).shape
        assert operation.output_shape(shape) == tuple(given)


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.Conv2d(3, 6, 3), IMAGE),
        (nn.Conv2d(4, 6, 10), IMAGE),
        (nn.Conv2d(4, 6, 3), SIGNAL),
        (nn.MaxPool2d(8), IMAGE),
        (nn.Linear(7, 3), VECTOR),
        (nn.AdaptiveAvgPool2d(1), VECTOR),
    ],
    ids=str,
)
def test_a_shape_that_does_not_fit_has_no_operation(module: nn.Module, shape: Shape) -> None:
    assert operation_of(module, shape) is None


@pytest.mark.parametrize(
    ("module", "operation"),
    [
        (nn.ReLU(), Pointwise("output")),
        (nn.ReLU(inplace=True), Pointwise("output", in_place=True)),
        (nn.SiLU(), Pointwise("input")),
        (nn.SiLU(inplace=True), Pointwise("input", in_place=True)),
        (nn.LeakyReLU(), Pointwise("input")),
        (nn.LeakyReLU(inplace=True), Pointwise("output", in_place=True)),
        (nn.Dropout(0.3, inplace=True), Dropout(0.3, in_place=True)),
        (nn.Dropout2d(0.3), Dropout(0.3, whole_channels=True)),
    ],
    ids=str,
)
def test_what_is_kept_and_written_over_is_seen(module: nn.Module, operation: Operation) -> None:
    assert operation_of(module, IMAGE) == operation


def test_one_number_stands_for_every_axis() -> None:
    pool = operation_of(nn.MaxPool2d(3, 2, 1, ceil_mode=True), IMAGE)
    assert getattr(pool, "window", None) == Window((3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1), True)
    plain = operation_of(nn.AvgPool2d((3, 2)), IMAGE)
    assert getattr(plain, "window", None) == Window((3, 2), (3, 2), ((0, 0), (0, 0)), (1, 1))


def test_same_padding_is_uneven_for_even_kernels() -> None:
    convolution = operation_of(nn.Conv2d(4, 6, (4, 3), padding="same", dilation=(1, 2)), IMAGE)
    window = getattr(convolution, "window", None)
    assert window == Window((4, 3), (1, 1), ((1, 2), (2, 2)), (1, 2))
