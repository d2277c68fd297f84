"""Verification: receptive fields held against gradients of the network itself."""

from typing import TYPE_CHECKING

from mnistops.analysis.what_if import field_tables
from mnistops.inspection import as_module, layer_graph
from mnistops.settings.sections import NetworkSettings, RfSettings

if TYPE_CHECKING:
    from mnistops.analysis.probing.verdict import Verdict


def verify(network: NetworkSettings, rf: RfSettings) -> "tuple[tuple[Verdict, ...], ...]":
    """A verdict for each row of each of `field_tables`.

    Raises:
        MnistopsError: the network cannot be opened, or torch has no network with such a change.
    """
    from mnistops.analysis.effective import changed_copy
    from mnistops.analysis.probing.probe import probe

    graph = layer_graph(network.name, network.input_size, tries_training=False)
    module = as_module(network.name, network.input_size)
    shown = [table.calls for table in field_tables(graph, rf)]
    verdicts = []
    for table in field_tables(graph, rf.model_copy(update={"all_layers": True})):
        variant = module
        if table.changed_layers:
            variant = changed_copy(module, table.changed_layers, table.dilation, table.keep_size)
        verdicts.append(probe(variant, graph.input_shape, graph.network, table.layers))
    return tuple(
        tuple(every[call] for call in calls) for every, calls in zip(verdicts, shown, strict=True)
    )
