"""``mnistops train``."""

from collections.abc import Generator
from pathlib import Path

from mnistops.cli.options import with_settings
from mnistops.cli.stopping import Stopped, noted
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
    """Train a network on MNIST, or on other images, into a run folder.

    Training images are turned and distorted as suits digits, and never mirrored.

    Ctrl-C saves what is done; --resume goes on from there.
    """
    # Imported here: they load torch, which no other command should wait for.
    from mnistops.report.curves import draw_curves, write_range_test
    from mnistops.report.training import run_report
    from mnistops.report.training_view import TrainingView
    from mnistops.training.events import RunBegun, RunResult
    from mnistops.training.run import RunEvent, resume
    from mnistops.training.run import train as run
    from mnistops.training.run_folder import read_settings

    settings = loaded.settings
    events: Generator[RunEvent, None, RunResult | None] = run(settings)
    if (folder := settings.train.resume) is not None:
        settings, events = read_settings(folder), resume(folder, loaded.on_command_line())
    with TrainingView() as view, noted() as signals:

        def show(event: object) -> None:
            view.show(event)
            if isinstance(event, RunBegun):
                signals.listen()
            signals.check()

        try:
            result = result_of(events, show)
        except Stopped as stopped:
            view.stopped()
            return ExitCode(stopped.exit_code)
    if result is None:  # it was done before
        return ExitCode.DONE
    draw_curves(result, result.run_folder / "curves.png")
    if result.range_test is not None:
        write_range_test(result.range_test, result.run_folder)
    publish(run_report(result), loaded.settings.output.format)
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
