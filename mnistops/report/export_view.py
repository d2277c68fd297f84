"""What people see of an export while it goes on."""

from mnistops.exports.export import FormatBegun, TimingBegun
from mnistops.report.progress import View


class ExportView(View):
    """Shows the events of an export."""

    def show(self, event: object) -> None:
        """Tell of one event."""
        match event:
            case FormatBegun():
                self.bar(f"writing {event.format} and reading it back", 0, None)
            case TimingBegun():
                self.bar("timing", 0, None)
            case _:
                super().show(event)
