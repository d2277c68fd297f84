"""``mnistops validate``."""

from mnistops.cli.options import with_settings
from mnistops.disk import make_folder
from mnistops.errors import ExitCode
from mnistops.events import result_of
from mnistops.report.publish import publish
from mnistops.settings import Loaded


@with_settings("validate", "network.name", "network.input_size", "data", "device", "output")
def validate(loaded: Loaded) -> int:
    """Show where a trained network fails: its mistakes counted, listed and drawn."""
    # Imported here: they load torch, which no other command should wait for.
    from mnistops.dossier import compile_dossier
    from mnistops.report.page import write_page
    from mnistops.report.validation import validation_report, write_results
    from mnistops.report.validation_view import ValidationView
    from mnistops.validation import results_folder
    from mnistops.validation import validate as run

    settings = loaded.settings
    if settings.output.out is not None:
        make_folder(settings.output.out)  # rather fail before the work than after it
    with ValidationView() as view:
        outcome = result_of(run(settings), view.show)
    folder = results_folder(settings, outcome.checkpoint)
    files = [write_results(done, folder) for done in outcome.splits]
    page = None
    if settings.validate.report:
        page = write_page(compile_dossier(outcome), folder / "report.html")
    publish(validation_report(outcome, files, page), settings.output.format)
    most = settings.validate.max_errors
    too_many = most is not None and any(done.result.num_errors > most for done in outcome.splits)
    return ExitCode.NEGATIVE if too_many else ExitCode.DONE
