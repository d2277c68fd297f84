"""Train on pictures of your own, in a folder for each class: these are sorted from one heap.

python examples/own_pictures.py heap sorted
mnistops data check --dataset sorted
mnistops train tiny --dataset sorted --epochs 2 --batch-size 32

What a picture is of is said by its name, up to the underscore: cross_17.png is a cross. One in five
is kept for testing. Where there is no heap, one is drawn, to have something to sort.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image

NUMBER, SIZE = 100, 28


def draw(heap: Path) -> None:
    """Crosses and rings, grey on black, all of one size."""
    random = np.random.default_rng(0)
    heap.mkdir(parents=True)
    for number in range(NUMBER):
        row, column = np.mgrid[:SIZE, :SIZE] - random.uniform(11, 16, (2, 1, 1))
        lines = np.minimum(abs(row), abs(column))
        rings = abs(np.hypot(row, column) - random.uniform(5, 9))
        for name, distance in (("cross", lines), ("ring", rings)):
            pixels = np.where(distance < 1.5, 200, random.integers(0, 60, distance.shape))
            Image.fromarray(pixels.astype(np.uint8)).save(heap / f"{name}_{number:03}.png")


def main(heap: str, folder: str) -> None:
    """Sort the heap into ``folder/train/CLASS`` and ``folder/test/CLASS``."""
    if not Path(heap).exists():
        draw(Path(heap))
    for number, path in enumerate(sorted(Path(heap).glob("*_*.png"))):
        split = "test" if number % 5 == 4 else "train"
        place = Path(folder, split, path.name.split("_")[0])
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    for place in sorted(Path(folder).glob("*/*")):
        print(f"{place}: {len(list(place.iterdir()))} pictures")


if __name__ == "__main__":
    main(*sys.argv[1:])
