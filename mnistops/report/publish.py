"""One result, written to standard output in the format that was asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mnistops.report.console import show, stdout_console, write
from mnistops.report.grid import Grid, to_csv, to_json, to_markdown, to_terminal
from mnistops.settings.sections import Format


@dataclass(frozen=True)
class Report:
    """A result in the shapes that formats need.

    Attributes:
        grids: the tables for people.
        document: the whole result for JSON.
        records: its rows for CSV.
        names: of their fields, where there may be no row.
    """

    grids: tuple[Grid, ...]
    document: Any
    records: Sequence[Mapping[str, Any]]
    names: Sequence[str] = ()


def publish(report: Report, format_: Format) -> None:
    """Write the result and nothing else.

    Raises:
        CannotWrite: standard output broke off.
    """
    match format_:
        case "json":
            write(to_json(report.document))
        case "csv":
            write(to_csv(report.records, report.names))
        case "markdown":
            write("\n\n".join(map(to_markdown, report.grids)))
        case "table":
            console = stdout_console()
            show(console, [to_terminal(grid, console) for grid in report.grids])
