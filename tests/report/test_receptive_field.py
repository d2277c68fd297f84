"""What a receptive-field table says; its other formats stand in cli/test_rf."""

from torch import nn

from mnistops.analysis.capture import capture
from mnistops.analysis.what_if import field_tables
from mnistops.report.receptive_field import field_report
from mnistops.settings.tree import RfSettings


def test_what_is_not_known_is_a_dash() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, (3, 5)), nn.Upsample(scale_factor=2), nn.ReLU())
    graph = capture(network, (1, 8, 9), "net")
    numbers, formulas = field_report(field_tables(graph, RfSettings(all_layers=True))).grids
    rows = {
        row[1]: dict(zip((c.title for c in numbers.columns), row, strict=True))
        for row in numbers.rows
    }
    assert (rows["0"]["k"], rows["0"]["size"], rows["0"]["status"]) == ("3x5", "3x5", "exact")
    for path in ("1", "2"):
        assert (rows[path]["size"], rows[path]["coverage"]) == ("-", "-")
        assert rows[path]["status"] == "unsupported"
    assert [row[1:] for row in formulas.rows][1:] == [
        ("unsupported", "unsupported"),
        ("unsupported", "unchanged"),
    ]
    assert numbers.notes == (
        "exact: every inner unit's field is this one; "
        "unsupported: no rule for a layer on the way, so nothing is said",
    )
