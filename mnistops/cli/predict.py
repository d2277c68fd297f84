"""``mnistops predict``."""

from pathlib import Path
from typing import Annotated

import typer

from mnistops.cli.options import with_settings
from mnistops.disk import make_folder
from mnistops.errors import ExitCode
from mnistops.events import result_of
from mnistops.report.console import complain
from mnistops.report.publish import publish
from mnistops.settings import Loaded


@with_settings(
    "predict",
    "validate.checkpoint",
    "network.name",
    "network.input_size",
    "device",
    "output.runs_dir",
    "output.format",
)
def predict(
    loaded: Loaded,
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="IMAGE", help="Pictures of one digit each: PNG, JPEG, BMP, GIF or WebP."
        ),
    ],
) -> int:
    """Tell which digits pictures show: photographs, scans, drawings of any size, light or dark."""
    # Imported here: they load torch, which no other command should wait for.
    from mnistops.prediction import predict as run
    from mnistops.report.prediction import prediction_report, write_seen
    from mnistops.report.prediction_view import PredictionView

    settings = loaded.settings
    folder = settings.predict.show
    if folder is not None:
        make_folder(folder)  # rather fail before the work than after it
    with PredictionView() as view:
        outcome = result_of(run(settings, images), view.show)
    for failure in outcome.failures:
        complain(failure.error)
    if not outcome.pictures:
        return outcome.failures[0].error.exit_code
    seen = write_seen(outcome, folder) if folder is not None else []
    publish(prediction_report(outcome, seen), settings.output.format)
    return ExitCode.NEGATIVE if outcome.failures else ExitCode.DONE
