"""``mnistops data fetch|check``."""

from mnistops.cli.options import with_settings
from mnistops.events import result_of
from mnistops.report.publish import publish
from mnistops.settings import Loaded


@with_settings("data", "output.format")
def fetch(loaded: Loaded) -> None:
    """Get a data set into the data folder, if it is not there, and show what is there."""
    # Imported here: they load torch, which no other command should wait for.
    from mnistops.data.images import open_dataset
    from mnistops.report.data import dataset_report
    from mnistops.report.progress import View

    with View() as view:
        dataset = result_of(open_dataset(loaded.settings.data), view.show)
    publish(dataset_report(dataset), loaded.settings.output.format)


@with_settings("data.dir", "data.dataset", "data.transpose", "output.format")
def check(loaded: Loaded) -> None:
    """Hold the files in the data folder against what they must be, and fetch nothing."""
    from mnistops.data.images import open_dataset
    from mnistops.report.data import dataset_report

    settings = loaded.settings.data.model_copy(update={"offline": True})
    publish(dataset_report(result_of(open_dataset(settings))), loaded.settings.output.format)
