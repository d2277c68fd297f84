"""``mnistops rf``."""

from pathlib import Path
from typing import TYPE_CHECKING

from mnistops.cli.options import with_settings
from mnistops.disk import make_folder
from mnistops.errors import ExitCode, UsageError
from mnistops.report.console import remark
from mnistops.report.publish import publish
from mnistops.settings import Loaded, Settings

if TYPE_CHECKING:
    from mnistops.analysis.graph import LayerGraph
    from mnistops.analysis.probing.verdict import Verdict
    from mnistops.analysis.what_if import FieldTable
    from mnistops.settings.inspection import RfSettings


@with_settings("network.name", "network.input_size", "rf", "output.format", network_argument=True)
def rf(loaded: Loaded) -> int:
    """Show what each layer sees of the input: receptive field, jump, start, coverage."""
    # Imported here, as below: the help of all commands need not wait for them.
    from mnistops.analysis.cover import cover
    from mnistops.analysis.what_if import field_tables, what_if
    from mnistops.inspection import layer_graph
    from mnistops.report.cover import cover_report
    from mnistops.report.receptive_field import field_report, verdict_lines

    settings, wanted = loaded.settings, loaded.settings.rf
    if wanted.covers:
        _expect_nothing_else(wanted)
    if wanted.plot is not None:
        _expect_drawable(settings, wanted.plot)
    graph = layer_graph(settings.network.name, settings.network.input_size, tries_training=False)
    if wanted.covers:
        if wanted.dilation or wanted.keep_size:
            dilation = wanted.dilation[0] if wanted.dilation else None
            graph = what_if(graph, dilation, wanted.layers, wanted.keep_size)
        publish(cover_report(cover(graph)), settings.output.format)
        return ExitCode.DONE
    tables = field_tables(graph, wanted)
    verdicts = _verify(settings, graph, tables) if wanted.verify else ()
    if wanted.plot is not None:
        _draw(settings, wanted.plot)
    publish(field_report(tables, wanted.unit, verdicts), settings.output.format)
    if verdicts:
        remark(verdict_lines(verdicts))
    differs = any(verdict.verdict == "differs" for each in verdicts for verdict in each)
    is_missed = differs or (wanted.strict and _is_unsure(tables))
    return ExitCode.NEGATIVE if is_missed else ExitCode.DONE


def _verify(
    settings: Settings, graph: "LayerGraph", tables: "tuple[FieldTable, ...]"
) -> "tuple[tuple[Verdict, ...], ...]":
    # Imported here: they load torch, and rich's bars.
    from mnistops.report.progress import View
    from mnistops.verification import verify

    with View() as view:
        view.bar("gradients", 0, None)
        return verify(settings.network, settings.rf, graph, tables)


def _expect_nothing_else(wanted: "RfSettings") -> None:
    """Raises UsageError where `--covers` stands beside what asks for rows."""
    others = {"--unit": wanted.unit, "--verify": wanted.verify, "--strict": wanted.strict}
    others |= {"--plot": wanted.plot, "several --dilation": wanted.dilation[1:]}
    for name, value in others.items():
        if value:
            raise UsageError(f"--covers: expected nothing else, got {name}", "ask one by one")


def _expect_drawable(settings: Settings, path: Path) -> None:
    """Rather fail before the work than after it."""
    from mnistops.analysis.window import times

    size = settings.network.input_size
    if size is not None and len(size) != 3:
        raise UsageError(f"--plot: expected an input with height and width, got {times(size)}")
    if path.suffix.lower() != ".png":
        raise UsageError(f"--plot: expected a file that ends in .png, got {path}")
    make_folder(path.parent)


def _draw(settings: Settings, path: Path) -> None:
    # Imported here: they load numpy, matplotlib and torch.
    from mnistops.field_pictures import field_picture
    from mnistops.report.fields import draw_fields

    picture = draw_fields(field_picture(settings.network, settings.rf), path)
    remark(f"picture: {picture}")


def _is_unsure(tables: "tuple[FieldTable, ...]") -> bool:
    return any(row.status in ("bound", "unsupported") for table in tables for row in table.layers)
