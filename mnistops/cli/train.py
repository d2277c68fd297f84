"""``mnistops train``."""

from pathlib import Path

from mnistops.cli.options import with_settings
from mnistops.errors import ExitCode, MnistopsError
from mnistops.events import result_of
from mnistops.report.console import remark, visible
from mnistops.report.publish import publish
from mnistops.settings import Loaded, Settings


@with_settings(
    "network",
    "train",
    "data",
    "device",
    "seed",
    "output.runs_dir",
    "output.format",
    network_argument=True,
)
def train(loaded: Loaded) -> int:
    """Train a network on MNIST, or on images of your own, into a run folder."""
    # Imported here: they load torch, which no other command should wait for.
    from mnistops.report.curves import draw_curves, write_range_test
    from mnistops.report.training import run_report
    from mnistops.report.training_view import TrainingView
    from mnistops.training.run import train as run

    settings = loaded.settings
    with TrainingView() as view:
        result = result_of(run(settings), view.show)
    draw_curves(result, result.run_folder / "curves.png")
    if result.range_test is not None:
        write_range_test(result.range_test, result.run_folder)
    publish(run_report(result), settings.output.format)
    _write_page(settings, result.run_folder)
    is_missed = settings.train.require_target and not result.reaches_target
    return ExitCode.NEGATIVE if is_missed else ExitCode.DONE


def _write_page(settings: Settings, run_folder: Path) -> None:
    """Write the run's report.html; the run is done, and good, even if that cannot be."""
    from mnistops.dossier import compile_dossier
    from mnistops.report.page import write_page
    from mnistops.report.validation_view import ReportView
    from mnistops.validation import validate

    judged = settings.changed({"validate": {"checkpoint": run_folder, "split": "test"}})
    try:
        with ReportView() as view:
            outcome = result_of(validate(judged), view.show)
        write_page(compile_dossier(outcome), run_folder / "report.html")
    except MnistopsError as error:
        remark(visible(f"no report: {error.message}"))
