"""Long work tells what it does as a stream of typed events, and returns its result at the end."""

from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeVar

Event = TypeVar("Event")
Result = TypeVar("Result")


def result_of(
    steps: Generator[Event, None, Result], show: Callable[[Event], object] | None = None
) -> Result:
    """Run the work to its end and give its result.

    Args:
        show: called with each event on the way.
    """
    with closing(steps):
        while True:
            try:
                event = next(steps)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            if show is not None:
                show(event)
