"""What people see while pictures are read: a bar."""

from mnistops.prediction import PictureRead
from mnistops.report.progress import View


class PredictionView(View):
    """Shows the events of a prediction."""

    def show(self, event: object) -> None:
        """Tell of one event."""
        if isinstance(event, PictureRead):
            self.bar("reading pictures", event.num_done, event.num_pictures)
