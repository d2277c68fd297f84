"""What a receptive-field table says; its other formats stand in cli/test_rf."""

import pytest
from rich.console import Console
from torch import Tensor, nn

from mnistops.analysis.capture import capture
from mnistops.analysis.lower import lower
from mnistops.analysis.what_if import field_tables
from mnistops.networks.zoo import REFERENCE
from mnistops.report.grid import notes_of, to_terminal
from mnistops.report.receptive_field import field_report
from mnistops.settings.inspection import RfSettings


def cells(network: nn.Module) -> tuple[dict[str, dict[str, str]], str]:
    """The rows of the network's table by path, each by its columns' titles; and the notes."""
    tables = field_tables(capture(network, (1, 8, 9), "net"), RfSettings(all_layers=True))
    numbers, _ = field_report(tables).grids
    titles = [column.title for column in numbers.columns]
    rows = {row[1]: dict(zip(titles, row, strict=True)) for row in numbers.rows}
    return rows, notes_of(numbers)[-1]


class Writing(nn.Module):
    """Writes into a part of what a convolution gives, for which there is no rule."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, (3, 5))
        self.relu = nn.ReLU()

    def forward(self, images: Tensor) -> Tensor:
        outputs = self.conv(images)
        outputs[:, 0] = 1.0
        return self.relu(outputs)  # type: ignore[no-any-return]


def test_what_is_not_known_is_a_dash() -> None:
    rows, note = cells(Writing())
    assert (rows["conv"]["k"], rows["conv"]["size"]) == ("3x5", "3x5")
    for path in ("setitem", "relu"):
        assert (rows[path]["size"], rows[path]["coverage"]) == ("-", "-")
        assert rows[path]["status"] == "unsupported"
    assert note == (
        "exact: every inner unit's field is this one; "
        "unsupported: no rule for a layer on the way, so nothing is said"
    )


class Gated(nn.Module):
    """Squeeze and excitation, then a sum of two convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.excite = nn.Conv2d(1, 1, 1)
        self.right = nn.Conv2d(1, 1, 2)
        self.wide = nn.Conv2d(1, 1, 4, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        gated = images * self.excite(self.squeeze(images)).sigmoid()
        return self.right(gated) + self.wide(gated)  # type: ignore[no-any-return]


def test_gates_and_misalignment_are_told() -> None:
    rows, note = cells(Gated())
    assert rows["squeeze"]["status"] == "whole"
    assert (rows["mul"]["size"], rows["mul"]["status"]) == ("1", "exact, gate")
    # Fields 0 to 1 and -1 to 2: one is the wider by a pixel on both sides.
    assert (rows["add"]["size"], rows["add"]["aligned"]) == ("4", "yes")
    assert note.endswith(
        "gate: also multiplied by numbers that see the input as a whole; the field leaves that out"
    )


@pytest.mark.parametrize(("padding", "aligned"), [(0, "off by 1"), (1, "yes")])
def test_branches_out_of_line_are_told(padding: int, aligned: str) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wide = nn.Conv2d(1, 1, 3, padding=padding)

        def forward(self, images: Tensor) -> Tensor:
            wide = self.wide(images)
            return wide + images[..., : wide.shape[2], : wide.shape[3]]  # type: ignore[no-any-return]

    rows, _ = cells(Net())
    assert rows["add"]["aligned"] == aligned


def test_fields_that_differ_are_a_range() -> None:
    rows, note = cells(nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 2)))
    assert (rows["1"]["size"], rows["1"]["jump"], rows["1"]["status"]) == ("1-2", "0.5", "bound")
    assert note.endswith("bound: fields differ from unit to unit, within these sizes")


@pytest.mark.parametrize(("width", "is_narrow"), [(40, True), (200, False)])
def test_what_is_left_out_has_no_legend(width: int, is_narrow: bool) -> None:
    tables = field_tables(lower(REFERENCE), RfSettings())
    console = Console(width=width)
    with console.capture() as captured:
        for grid in field_report(tables).grids:
            console.print(to_terminal(grid, console))
    for legend in ("start: first", "exact: every", "output = ", "coverage: share"):
        assert (legend in captured.get()) != is_narrow
    assert "size: of unit" in captured.get() and "size = " in captured.get()
