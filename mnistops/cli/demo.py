"""``mnistops demo``."""

from mnistops.cli.options import with_settings
from mnistops.report.publish import publish
from mnistops.settings import Loaded


@with_settings("validate.checkpoint", "network.name", "network.input_size", "output")
def demo(loaded: Loaded) -> None:
    """Write a page on which one draws, and sees live what a trained network makes of it."""
    # Imported here: they load torch, which no other command should wait for.
    from mnistops.demo import demo as run
    from mnistops.demo import demo_path
    from mnistops.report.demo import demo_report, write_demo

    settings = loaded.settings
    result = run(settings)
    path = write_demo(result, demo_path(settings, result.checkpoint))
    publish(demo_report(result, path), settings.output.format)
