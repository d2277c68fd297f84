"""A diagnosis as a table to paste into a bug report: narrow, and without its user's name."""

import getpass
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from textwrap import wrap

from mnistops.diagnosis.diagnosis import Diagnosis
from mnistops.report.console import visible
from mnistops.report.grid import Column, Grid
from mnistops.report.publish import Report

_COLUMNS = (
    Column("what", is_number=False),
    Column("state", is_number=False),
    Column("found", is_number=False),
)
_WIDTH = 52


def doctor_report(diagnosis: Diagnosis) -> Report:
    """The diagnosis in every format; CSV has a row for each check."""
    records = [
        {key: visible(private(value)) for key, value in asdict(finding).items()}
        for finding in diagnosis.findings
    ]
    rows = tuple(
        (record["name"], record["state"], "\n".join(wrap(record["found"], _WIDTH)))
        for record in records
    )
    number = len(diagnosis.problems)
    verdict = f"{number} problem{'' if number == 1 else 's'}" if number else _ALL_THERE
    document = {"is_fine": not number, "findings": records}
    grid = Grid(_COLUMNS, rows, notes=(*_advice(records), verdict))
    return Report((grid,), document, records)


_ALL_THERE = "all that is needed is there"


def _advice(records: Iterable[dict[str, str]]) -> Iterable[str]:
    for record in records:
        if record["state"] != "fine":
            yield f"{record['state']}: {record['name']}: {record['advice']}"


def private(text: str, home: Path | None = None, user: str | None = None) -> str:
    """The text with ``~`` for the home folder, and ``USER`` for the user's name in other paths.

    Args:
        home, user: None takes this user's.
    """
    with suppress(RuntimeError):  # there is none
        home = home or Path.home()
    with suppress(OSError, KeyError, ImportError):
        user = user or getpass.getuser()
    # Where home is the root of all, it tells nothing.
    for folder in {str(home), str(home.resolve())} if home and home.name else ():
        text = re.sub(rf"{re.escape(folder)}(?![\w.-])", "~", text)
    if user:
        name = re.compile(rf"(?<![A-Za-z0-9]){re.escape(user)}(?![A-Za-z0-9])")
        text = re.sub(r"[/\\]\S*", lambda path: name.sub("USER", path[0]), text)
    return text
