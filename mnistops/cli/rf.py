"""``mnistops rf``."""

from mnistops.analysis.what_if import field_tables
from mnistops.cli.options import with_settings
from mnistops.inspection import layer_graph
from mnistops.report.publish import publish
from mnistops.report.receptive_field import field_report
from mnistops.settings import Loaded


@with_settings("network.name", "network.input_size", "rf", "output.format", network_argument=True)
def rf(loaded: Loaded) -> None:
    """Show what each layer sees of the input: receptive field, jump, start, coverage."""
    network = loaded.settings.network
    tables = field_tables(layer_graph(network.name, network.input_size), loaded.settings.rf)
    publish(field_report(tables), loaded.settings.output.format)
