"""``mnistops summary``."""

from mnistops.cli.options import with_settings
from mnistops.errors import ExitCode, UsageError
from mnistops.settings import Loaded


@with_settings("network", "summary", "output.format", network_argument=True)
def summary(loaded: Loaded) -> int:
    """Show what a network is made of: layers, shapes, parameters, multiply-adds, memory."""
    # Imported here: the help of all commands need not wait for them.
    from mnistops.analysis.budget import budgets
    from mnistops.analysis.summary import summarize_graph
    from mnistops.inspection import layer_graph
    from mnistops.report.console import remark, write
    from mnistops.report.publish import publish
    from mnistops.report.summary import budget_lines, summary_report
    from mnistops.report.torchsummary import counted_otherwise, torchsummary_text

    network, wanted = loaded.settings.network, loaded.settings.summary
    format_ = loaded.settings.output.format
    if wanted.style == "torchsummary" and format_ != "table":
        raise UsageError(
            f"--style torchsummary: expected --format table, got {format_}",
            "leave out one of the two",
        )
    graph = layer_graph(network.name, network.input_size, loaded.own_dropout())
    result = summarize_graph(graph, wanted.depth)
    limits = budgets(result, wanted)
    if wanted.style == "table":
        publish(summary_report(result, wanted.columns, limits), format_)
    else:
        write(torchsummary_text(graph))
        if difference := counted_otherwise(graph, result):
            remark(difference)
    if limits:
        remark(budget_lines(limits))
    exceeded = any(limit.is_exceeded for limit in limits)
    return ExitCode.NEGATIVE if exceeded else ExitCode.DONE
