"""Verification: receptive fields held against gradients of the network itself."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mnistops.analysis.graph import LayerGraph
from mnistops.analysis.what_if import FieldTable, field_tables
from mnistops.inspection import as_module
from mnistops.settings.inspection import RfSettings
from mnistops.settings.sections import NetworkSettings

if TYPE_CHECKING:
    from mnistops.analysis.probing.verdict import Verdict


def verify(
    network: NetworkSettings, rf: RfSettings, graph: LayerGraph, tables: Sequence[FieldTable]
) -> "tuple[tuple[Verdict, ...], ...]":
    """A verdict for each row of each table.

    Args:
        tables: that `field_tables` gives of the network's graph and these settings.

    Raises:
        MnistopsError: the network cannot be opened, or torch has no network with such a change.
    """
    from mnistops.analysis.effective import changed_copy
    from mnistops.analysis.probing.probe import probe

    module = as_module(network.name, network.input_size)
    # Calls are told apart by their order, so all of them are probed, shown or not.
    complete = field_tables(graph, rf.model_copy(update={"all_layers": True}))
    verdicts = []
    for table, every in zip(tables, complete, strict=True):
        variant = module
        if table.changed_layers:
            variant = changed_copy(module, table.changed_layers, table.dilation, table.keep_size)
        found = probe(variant, graph.input_shape, graph.network, every.layers)
        verdicts.append(tuple(found[call] for call in table.calls))
    return tuple(verdicts)
