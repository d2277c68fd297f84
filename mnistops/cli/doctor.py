"""``mnistops doctor``."""

from mnistops.cli.options import with_settings
from mnistops.errors import ExitCode
from mnistops.events import result_of
from mnistops.report.publish import publish
from mnistops.settings import Loaded


@with_settings("data", "device", "output.runs_dir", "output.format")
def doctor(loaded: Loaded) -> int:
    """Look at what mnistops needs of this machine, ready to paste into a bug report."""
    # Imported here: the help of all commands need not wait for them.
    from mnistops.diagnosis.diagnosis import diagnose
    from mnistops.report.doctor import doctor_report
    from mnistops.report.doctor_view import DoctorView

    with DoctorView() as view:
        diagnosis = result_of(diagnose(loaded.settings), view.show)
    publish(doctor_report(diagnosis), loaded.settings.output.format)
    return ExitCode.NEGATIVE if diagnosis.problems else ExitCode.DONE
