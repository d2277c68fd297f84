"""What people see of a validation: the original code's log lines, and a bar; or a bar alone."""

from datetime import datetime

from mnistops.evaluation import BatchEvaluated
from mnistops.report.progress import View
from mnistops.validation import DeviceOpened, ModelFound, ModelLoaded, SplitBegun, SplitDone


class ValidationView(View):
    """Shows the events of a validation."""

    def __init__(self) -> None:
        super().__init__()
        self._split = ""
        self._log("Loading configuration...")

    def _log(self, text: str, level: str = "INFO") -> None:
        now = datetime.now()
        self.line(f"{now:%Y-%m-%d %H:%M:%S},{now.microsecond // 1000:03d} - {level} - {text}")

    def show(self, event: object) -> None:
        """Tell of one event."""
        match event:
            case DeviceOpened():
                self._log(f"Using device: {event.device}")
            case ModelFound():
                self._log(f"Loading model: {event.path}")
                if event.status not in (None, "done"):
                    self._log(f"Its run is not finished: {event.status}", "WARNING")
            case ModelLoaded():
                self._log("Model loaded successfully.")
            case SplitBegun():
                self._split = event.split
                self.clear()
                self._log(f"Starting validation on {event.split} dataset...")
            case BatchEvaluated():
                self.bar(f"Validating {self._split}", event.num_done, event.num_images)
            case SplitDone():
                self.clear()
                self._log(
                    f"Number of incorrect predictions in {event.split} dataset: "
                    f"{event.result.num_errors}"
                )
            case _:
                super().show(event)


class ReportView(View):
    """Shows a validation that a report needs: a bar, and nothing that stays."""

    def show(self, event: object) -> None:
        """Tell of one event."""
        match event:
            case BatchEvaluated():
                self.bar("report", event.num_done, event.num_images)
            case _:
                super().show(event)
