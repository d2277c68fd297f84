"""A check: whatever its look does, there is a finding."""

import pytest

from mnistops.diagnosis.check import Check, Finding
from mnistops.errors import BadInput
from mnistops.settings import Settings


def found(error: BaseException | None, is_needed: bool = True) -> Finding:
    def look(_: Settings) -> str:
        if error is not None:
            raise error
        return "2.0"

    return Check("thing", look, is_needed, "mend it").find(Settings())


def test_what_is_there_needs_no_advice() -> None:
    assert found(None) == Finding("thing", "fine", "2.0")


def test_a_mistake_that_can_be_mended_says_how() -> None:
    assert found(BadInput("bad", "do this")) == Finding("thing", "problem", "bad", "do this")
    assert found(BadInput("bad")) == Finding("thing", "problem", "bad", "mend it")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ImportError("no lib\n  at all"), "ImportError: no lib at all"),
        (RuntimeError(), "RuntimeError"),
        (SystemExit(3), "SystemExit: 3"),
    ],
)
def test_anything_else_is_told_in_a_line(error: BaseException, text: str) -> None:
    assert found(error) == Finding("thing", "problem", text, "mend it")


def test_what_can_be_done_without_is_no_problem() -> None:
    assert found(BadInput("bad"), is_needed=False).state == "lacking"


def test_a_long_story_is_cut() -> None:
    assert len(found(RuntimeError("x" * 9000)).found) == 400


def test_an_interrupt_is_no_finding() -> None:
    with pytest.raises(KeyboardInterrupt):
        found(KeyboardInterrupt())
