"""What people see of a comparison: which run is evaluated, and a bar."""

from mnistops.evaluation import BatchEvaluated
from mnistops.report.console import visible
from mnistops.report.progress import View
from mnistops.runs.comparison import RunEvaluating


class ComparisonView(View):
    """Shows the events of a comparison."""

    def show(self, event: object) -> None:
        """Tell of one event."""
        match event:
            case RunEvaluating():
                self.clear()
                number = f"{event.place + 1} of {event.num_runs}"
                self.line(f"run {number}: evaluating {visible(str(event.checkpoint))}")
            case BatchEvaluated():
                self.bar("test images", event.num_done, event.num_images)
            case _:
                super().show(event)
