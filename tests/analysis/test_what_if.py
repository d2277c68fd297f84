"""What-if dilations: which layers change, how, and what is said when none can."""

import pytest

from mnistops.analysis.lower import lower
from mnistops.analysis.what_if import field_tables, what_if
from mnistops.errors import BadInput, UsageError
from mnistops.networks.build import build
from mnistops.networks.spec import Conv, NetworkSpec
from mnistops.networks.zoo import REFERENCE
from mnistops.settings.tree import RfSettings

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
    changed = REFERENCE.model_copy(update={"blocks": blocks})
    assert what_if(GRAPH, 3, (), keep_size=True) == lower(changed)
    assert build(changed)


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
