"""Line charts over epochs, as numbers for an SVG: where lines, ticks and values stand in it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.ticker import Locator

WIDTH, HEIGHT = 360, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 352, 10, 192
BOX = {"left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM}
"""What lines are drawn in."""

MOST_TICKS = 6


@dataclass(frozen=True)
class Tick:
    """A value that is written at an axis, and its place along it."""

    place: float
    text: str


@dataclass(frozen=True)
class Point:
    """A value in its place, and what it is in words."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes:
        last: its last value, in words.
    """

    name: str
    points: tuple[Point, ...]
    last: str


@dataclass(frozen=True)
class LineChart:
    """A chart.

    Attributes:
        target: where a line across stands, if one does.
        marked: where a line for the chosen epoch stands, if one does.
    """

    title: str
    lines: tuple[Line, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    target: Tick | None
    marked: float | None


def line_chart(
    title: str,
    epochs: Sequence[int],
    lines: Mapping[str, Sequence[float]],
    words: Callable[[float], str],
    is_logarithmic: bool = True,
    target: float | None = None,
    marked: int | None = None,
) -> LineChart:
    """Lay a chart out.

    Args:
        lines: a value for each epoch, by name.
        words: a value as people read it.
        is_logarithmic: wanted; where nothing is above zero the scale is linear all the same.
        target: a value to draw a line at.
        marked: an epoch to draw a line at.
    """
    values = [value for line in lines.values() for value in line]
    values += [] if target is None else [target]
    up = _scale(values, is_logarithmic)
    across = _Scale(min(epochs), max(epochs), LEFT + 8, RIGHT - 8)
    placed = tuple(
        Line(
            name,
            tuple(
                Point(across.place(epoch), up.place(value), f"epoch {epoch}: {words(value)}")
                for epoch, value in zip(epochs, line, strict=True)
            ),
            words(line[-1]),
        )
        for name, line in lines.items()
    )
    return LineChart(
        title,
        placed,
        tuple(Tick(across.place(epoch), str(epoch)) for epoch in _whole_ticks(epochs)),
        tuple(Tick(up.place(value), f"{value:g}") for value in up.ticks()),
        None if target is None else Tick(up.place(target), words(target)),
        None if marked is None else across.place(marked),
    )


@dataclass(frozen=True)
class _Scale:
    """A range of values along an axis; a logarithmic one has only values above zero."""

    low: float
    high: float
    begin: float
    end: float
    is_logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where it stands; what is not above zero stands at the low end of a logarithm."""
        low, high = self.low, self.high
        if self.is_logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(max(value, low))
        share = (value - low) / (high - low) if high > low else 0.5
        return round(self.begin + share * (self.end - self.begin), 1)

    def ticks(self) -> list[float]:
        """Round values, a few."""
        from matplotlib.ticker import LogLocator, MaxNLocator

        found: list[float] = []
        if self.is_logarithmic:
            for subs in ((1, 2, 5), (1, 3), (1,)):
                found = self._inside(LogLocator(subs=subs, numticks=MOST_TICKS))
                if len(found) <= MOST_TICKS:
                    break
            found = found[:: -(-len(found) // MOST_TICKS) or 1]  # of many decades, some
        return (
            found
            if len(found) > 1
            else self._inside(MaxNLocator(MOST_TICKS - 1, steps=[1, 2, 5, 10]))
        )

    def _inside(self, locator: "Locator") -> list[float]:
        values = map(float, locator.tick_values(self.low, self.high))
        return [value for value in values if self.low <= value <= self.high]


def _scale(values: Sequence[float], is_logarithmic: bool) -> _Scale:
    """A scale that holds the values, with some air around them."""
    positive = [value for value in values if value > 0]
    if is_logarithmic and positive:
        air = 1.15
        return _Scale(min(positive) / air, max(positive) * air, BOTTOM, TOP, is_logarithmic=True)
    return _Scale(min(0.0, *values), max(*values, 0.0) * 1.05 or 1.0, BOTTOM, TOP)


def _whole_ticks(epochs: Sequence[int]) -> list[int]:
    from matplotlib.ticker import MaxNLocator

    found = MaxNLocator(MOST_TICKS, integer=True, min_n_ticks=1).tick_values(epochs[0], epochs[-1])
    return [int(value) for value in found if epochs[0] <= value <= epochs[-1]]
