"""What people see of a bench: what is made ready, what is left out, and a bar of the rounds."""

from mnistops.benchmark.events import (
    BenchBegun,
    LeftOut,
    PipelineOpened,
    PipelineOpening,
    RoundDone,
)
from mnistops.report.console import visible
from mnistops.report.numbers import integer
from mnistops.report.progress import View


class BenchView(View):
    """Shows the events of a bench."""

    def __init__(self) -> None:
        super().__init__()
        self._is_timing = False

    def show(self, event: object) -> None:
        """Tell of one event."""
        match event:
            case BenchBegun():
                self.clear()
                self.line(
                    f"{event.network}, {integer(event.num_params)} parameters, on {event.device}; "
                    f"{integer(event.num_images)} training images"
                )
            case PipelineOpening():
                self.bar(f"making ready: {event.name}", 0, None)
            case PipelineOpened():
                self.clear()
                seconds = event.compile_seconds
                self.line(f"ready: {event.name}{f', in {seconds:.1f} s' if seconds else ''}")
            case LeftOut():
                self.clear()
                self.line(visible(f"left out: {event.name}: {event.reason}"))
            case RoundDone():
                if not self._is_timing:
                    self._is_timing = True
                    self.line(f"timing, {integer(event.num_rounds)} turns")
                details = f"{event.name}: {integer(round(event.images_per_second))} images/s"
                self.bar("timing", event.number, event.num_rounds, details)
            case _:
                super().show(event)
