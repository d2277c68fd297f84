"""``mnistops lr-find``."""

from mnistops.cli.options import with_settings
from mnistops.disk import make_folder
from mnistops.events import result_of
from mnistops.report.publish import publish
from mnistops.settings import Loaded


@with_settings(
    "network",
    "train.recipe",
    "train.batch_size",
    "train.rotation",
    "train.distortion",
    "train.holdout",
    "data",
    "device",
    "seed",
    "output",
    network_argument=True,
)
def lr_find(loaded: Loaded) -> None:
    """Find a learning rate: train with a rising one, and see where the loss falls fastest."""
    # Imported here: they load torch, which no other command should wait for.
    from mnistops.report.curves import write_range_test
    from mnistops.report.training import range_test_report
    from mnistops.report.training_view import TrainingView
    from mnistops.training.lr_range import find_learning_rate
    from mnistops.training.run_folder import new_folder

    settings = loaded.settings
    if settings.output.out is not None:
        make_folder(settings.output.out)  # rather fail before the work than after it
    with TrainingView() as view:
        test = result_of(find_learning_rate(settings), view.show)
    folder = settings.output.out or new_folder(settings.output.runs_dir, "lr-find")
    files = write_range_test(test, folder)
    publish(range_test_report(test, files), settings.output.format)
