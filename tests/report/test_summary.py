"""What a summary's table says; its other formats stand in cli/test_summary."""

from torch import Tensor, nn

from mnistops.analysis.capture import capture
from mnistops.analysis.summary import summarize_graph
from mnistops.report.summary import summary_report


class Writing(nn.Module):
    """Writes into a part of what a convolution gives, for which there is no rule."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.head = nn.Linear(6, 2)

    def forward(self, images: Tensor) -> Tensor:
        outputs = self.conv(images)
        outputs[:, 0] = 1.0
        return self.head(outputs)  # type: ignore[no-any-return]


def test_what_is_not_known_is_a_question_mark() -> None:
    report = summary_report(summarize_graph(capture(Writing(), (1, 8, 8), "net")))
    (grid,) = report.grids
    assert [row[5] for row in grid.rows] == ["648", "?", "?"]
    assert grid.total[5] == "?"
    assert grid.notes[2].startswith("?: no rule here for setitem-1")
    assert report.document["mult_adds"] is None


class Shared(nn.Module):
    """One layer twice, another one frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 1, 3, padding=1)
        self.frozen = nn.Conv2d(1, 1, 1).requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        return images + self.frozen(self.first(self.first(images)))  # type: ignore[no-any-return]


def test_shared_and_frozen_parameters_are_marked() -> None:
    summary = summarize_graph(capture(Shared(), (1, 8, 8), "net"))
    (grid,) = summary_report(summary, ("layer", "params", "connected-to")).grids
    assert grid.rows == (
        ("Conv2d-1", "10", "input"),
        ("Conv2d-2", "0 (10 shared)", "Conv2d-1"),
        ("Conv2d-3", "2 (frozen)", "Conv2d-2"),
        ("add-1", "0", "input, Conv2d-3"),
    )
    assert grid.total == ("total", "12", "")


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
