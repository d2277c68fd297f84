"""``mnistops train``."""

from mnistops.cli.options import with_settings
from mnistops.cli.stopping import Stopped, noted
from mnistops.errors import ExitCode
from mnistops.events import result_of
from mnistops.report.publish import publish
from mnistops.settings import Loaded


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
    """Train a network on MNIST, or on images of your own, into a run folder.

    Ctrl-C saves what is done; --resume goes on from there.
    """
    # Imported here: they load torch, which no other command should wait for.
    from mnistops.report.curves import draw_curves, write_range_test
    from mnistops.report.training import run_report
    from mnistops.report.training_view import TrainingView
    from mnistops.training.events import RunBegun
    from mnistops.training.run import resume
    from mnistops.training.run import train as run

    settings = loaded.settings
    folder = settings.train.resume
    events = run(settings) if folder is None else resume(folder, loaded.on_command_line())
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
    publish(run_report(result), settings.output.format)
    is_missed = settings.train.require_target and not result.reaches_target
    return ExitCode.NEGATIVE if is_missed else ExitCode.DONE
