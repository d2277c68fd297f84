"""``mnistops runs list|show|compare``."""

from typing import Annotated, Any

import typer

from mnistops.cli.completion import run_names
from mnistops.cli.groups import make_group
from mnistops.cli.options import with_settings
from mnistops.disk import make_folder
from mnistops.events import result_of
from mnistops.report.publish import publish
from mnistops.settings import Loaded

runs = make_group("List the runs that were, show one, or compare some.")

_RUN: Any = {
    "help": "A run folder, or its name in the runs folder.",
    "autocompletion": run_names,
}


@runs.command("list")
@with_settings("runs", "output.runs_dir", "output.format")
def list_(loaded: Loaded) -> None:
    """List the runs in the runs folder, those of studies among them, the newest first."""
    # Imported here, as below: the help of all commands need not wait for them.
    from mnistops.report.runs import list_report
    from mnistops.runs.listing import list_runs

    settings = loaded.settings
    runs = list_runs(settings.output.runs_dir, settings.runs.sort)
    publish(list_report(runs, settings.output.runs_dir), settings.output.format)


@runs.command("show")
@with_settings("output.runs_dir", "output.format")
def show(loaded: Loaded, run: Annotated[str, typer.Argument(metavar="RUN", **_RUN)]) -> None:
    """Show a run: what it was asked for, how it went, what came of it."""
    from mnistops.report.runs import show_report
    from mnistops.runs.details import show_run

    settings = loaded.settings
    publish(show_report(show_run(settings.output.runs_dir, run)), settings.output.format)


@runs.command("compare")
@with_settings("network.name", "data", "device", "output")
def compare(
    loaded: Loaded, runs: Annotated[list[str], typer.Argument(metavar="RUN", **_RUN)]
) -> None:
    """Hold runs against each other: their curves, their sizes, and whether one is really better."""
    # Imported here: they load torch, which no other command should wait for.
    from mnistops.report.comparison import comparison_report
    from mnistops.report.comparison_figure import draw_comparison
    from mnistops.report.comparison_view import ComparisonView
    from mnistops.runs.comparison import compare_runs
    from mnistops.training.run_folder import new_folder

    settings = loaded.settings
    if settings.output.out is not None:
        make_folder(settings.output.out)  # rather fail before the work than after it
    with ComparisonView() as view:
        comparison = result_of(compare_runs(settings, runs), view.show)
    folder = settings.output.out or new_folder(settings.output.runs_dir, "compare")
    files = draw_comparison(comparison, folder)
    publish(comparison_report(comparison, files), settings.output.format)
