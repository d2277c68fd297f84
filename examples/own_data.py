"""Train on images of your own: write them as four IDX files, the form that MNIST has.

python examples/own_data.py shapes
mnistops data check --dataset shapes
mnistops train tiny --dataset shapes --epochs 2 --target-accuracy 0.9 --require-target

Here they are drawn: bars that lie, stand and lean, three classes in grey on black.
"""

import sys
from pathlib import Path

import numpy as np

NUM_TRAIN, NUM_TEST, SIZE = 1024, 256, 28


def draw(number: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Images (number, SIZE, SIZE) of bytes, and their classes (number,): 0, 1 or 2."""
    labels = np.arange(number) % 3
    rows, columns = np.mgrid[:SIZE, :SIZE] - SIZE / 2
    across = np.stack([rows, columns, (rows + columns) / 2])[labels]
    shift = random.uniform(-6, 6, (number, 1, 1))
    bars = np.abs(across - shift) < random.uniform(1.5, 3, (number, 1, 1))
    noise = random.integers(0, 60, bars.shape)
    return (bars * 180 + noise).astype(np.uint8), labels.astype(np.uint8)


def write_idx(path: Path, values: np.ndarray) -> None:
    """Bytes of any shape as IDX: 0, 0, 8 for bytes, the number of axes, their sizes, the values."""
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes()
    path.write_bytes(header + values.tobytes())


def main(folder: str) -> None:
    """Write the four files."""
    random = np.random.default_rng(0)
    Path(folder).mkdir(parents=True, exist_ok=True)
    for part, number in (("train", NUM_TRAIN), ("t10k", NUM_TEST)):
        images, labels = draw(number, random)
        write_idx(Path(folder, f"{part}-images-idx3-ubyte"), images)
        write_idx(Path(folder, f"{part}-labels-idx1-ubyte"), labels)
    print(f"{folder}: {NUM_TRAIN:,} images to train on, {NUM_TEST:,} to test on")


if __name__ == "__main__":
    main(*sys.argv[1:])
