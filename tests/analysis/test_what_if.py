"""What-if dilations: which layers change, how, and what is said when none can."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistops.analysis.capture import capture
from mnistops.analysis.lower import lower
from mnistops.analysis.receptive_field import receptive_fields
from mnistops.analysis.what_if import field_tables, what_if
from mnistops.errors import BadInput, UsageError
from mnistops.networks.build import build
from mnistops.networks.spec import Conv, NetworkSpec
from mnistops.networks.zoo import REFERENCE
from mnistops.settings.inspection import RfSettings

GRAPH = lower(REFERENCE)


def sizes(dilation: int, keep_size: bool = True) -> list[int]:
    settings = RfSettings(dilation=(dilation,), keep_size=keep_size)
    (table,) = field_tables(GRAPH, settings)
    return [row.size[0] for row in table.layers if row.size]


def test_the_dilated_layers_change() -> None:
    assert sizes(1, keep_size=False) == [3, 5, 7, 8, 8, 12, 16, 20, 40]
    assert sizes(2, keep_size=False) == [*sizes(2)[:-1], 40]
    assert sizes(5) == [3, 5, 7, 8, 8, 28, 48, 68, 88]


def test_coverage_first_drops_at_dilation_5() -> None:
    tables = field_tables(GRAPH, RfSettings(dilation=(1, 2, 3, 4, 5), keep_size=True))
    for table in tables[:4]:
        assert {row.coverage for row in table.layers} == {1.0}
    assert tables[4].layers[5].path == "convblock5.0"
    assert tables[4].layers[5].coverage == pytest.approx((24 / 28) ** 2)


def test_keep_size_alone_keeps_the_dilation() -> None:
    (table,) = field_tables(GRAPH, RfSettings(keep_size=True))
    assert [row.output_size for row in table.layers[5:8]] == [(11, 11)] * 3
    assert [row.dilation for row in table.layers[5:8]] == [(2, 2)] * 3
    assert table.dilation is None


@pytest.mark.parametrize(
    ("pattern", "changed"),
    [
        ("convblock2", ["convblock2.0"]),
        ("convblock2.0", ["convblock2.0"]),
        ("convblock[12]", ["convblock1.0", "convblock2.0"]),
        ("pool?", ["pool1"]),
        ("*6*", ["convblock6.0"]),
        ("pool1 *6*", ["pool1", "convblock6.0"]),
    ],
)
def test_patterns_select_by_path(pattern: str, changed: list[str]) -> None:
    graph = what_if(GRAPH, 3, tuple(pattern.split()), keep_size=True)
    pairs = zip(GRAPH.layers, graph.layers, strict=True)
    assert [a.path for a, b in pairs if a.operation != b.operation] == changed


def test_no_layer_selected_names_the_candidates() -> None:
    with pytest.raises(UsageError) as error:
        what_if(GRAPH, 2, ("pool1", "conv9"), keep_size=False)
    assert error.value.hint
    assert "convblock1.0, convblock2.0" in error.value.hint
    plain = lower(NetworkSpec(name="plain", blocks=(Conv(name="a", out_channels=2),)))
    with pytest.raises(UsageError, match="expected a dilated layer, got none"):
        what_if(plain, 2, (), keep_size=False)


def test_layers_without_a_change_is_an_error() -> None:
    with pytest.raises(UsageError, match="expected a change to these layers"):
        field_tables(GRAPH, RfSettings(layers=("convblock1",)))


def test_a_size_that_vanishes_names_the_layer() -> None:
    with pytest.raises(BadInput, match=r"convblock7.0 \(Conv2d\): expected an input of at least 5"):
        what_if(GRAPH, 3, (), keep_size=False)


def test_the_what_if_is_what_torch_would_build() -> None:
    blocks = tuple(
        block.model_copy(update={"dilation": (3, 3), "padding": (3, 3)})
        if isinstance(block, Conv) and block.dilation == (2, 2)
        else block
        for block in REFERENCE.blocks
    )
    changed = lower(REFERENCE.model_copy(update={"blocks": blocks}))
    graph = what_if(GRAPH, 3, (), keep_size=True)
    assert graph.layers == changed.layers
    assert graph.outputs == changed.outputs
    assert build(REFERENCE.model_copy(update={"blocks": blocks}))


def test_a_what_if_that_changes_nothing_is_the_same_graph() -> None:
    assert what_if(GRAPH, 2, (), keep_size=False) == GRAPH


def test_even_kernels_keep_their_size_with_uneven_padding() -> None:
    spec = NetworkSpec(name="even", blocks=(Conv(name="a", out_channels=1, kernel_size=(4, 4)),))
    (table,) = field_tables(lower(spec), RfSettings(dilation=(1,), layers=("a",), keep_size=True))
    assert table.layers[0].padding == ((1, 2), (1, 2))
    assert table.layers[0].output_size == (28, 28)
    assert table.layers[0].effective_padding == (1, 1)


def test_variants_show_the_same_rows() -> None:
    # Flattening joins positions at dilation 1 only; at 14 there is one left.
    spec = NetworkSpec(name="net", blocks=(Conv(name="a", out_channels=1, dilation=(2, 2)),))
    one, fourteen = field_tables(lower(spec), RfSettings(dilation=(1, 13)))
    assert [row.name for row in one.layers] == [row.name for row in fourteen.layers]


class Residual(nn.Module):
    """A dilated branch of two convolutions and a pool, added to what it takes."""

    def __init__(self, dilation: int = 2, padding: int = 2) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.body = nn.Sequential(
            nn.Conv2d(4, 6, 3, padding=padding, dilation=dilation),
            nn.BatchNorm2d(6),
            nn.Conv2d(6, 4, 1),
        )
        self.head = nn.Linear(4, 3)

    def forward(self, images: Tensor) -> Tensor:
        stem = functional.relu(self.stem(images))
        added = functional.max_pool2d(self.body(stem) + stem, 2)
        return self.head(added.mean((2, 3)))  # type: ignore[no-any-return]


CAPTURED = capture(Residual(), (1, 12, 12), "net")


@pytest.mark.parametrize("dilation", [1, 3, 5, None])
def test_branches_that_keep_their_size_keep_all_shapes(dilation: int | None) -> None:
    graph = what_if(CAPTURED, dilation, (), keep_size=True)
    pairs = list(zip(CAPTURED.layers, graph.layers, strict=True))
    assert [layer.given for layer in graph.layers] == [layer.given for layer in CAPTURED.layers]
    assert [layer.inputs for layer in graph.layers] == [layer.inputs for layer in CAPTURED.layers]
    assert [layer.name for layer in graph.layers] == [layer.name for layer in CAPTURED.layers]
    assert list(graph.calls()) == list(CAPTURED.calls())
    changed = [a.path for a, b in pairs if a.operation != b.operation]
    assert changed == ([] if dilation is None else ["body.0"])
    assert graph.outputs == CAPTURED.outputs


def test_a_what_if_of_branches_is_what_capture_would_see() -> None:
    graph = what_if(CAPTURED, 3, (), keep_size=True)
    assert graph.layers == capture(Residual(3, 3), (1, 12, 12), "net").layers
    assert receptive_fields(graph) == receptive_fields(capture(Residual(3, 3), (1, 12, 12), "net"))


def test_the_network_stays_as_it_is() -> None:
    network = Residual()
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    images = torch.randn(2, 1, 12, 12)
    expected = network.eval()(images)
    network.train()
    graph = capture(network, (1, 12, 12), "net")
    what_if(graph, 5, ("body", "stem"), keep_size=True)
    assert graph == CAPTURED
    assert network.training and all(part.training for part in network.modules())
    convolution = network.body[0]
    assert isinstance(convolution, nn.Conv2d)
    assert (convolution.dilation, convolution.padding) == ((2, 2), (2, 2))
    assert all(torch.equal(network.state_dict()[key], tensor) for key, tensor in before.items())
    assert torch.equal(network.eval()(images), expected)


def test_a_branch_that_misfits_is_named() -> None:
    message = r"^net: add: expected equal shapes, got 4 x 10 x 10 and 4 x 12 x 12, at dilation 3$"
    with pytest.raises(BadInput, match=message) as error:
        what_if(CAPTURED, 3, (), keep_size=False)
    assert error.value.hint == "--keep-size re-pads the changed layers"
    with pytest.raises(BadInput, match=r"^net: body.0 \(Conv2d\): expected an input of at least"):
        what_if(CAPTURED, 9, (), keep_size=False)


def test_functional_layers_are_not_selected() -> None:
    with pytest.raises(UsageError) as error:
        what_if(CAPTURED, 2, ("max_pool2d",), keep_size=False)
    assert error.value.hint == "--layers takes some of: stem, body.0, body.2"
