"""``mnistops export``."""

from pathlib import Path
from typing import Annotated

import typer

from mnistops.cli.completion import checkpoints
from mnistops.cli.options import with_settings
from mnistops.disk import make_folder
from mnistops.errors import ExitCode
from mnistops.events import result_of
from mnistops.report.publish import publish
from mnistops.settings import Loaded


@with_settings("export", "network.name", "network.input_size", "output")
def export(
    loaded: Loaded,
    checkpoint: Annotated[
        Path,
        typer.Argument(
            metavar="CHECKPOINT",
            help="A checkpoint, run folder or built-in network.",
            autocompletion=checkpoints,
        ),
    ],
) -> int:
    """Write a trained network as ONNX, torch's pt2 or safetensors, proven to be the same."""
    # Imported here: they load torch, which no other command should wait for.
    from mnistops.exports.export import export as run
    from mnistops.report.export import export_report
    from mnistops.report.export_view import ExportView

    settings = loaded.settings
    if settings.output.out is not None:
        make_folder(settings.output.out)  # rather fail before the work than after it
    with ExportView() as view:
        result = result_of(run(settings, checkpoint), view.show)
    publish(export_report(result), settings.output.format)
    return ExitCode.DONE if result.is_proven else ExitCode.NEGATIVE
