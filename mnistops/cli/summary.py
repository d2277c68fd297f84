"""``mnistops summary``."""

from mnistops.analysis.summary import summarize_graph
from mnistops.cli.options import with_settings
from mnistops.errors import UsageError
from mnistops.inspection import layer_graph
from mnistops.report.console import remark, write
from mnistops.report.publish import publish
from mnistops.report.summary import summary_report
from mnistops.report.torchsummary import counted_otherwise, torchsummary_text
from mnistops.settings import Loaded


@with_settings("network", "summary", "output.format", network_argument=True)
def summary(loaded: Loaded) -> None:
    """Show what a network is made of: layers, shapes, parameters, multiply-adds, memory."""
    network, output = loaded.settings.network, loaded.settings.output
    graph = layer_graph(network.name, network.input_size, loaded.own_dropout())
    result = summarize_graph(graph)
    if loaded.settings.summary.style == "table":
        publish(summary_report(result), output.format)
        return
    if output.format != "table":
        raise UsageError(
            f"--style torchsummary: expected --format table, got {output.format}",
            "leave out one of the two",
        )
    write(torchsummary_text(graph))
    if difference := counted_otherwise(graph, result):
        remark(difference)
