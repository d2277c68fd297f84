"""Event: a call that gave something, and the row that speaks of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mnistops.analysis.probing.shadow import Shadow
from mnistops.analysis.receptive_field import ReceptiveField


class Call(NamedTuple):
    """A call of a function or a module, as the rows count them.

    Attributes:
        type: the function's name or the module's class.
        path: of the module, or of the one that called the function.
    """

    type: str
    path: str
    is_module: bool


@dataclass(frozen=True)
class Event:
    """A call that gave something.

    Attributes:
        shadow: of the last tensor that it gave, or why it has none.
        is_same: whether it gave the shape that it took, so that it may have passed on its input.
    """

    call: Call
    shadow: Shadow | str
    is_same: bool


def places(events: Sequence[Event], rows: Sequence[ReceptiveField]) -> list[int | None]:
    """Where each row's call stands: rows and calls of one kind follow each other alike.

    A call that only passes its input on has no row. None where there are not as many calls as rows.
    """
    calls = [_call(row) for row in rows]
    waiting = {}
    for call in set(calls):
        known = [place for place, event in enumerate(events) if event.call == call]
        if len(known) > calls.count(call):
            known = [place for place in known if not events[place].is_same]
        waiting[call] = iter(known if len(known) == calls.count(call) else [])
    return [next(waiting[call], None) for call in calls]


def _call(row: ReceptiveField) -> Call:
    """The call that a row speaks of: names of modules are numbered."""
    kind = row.name.rpartition("-")[0] if row.is_module else row.name.strip("_")
    return Call(kind, row.path, row.is_module)
