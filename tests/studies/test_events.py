"""Events of a study: they can be kept, compared and shown."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from mnistops.studies.events import StudyBegun


def test_events_are_frozen_and_equal_by_value() -> None:
    events = [StudyBegun(Path("a"), ("one", "two"), 10, 0, 2, "cpu", ("eager",)) for _ in range(2)]
    assert events[0] == events[1]
    with pytest.raises(FrozenInstanceError):
        events[0].num_done = 3  # type: ignore[misc]
