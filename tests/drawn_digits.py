"""Digits as a person would draw them: strokes of a pen, and photographs of them on paper.

python -m tests.drawn_digits examples/pictures writes the pictures of the examples.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Ink = NDArray[np.float64]

# The points that a pen goes through, (x, y) in 0..1, y downwards; another list is another stroke.
STROKES: dict[int, list[list[tuple[float, float]]]] = {
    0: [
        [(0.55, 0.02), (0.2, 0.2), (0.1, 0.6), (0.35, 0.97), (0.75, 0.85), (0.9, 0.4), (0.6, 0.05)]
    ],
    1: [[(0.35, 0.25), (0.55, 0.02), (0.54, 0.5), (0.5, 0.98)]],
    2: [
        [
            (0.12, 0.25),
            (0.35, 0.03),
            (0.75, 0.12),
            (0.75, 0.4),
            (0.45, 0.7),
            (0.1, 0.95),
            (0.5, 0.93),
            (0.92, 0.97),
        ]
    ],
    3: [
        [
            (0.15, 0.12),
            (0.5, 0.02),
            (0.82, 0.2),
            (0.45, 0.46),
            (0.85, 0.68),
            (0.6, 0.96),
            (0.12, 0.86),
        ]
    ],
    4: [
        [(0.3, 0.05), (0.22, 0.35), (0.12, 0.62), (0.5, 0.62), (0.92, 0.6)],
        [(0.68, 0.1), (0.62, 0.98)],
    ],
    5: [
        [(0.28, 0.06), (0.22, 0.45), (0.55, 0.4), (0.85, 0.65), (0.6, 0.95), (0.15, 0.9)],
        [(0.33, 0.05), (0.85, 0.02)],
    ],
    6: [
        [
            (0.7, 0.02),
            (0.35, 0.3),
            (0.15, 0.7),
            (0.4, 0.97),
            (0.78, 0.82),
            (0.7, 0.55),
            (0.4, 0.55),
            (0.18, 0.78),
        ]
    ],
    7: [
        [(0.12, 0.1), (0.5, 0.08), (0.88, 0.05), (0.6, 0.5), (0.4, 0.98)],
        [(0.35, 0.52), (0.8, 0.48)],
    ],
    8: [
        [
            (0.72, 0.15),
            (0.45, 0.02),
            (0.22, 0.2),
            (0.45, 0.45),
            (0.78, 0.72),
            (0.5, 0.98),
            (0.2, 0.78),
            (0.5, 0.46),
            (0.75, 0.18),
        ]
    ],
    9: [
        [
            (0.8, 0.25),
            (0.5, 0.03),
            (0.2, 0.25),
            (0.4, 0.5),
            (0.75, 0.38),
            (0.82, 0.12),
            (0.75, 0.55),
            (0.62, 0.98),
        ]
    ],
}


def drawn(digit: int, height: int = 200, pen: float = 12, slant: float = 0.1, seed: int = 0) -> Ink:
    """A digit as ink (H, W) in 0..1, with a margin as wide as the pen around.

    Args:
        height: of the digit, in pixels.
        pen: width of its strokes, in pixels.
        slant: how far the top leans to the right, as a share of the height.
        seed: of a hand that never draws the same twice.
    """
    hand = np.random.default_rng(seed)
    lines = [_smooth(np.array(stroke)) + hand.normal(0, 0.004, 2) for stroke in STROKES[digit]]
    lines = [line + _tremble(hand, len(line)) for line in lines]
    margin = int(pen) + 2
    width = int(height * (0.7 + abs(slant)))
    rows, columns = np.mgrid[: height + 2 * margin, : width + 2 * margin] - margin + 0.5
    distances = np.full(rows.shape, np.inf)
    for line in lines:
        x = (0.7 * line[:, 0] + slant * (1 - line[:, 1]) + max(0, -slant)) * height
        for begin, end in zip(
            np.stack([line[:, 1] * height, x], 1)[:-1],
            np.stack([line[:, 1] * height, x], 1)[1:],
            strict=True,
        ):
            along = end - begin
            share = (rows - begin[0]) * along[0] + (columns - begin[1]) * along[1]
            share = np.clip(share / max(along @ along, 1e-9), 0, 1)
            gap = np.hypot(
                rows - begin[0] - share * along[0], columns - begin[1] - share * along[1]
            )
            distances = np.minimum(distances, gap)
    return np.clip(pen / 2 + 0.5 - distances, 0, 1)


def _smooth(points: Ink, steps: int = 8) -> Ink:
    """A curve through the points (Catmull and Rom's)."""
    ends = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = [
        0.5
        * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * (b - c) + d - a) * t**3)
        for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False)
    ]
    return np.concatenate([*pieces, points[-1:]])


def _tremble(hand: np.random.Generator, count: int) -> Ink:
    smooth: Ink = ndimage.gaussian_filter1d(hand.normal(0, 0.02, (count, 2)), 3, axis=0)
    return smooth


def on_sheet(ink: Ink, height: int, width: int, row: int, column: int) -> Ink:
    """The ink on a larger sheet, from this row and column on."""
    sheet = np.zeros((height, width))
    sheet[row : row + ink.shape[0], column : column + ink.shape[1]] = ink
    return sheet


def photographed(
    ink: Ink,
    seed: int = 0,
    paper: float = 0.85,
    pen: float = 0.25,
    uneven: float = 0.5,
    grain: float = 0.03,
    noise: float = 0.02,
) -> NDArray[np.uint8]:
    """A photograph (H, W) of ink on paper in uneven light.

    Args:
        paper: how much light it gives back; pen: the ink, likewise.
        uneven: how much darker the darkest corner of the light is.
        grain: deviation of the paper's texture; noise: of the camera's.
    """
    world = np.random.default_rng(seed)
    rows, columns = (np.linspace(-0.5, 0.5, side) for side in ink.shape)
    angle = world.uniform(0, 2 * np.pi)
    light = (
        1 - uneven / 2 + uneven / 1.4 * (np.cos(angle) * rows[:, None] + np.sin(angle) * columns)
    )
    texture = ndimage.gaussian_filter(world.normal(0, 1, ink.shape), 2)
    surface = paper * (1 + grain * texture / texture.std())
    seen: Ink = light * (surface * (1 - ink) + pen * ink) + world.normal(0, noise, ink.shape)
    return np.round(255 * seen.clip(0, 1)).astype(np.uint8)


def write_pictures(folder: Path) -> list[Path]:
    """A photograph with a shadow and the table's edge, one of a blackboard, and a drawing."""
    folder.mkdir(parents=True, exist_ok=True)
    photograph = photographed(on_sheet(drawn(7, 130, 5), 300, 320, 70, 90), 4)
    rows, columns = np.mgrid[:300, :320]
    is_shadow = 1 / (1 + np.exp((rows + 0.4 * columns - 270) / -4))
    photograph = np.round(photograph * (1 - 0.4 * is_shadow)).astype(np.uint8)
    table = np.random.default_rng(0).normal(55, 5, (300, 40)) + 8 * np.sin(np.arange(40) / 3)
    photograph = np.concatenate([photograph, np.round(table).astype(np.uint8)], 1)
    board = photographed(on_sheet(drawn(5, 190, 9, -0.1), 280, 340, 20, 110), 2, paper=0.2, pen=0.8)
    ink = on_sheet(drawn(3, 150, 3), 400, 400, 190, 30)
    drawing = np.stack([np.zeros_like(ink), ink], -1)  # all but the ink is transparent
    paths = [folder / name for name in ("board_5.jpg", "drawing_3.png", "photograph_7.jpg")]
    Image.fromarray(board).save(paths[0], quality=60)
    Image.fromarray(np.round(255 * drawing).astype(np.uint8)).save(paths[1], optimize=True)
    Image.fromarray(photograph).save(paths[2], quality=60)
    return paths


if __name__ == "__main__":
    write_pictures(Path(sys.argv[1]))
