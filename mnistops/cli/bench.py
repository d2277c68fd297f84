"""``mnistops bench``."""

from mnistops.cli.options import with_settings
from mnistops.disk import make_folder
from mnistops.events import result_of
from mnistops.report.publish import publish
from mnistops.settings import Loaded


@with_settings(
    "network",
    "bench",
    "train.batch_size",
    "train.rotation",
    "train.distortion",
    "data",
    "device",
    "seed",
    "output",
    network_argument=True,
)
def bench(loaded: Loaded) -> None:
    """Measure how fast this machine trains: the seed's pipeline beside each engine."""
    # Imported here: they load torch, which no other command should wait for.
    from mnistops.benchmark.bench import bench as run
    from mnistops.report.bench import bench_report
    from mnistops.report.bench_figure import draw_bench
    from mnistops.report.bench_view import BenchView
    from mnistops.training.run_folder import new_folder

    settings = loaded.settings
    chart, folder = settings.bench.chart, settings.output.out
    named = chart.parent if chart is not None else folder
    if named is not None:
        make_folder(named)  # rather fail before the work than after it
    with BenchView() as view:
        result = result_of(run(settings), view.show)
    if chart is None:
        chart = (folder or new_folder(settings.output.runs_dir, "bench")) / "bench.png"
    draw_bench(result, chart)
    publish(bench_report(result, chart), settings.output.format)
