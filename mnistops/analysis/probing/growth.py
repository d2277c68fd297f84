"""Growth: an input so large that it holds the fields whole."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from mnistops.analysis.receptive_field import ReceptiveField
from mnistops.analysis.window import Sizes

# Pixels per axis of the largest input that is probed, unless the given one is larger.
LARGEST = 2048


class Slide(NamedTuple):
    """What a row states of the fields along one axis, where they follow each other by a jump.

    Attributes:
        size: pixels of one field.
        start: the first pixel of unit 0's field.
        jump: pixels from one field to the next.
        units: how many there are at the given size.
    """

    size: int
    start: int
    jump: float
    units: int

    def first(self, unit: int) -> float:
        """The first pixel of a unit's field."""
        return self.start + unit * self.jump

    def unit_near(self, pixel: float, units: int) -> int:
        """Of so many units, the one whose field lies nearest around this pixel."""
        middle = self.start + (self.size - 1) / 2
        unit = round((pixel - middle) / self.jump) if self.jump else 0
        return min(max(unit, 0), units - 1)


def slides(row: ReceptiveField) -> list[Slide]:
    """Per axis; none for a row that states no field by position."""
    if row.status not in ("exact", "bound") or not (row.size and row.start and row.jump):
        return []
    if len(row.output_size) != len(row.size):
        return []
    return list(map(Slide, row.size, row.start, row.jump, row.output_size))


def margins(pixels: Sizes, rows: Sequence[ReceptiveField]) -> Sizes:
    """Pixels at the edges of the given input, per axis, that some tensor on the way may not show.

    Args:
        pixels: the size of the given input, per axis.
    """
    margin = [0] * len(pixels)
    for row in rows:
        for axis, slide in enumerate(slides(row)):
            if slide.units > 1:
                behind = pixels[axis] - slide.first(slide.units - 1) - slide.size
                margin[axis] = max(margin[axis], slide.start, math.ceil(behind))
    return tuple(margin)


def grown_sizes(pixels: Sizes, rows: Sequence[ReceptiveField], margin: Sizes) -> Sizes:
    """Sizes that hold the largest field clear of the margin, and keep the phase of every stride.

    The given sizes, where the larger ones would be larger than `LARGEST`.
    """
    every = [known for row in rows if (known := slides(row))]
    sizes = []
    for axis, n in enumerate(pixels):
        along = [known[axis] for known in every]
        step = math.lcm(*(int(s.jump) for s in along if s.jump > 0 and s.jump == int(s.jump)))
        largest = max((slide.size for slide in along), default=1)
        jump = max((slide.jump for slide in along), default=1)
        wanted = largest + 2 * margin[axis] + math.ceil(6 * jump)
        steps = max(1, min(-(-(wanted - n) // step), (LARGEST - n) // step))
        sizes.append(n + steps * step)
    return tuple(sizes) if max(sizes) <= LARGEST else pixels
