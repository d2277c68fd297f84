"""Work as a stream of events: all are shown, and the result comes out at the end."""

from collections.abc import Generator
from contextlib import suppress

import pytest

from mnistops.events import result_of


def work(num_steps: int) -> Generator[int, None, str]:
    yield from range(num_steps)
    return f"{num_steps} steps"


@pytest.mark.parametrize("num_steps", [0, 1, 5])
def test_events_are_shown_in_their_order_and_the_result_is_returned(num_steps: int) -> None:
    seen: list[int] = []
    assert result_of(work(num_steps), seen.append) == f"{num_steps} steps"
    assert seen == list(range(num_steps))


def test_nobody_needs_to_look() -> None:
    assert result_of(work(5)) == "5 steps"


def test_an_event_is_shown_before_the_work_goes_on() -> None:
    order: list[str] = []

    def steps() -> Generator[str, None, None]:
        yield "first"
        order.append("worked")
        yield "second"

    result_of(steps(), order.append)
    assert order == ["first", "worked", "second"]


def test_a_result_may_be_nothing() -> None:
    def steps() -> Generator[None, None, None]:
        yield None

    seen: list[None] = []
    assert result_of(steps(), seen.append) is None
    assert seen == [None]


def test_a_failure_passes_through() -> None:
    def steps() -> Generator[int, None, None]:
        yield 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        result_of(steps())


def test_work_is_wound_up_when_showing_it_fails() -> None:
    wound_up: list[bool] = []

    def steps() -> Generator[int, None, None]:
        try:
            yield 1
        finally:
            wound_up.append(True)

    unfinished = steps()  # held here, so that its end is not left to the garbage collector
    with suppress(KeyboardInterrupt):
        result_of(unfinished, interrupt)
    assert wound_up == [True]


def interrupt(_: object) -> None:
    raise KeyboardInterrupt
