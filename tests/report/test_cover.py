"""Where the whole input is seen first, as it is told."""

from mnistops.analysis.cover import cover
from mnistops.analysis.lower import lower
from mnistops.networks.spec import Conv, NetworkSpec
from mnistops.report.cover import cover_report


def test_no_layer_is_said_to_be_none() -> None:
    small = NetworkSpec(name="small", output="logits", blocks=(Conv(name="a", out_channels=1),))
    graph = lower(small.changed((1, 3, 9)))
    (grid,) = cover_report(cover(graph)).grids
    assert grid.rows == (("some unit", "flatten"), ("every unit", "flatten"))
    assert grid.title == "small, input 3 x 9"


def test_records_for_programs() -> None:
    graph = lower(
        NetworkSpec(name="one", output="logits", blocks=(Conv(name="a", out_channels=1),))
    )
    report = cover_report(cover(graph))
    assert [record["units"] for record in report.records] == ["some", "every"]
    assert report.document["some_unit"] == {"name": "flatten", "path": ""}
