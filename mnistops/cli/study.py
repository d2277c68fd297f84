"""``mnistops study``."""

from mnistops.cli.options import with_settings
from mnistops.errors import ExitCode
from mnistops.events import result_of
from mnistops.report.publish import publish
from mnistops.settings import Loaded
from mnistops.settings.sections import TrainSettings

# Each run has its own of these, or there is no single run to speak of.
_OF_A_RUN = {"recipe", "run_dir", "resume", "require_target", "holdout_fold"}


@with_settings(
    "study",
    "network",
    *(f"train.{name}" for name in TrainSettings.model_fields if name not in _OF_A_RUN),
    "data",
    "device",
    "seed",
    "output.runs_dir",
    "output.format",
    network_argument=True,
)
def study(loaded: Loaded) -> int:
    """Train over many seeds, with several recipes or values, and tell which is really better."""
    # Imported here: they load torch, which no other command should wait for.
    from mnistops.data.known import MNIST
    from mnistops.report.published import PUBLISHED
    from mnistops.report.size_figure import Sized, draw_sizes
    from mnistops.report.study import study_report
    from mnistops.report.study_figure import draw_study
    from mnistops.report.study_view import StudyView
    from mnistops.studies.run import study as run

    with StudyView() as view:
        result = result_of(run(loaded.settings), view.show)
    if result.rows:
        draw_study(result, result.folder / "study.png")
    if result.judged_on == "test" and len({row.num_params for row in result.rows}) > 1:
        networks = [Sized(group.name, group.num_params, group.test) for group in result.groups]
        published = PUBLISHED if loaded.settings.data.dataset == MNIST else ()
        draw_sizes(networks, published, result.folder / "sizes.png")
    publish(study_report(result), loaded.settings.output.format)
    return ExitCode.NEGATIVE if result.missing else ExitCode.DONE
