"""Lowering; that it equals capturing the built network stands in test_capture."""

import pytest

from mnistops.analysis.lower import lower
from mnistops.errors import BadInput
from mnistops.networks.spec import Conv, Linear, NetworkSpec
from mnistops.networks.zoo import REFERENCE


def test_rows_are_the_seeds() -> None:
    layers = lower(REFERENCE).layers
    assert [layer.name for layer in layers[:5]] == [
        "Conv2d-1",
        "BatchNorm2d-2",
        "ReLU-3",
        "Dropout-4",
        "Conv2d-5",
    ]
    assert [layer.type for layer in layers[-3:]] == ["AdaptiveAvgPool2d", "flatten", "log_softmax"]
    assert [layer.is_module for layer in layers] == [True] * 30 + [False] * 2
    assert layers[0].parameters[0].key == "convblock1.0.weight"


def test_logits_end_without_a_softmax() -> None:
    logits = REFERENCE.model_copy(update={"output": "logits"})
    assert lower(logits).layers[-1].type == "flatten"


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Conv(name="big", out_channels=1, kernel_size=(9, 9)), "big.0 .* at least 9 x 9 pixels"),
        (Conv(name="odd", out_channels=2, groups=2), "odd.0 .* multiple of 2 \\(groups\\), got 3"),
    ],
)
def test_a_block_that_does_not_fit_is_named(block: Conv, message: str) -> None:
    spec = NetworkSpec(name="net", input_size=(3, 8, 8), blocks=(block,))
    with pytest.raises(BadInput, match=message):
        lower(spec)


def test_a_convolution_behind_a_vector_does_not_fit() -> None:
    blocks = (Linear(name="fc", out_features=4), Conv(name="late", out_channels=1))
    with pytest.raises(BadInput, match=r"late.0 \(Conv2d\): expected channels and 2 axes, got 4"):
        lower(NetworkSpec(name="net", blocks=blocks))
