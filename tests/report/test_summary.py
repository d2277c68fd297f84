"""What a summary's table says; its other formats stand in cli/test_summary."""

from torch import Tensor, nn

from mnistops.analysis.capture import capture
from mnistops.analysis.summary import summarize_graph
from mnistops.report.summary import summary_report


def test_what_is_not_known_is_a_question_mark() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Upsample(scale_factor=2))
    report = summary_report(summarize_graph(capture(network, (1, 8, 8), "net")))
    (grid,) = report.grids
    assert [row[5] for row in grid.rows] == ["648", "?"]
    assert grid.total[5] == "?"
    assert "? kept for training" in grid.notes[1]
    assert grid.notes[2] == "?: no rule here for Upsample-2, so no total either"
    assert report.document["mult_adds"] is None


class PartlyIdle(nn.Module):
    """One layer runs, frozen; another does not."""

    def __init__(self) -> None:
        super().__init__()
        self.used = nn.Conv2d(1, 2, 3).requires_grad_(False)
        self.idle = nn.Linear(3, 1)

    def forward(self, images: Tensor) -> Tensor:
        return self.used(images)  # type: ignore[no-any-return]


def test_frozen_and_idle_parameters_are_told() -> None:
    report = summary_report(summarize_graph(capture(PartlyIdle(), (1, 8, 8), "net")))
    assert report.grids[0].notes[0] == (
        "parameters: 4 trainable, 20 frozen, 4 never run; 0.1 KiB in float32"
    )
