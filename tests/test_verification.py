"""Verification: a verdict for each row that is shown, of each variant."""

from pathlib import Path

from mnistops.analysis.what_if import field_tables
from mnistops.inspection import layer_graph
from mnistops.settings.inspection import RfSettings
from mnistops.settings.sections import NetworkSettings
from mnistops.verification import verify

EXAMPLES = Path(__file__).parents[1] / "examples"


def verdicts(network: str, rf: RfSettings) -> list[list[tuple[str, str]]]:
    """Path and verdict of every row."""
    graph = layer_graph(network)
    tables = field_tables(graph, rf)
    found = verify(NetworkSettings(name=network), rf, graph, tables)
    for table, each in zip(tables, found, strict=True):
        assert [row.path for row in table.layers] == [verdict.path for verdict in each]
    return [[(verdict.path, verdict.verdict) for verdict in each] for each in found]


def test_all_that_is_shown_of_reference_agrees() -> None:
    (rows,) = verdicts("reference", RfSettings())
    assert len(rows) == 9
    assert {verdict for _, verdict in rows} == {"agrees"}


def test_what_ifs_are_held_against_a_network_that_is_so() -> None:
    settings = RfSettings(dilation=(1, 5), keep_size=True)
    for rows in verdicts("reference", settings):
        assert {verdict for _, verdict in rows} == {"agrees"}


def test_branches_gates_and_functions_agree() -> None:
    (rows,) = verdicts(f"{EXAMPLES}/residual.py:Net", RfSettings())
    assert {verdict for _, verdict in rows} == {"agrees"}
    assert len(rows) == 20
