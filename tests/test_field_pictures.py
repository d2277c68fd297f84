"""What is drawn of receptive fields: which layers, how, and what is said of the others."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from mnistops.analysis.effective import effective_field
from mnistops.analysis.lower import lower
from mnistops.analysis.paths import path_counts
from mnistops.analysis.receptive_field import receptive_fields
from mnistops.bundled import bundled_checkpoint
from mnistops.checkpoint import load_checkpoint
from mnistops.classifier import load_classifier
from mnistops.data.digit import digit, moved_digits
from mnistops.errors import UsageError
from mnistops.field_pictures import FieldPicture, LayerField, field_picture
from mnistops.networks.spec import Conv, MaxPool, NetworkSpec
from mnistops.networks.zoo import REFERENCE
from mnistops.settings.inspection import RfSettings
from mnistops.settings.sections import NetworkSettings

OWN = """\
import torch
from torch import nn

class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, images):
        values = images + self.conv(images)
        return torch.nn.functional.max_pool2d(values, 2)

def tokens():
    return nn.Sequential(nn.Conv2d(1, 4, 4, stride=4), nn.Flatten(2), nn.Linear(49, 3))

def line():
    return nn.Sequential(nn.Flatten(2), nn.Conv1d(1, 1, 3))
"""


DEEP = """\
from torch import nn
from torch.nn import functional

class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(1, 1, 3) for _ in range(12))

    def forward(self, images):
        for conv in self.convs:
            images = functional.max_pool2d(conv(images), 1 + 1, 1, 1)
        return functional.max_pool2d(images, 2)
"""


def picture(name: str = "reference", **rf: object) -> FieldPicture:
    return field_picture(NetworkSettings(name=name), RfSettings.model_validate(rf))


def drawn(network: FieldPicture, variant: int = 0) -> dict[str, LayerField]:
    return {layer.path: layer for layer in network.variants[variant].layers}


def written(spec: NetworkSpec) -> str:
    Path("net.toml").write_text(spec.to_toml())
    return "net.toml"


def own(name: str) -> str:
    Path("own.py").write_text(OWN)
    return f"own.py:{name}"


def test_every_window_of_reference_is_drawn() -> None:
    network, graph = picture(), lower(REFERENCE)
    rows = [row for row in receptive_fields(graph) if row.is_window]
    layers = network.variants[0].layers
    assert [layer.path for layer in layers] == [row.path for row in rows]
    assert [layer.size for layer in layers] == [row.size for row in rows]
    assert [layer.clipped for layer in layers] == [row.center_field for row in rows]
    assert (network.weights, network.notes) == ("trained weights", ())
    assert network.variants[0].dilation is None
    np.testing.assert_array_equal(network.digit, digit())
    for layer in layers:
        place = max(i for i, one in enumerate(graph.layers) if one.path == layer.path)
        np.testing.assert_array_equal(layer.counts, path_counts(graph, place))


def test_fields_go_on_in_the_padding() -> None:
    layers = drawn(picture())
    assert layers["convblock6.0"].field == layers["convblock6.0"].clipped == ((2, 25), (2, 25))
    assert layers["convblock7.0"].field == ((-2, 29), (-2, 29))
    assert layers["gap"].field == ((-6, 33), (-6, 33))
    assert layers["gap"].clipped == ((0, 27), (0, 27))


def test_gradients_are_of_our_weights_and_the_digit_moved_about() -> None:
    checkpoint = load_checkpoint(bundled_checkpoint("reference"))
    module = load_classifier(checkpoint).module
    images = checkpoint.normalization(torch.from_numpy(moved_digits()).unsqueeze(1))
    expected = effective_field(module, images, "convblock6.0")
    found = drawn(picture())["convblock6.0"].effective
    assert found is not None
    np.testing.assert_array_equal(found, expected)


def test_dilations_show_the_changed_convolutions_side_by_side() -> None:
    network = picture(dilation=(1, 2, 5), keep_size=True)
    assert [variant.dilation for variant in network.variants] == [1, 2, 5]
    for variant in network.variants:
        names = [layer.path for layer in variant.layers]
        assert names == ["convblock5.0", "convblock6.0", "convblock7.0"]
        assert {layer.dilation for layer in variant.layers} == {(variant.dilation,) * 2}
        assert all(layer.effective is not None for layer in variant.layers)
    assert [network.variants[i].layers[0].size for i in range(3)] == [(12, 12), (16, 16), (28, 28)]
    missed = [[layer.missed.sum() for layer in v.layers] for v in network.variants]
    assert missed == [[0] * 3, [0] * 3, [28**2 - 24**2] * 3]


def test_gradients_are_zero_in_the_gaps() -> None:
    for layer in drawn(picture(dilation=(5,), keep_size=True)).values():
        assert layer.effective is not None
        assert not layer.effective[layer.missed].any()


def test_one_dilation_shows_all_windows() -> None:
    network = picture(dilation=(4,), layers=("convblock2",), keep_size=True)
    assert len(network.variants[0].layers) == 9
    assert drawn(network)["convblock2.0"].missed.sum() == 11**2 - 9**2
    assert not drawn(network)["convblock1.0"].missed.any()


def test_of_many_layers_nine_are_drawn_with_the_first_and_the_last() -> None:
    blocks = tuple(Conv(name=f"b{i}", out_channels=1, padding="same") for i in range(20))
    network = picture(written(NetworkSpec(name="deep", blocks=blocks)))
    names = [
        int(layer.path[1:-2]) for layer in network.variants[0].layers if layer.path != "flatten"
    ]
    assert len(network.variants[0].layers) == 9
    assert names[0] == 0
    assert {b - a for a, b in pairwise(names)} <= {2, 3}
    assert network.variants[0].layers[-1].path == "flatten"
    assert network.notes == ("9 of 21 layers are drawn",)
    assert network.weights == "random weights"


def test_of_many_layers_modules_are_drawn_rather_than_functions() -> None:
    Path("deep.py").write_text(DEEP)
    network = picture("deep.py:Deep")
    kinds = [layer.kind for layer in network.variants[0].layers]
    assert kinds == ["Conv2d"] * 8 + ["max_pool2d"]
    assert network.notes == ("9 of 25 layers are drawn",)


def test_of_many_changed_layers_the_last_three_convolutions_are_drawn() -> None:
    network = picture(dilation=(1, 2), layers=("conv*", "pool1"), keep_size=True)
    names = [layer.path for layer in network.variants[0].layers]
    assert names == ["convblock5.0", "convblock6.0", "convblock7.0"]
    assert "3 of 7 layers are drawn" in network.notes


def test_what_torch_cannot_pad_has_no_gradients_and_a_note() -> None:
    blocks = (Conv(name="a", out_channels=1), MaxPool(name="pool", kernel_size=(2, 2)))
    name = written(NetworkSpec(name="net", blocks=blocks))
    network = picture(name, dilation=(1, 3), layers=("pool",), keep_size=True)
    assert [v.layers[0].path for v in network.variants] == ["pool", "pool"]
    assert [v.layers[0].effective for v in network.variants] == [None, None]
    assert all(layer.counts.sum() == 9 * 4 for v in network.variants for layer in v.layers)
    assert network.notes[0].startswith("no gradients: pool: expected a max pool padded evenly")


def test_a_function_has_paths_and_no_gradient() -> None:
    layers = picture(own("Residual")).variants[0].layers
    assert [(layer.kind, layer.effective is None) for layer in layers] == [
        ("Conv2d", False),
        ("add", True),
        ("max_pool2d", True),
    ]
    assert [int(layer.counts.sum()) for layer in layers] == [9, 10, 40]


def test_layers_that_no_paths_lead_through_are_left_out_with_a_note() -> None:
    network = picture(own("tokens"))
    assert [layer.path for layer in network.variants[0].layers] == ["0"]
    assert network.notes[0].startswith("left out: what no paths can be counted to. own.py:tokens:")


def test_a_network_of_which_nothing_can_be_drawn_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"1 \(Conv1d\): expected layers from images"):
        picture(own("line"))


def test_mistaken_settings_are_an_error() -> None:
    with pytest.raises(UsageError, match="expected a change to these layers"):
        picture(layers=("convblock1",))


def test_other_sizes_get_a_digit_of_their_own() -> None:
    network = field_picture(NetworkSettings(input_size=(1, 40, 56)), RfSettings())
    assert network.digit.shape == network.variants[0].layers[0].counts.shape == (40, 56)
