"""Data sets that tests make: blocky patterns, one for each class, under noise."""

import hashlib
from pathlib import Path

import numpy as np
import torch

from mnistops.data.files import FILES
from mnistops.data.idx import Bytes, encode_idx
from mnistops.data.images import Dataset, ImageSet, Splits, split


def made_arrays(
    num_images: int, size: int = 28, num_classes: int = 10, seed: int = 0
) -> tuple[Bytes, Bytes]:
    """Images (N, size, size), easily told apart, and their labels (N,)."""
    patterns = np.random.default_rng(7).integers(0, 256, (num_classes, 4, 4))
    side = -(-size // 4)
    labels = np.arange(num_images) % num_classes
    clear = patterns[labels].repeat(side, 1).repeat(side, 2)[:, :size, :size]
    noise = np.random.default_rng(seed).integers(0, 80, clear.shape)
    return (clear * 0.6 + noise).astype(np.uint8), labels.astype(np.uint8)


def sha256_of(values: Bytes) -> str:
    """The hash of the uncompressed file of these values."""
    return hashlib.sha256(encode_idx(values)).hexdigest()


def made_set(num_images: int, size: int = 28, num_classes: int = 10, seed: int = 0) -> ImageSet:
    """The same as an ImageSet."""
    images, labels = made_arrays(num_images, size, num_classes, seed)
    return ImageSet(torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels).long())


def made_splits(num_train: int = 300, num_test: int = 100, num_holdout: int = 0) -> Splits:
    """Splits of such a data set."""
    train, test = made_set(num_train), made_set(num_test, seed=1)
    return split(Dataset("made", Path("made"), train, test), num_holdout)


def write_dataset(
    folder: Path, num_train: int = 300, num_test: int = 100, size: int = 28, num_classes: int = 10
) -> Path:
    """The four files of such a data set."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = (
        *made_arrays(num_train, size, num_classes),
        *made_arrays(num_test, size, num_classes, 1),
    )
    for file, values in zip(FILES, arrays, strict=True):
        (folder / file.name).write_bytes(encode_idx(values))
    return folder
