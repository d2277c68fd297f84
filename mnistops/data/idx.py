"""IDX, the format of MNIST's files: strict, and bounded before anything is allocated.

A file is two zero bytes, the type (8: unsigned bytes), the number of axes, each axis' length as
four bytes, highest first, then the values. Described at https://yann.lecun.com/exdb/mnist/.
"""

import gzip
import struct
import zlib
from io import BufferedIOBase
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnistops.analysis.window import times
from mnistops.errors import BadInput, MissingInput

Bytes = NDArray[np.uint8]

LARGEST = 1 << 31
"""The most bytes that a file may hold, uncompressed."""

# What deflate can reach at best: https://zlib.net/zlib_tech.html
_LARGEST_COMPRESSION = 1032


def read_idx(path: Path, num_axes: int) -> Bytes:
    """Read a file of unsigned bytes, compressed if its name ends in ``.gz``.

    Args:
        num_axes: 3 for images (N, H, W), 1 for labels (N,).

    Raises:
        MissingInput: there is no such file, or it cannot be read.
        BadInput: it is not exactly such a file.
    """
    try:
        size = path.stat().st_size
        if path.suffix == ".gz":
            with gzip.open(path) as unpacked:
                return _read(unpacked, path, num_axes, size * _LARGEST_COMPRESSION)
        with path.open("rb") as file:
            return _read(file, path, num_axes, size)
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(f"{path}: expected sound gzip data, got: {error}") from None
    except EOFError:
        raise BadInput(f"{path}: expected whole gzip data, got a part of it") from None
    except OSError as error:
        raise MissingInput(f"{path}: expected a readable file, got: {error.strerror}") from None


def _read(file: BufferedIOBase, path: Path, num_axes: int, most: int) -> Bytes:
    """The values; ``most`` is how many bytes there can be at all."""
    start = 4 + 4 * num_axes
    header = file.read(start)
    magic = bytes((0, 0, 8, num_axes))
    if header[:4] != magic:
        raise BadInput(
            f"{path}: expected an IDX file of unsigned bytes along {num_axes} axes (it begins with "
            f"{magic.hex()}), got {header[:4].hex() or 'an empty file'}"
        )
    if len(header) < start:
        raise BadInput(f"{path}: expected a header of {start} bytes, got {len(header)}")
    shape = struct.unpack(f">{num_axes}I", header[4:])
    count = prod(shape)
    if count == 0:
        raise BadInput(f"{path}: expected at least one item, got {times(shape)}")
    if start + count > min(most, LARGEST):
        raise BadInput(
            f"{path}: expected what its header says, {times(shape)} or {start + count:,} bytes, "
            f"got {f'at most {most:,}' if start + count > most else f'over {LARGEST:,}'}"
        )
    values = bytearray(count)
    got = file.readinto(values)
    while got < count and (more := file.readinto(memoryview(values)[got:])):
        got += more
    # At the end of gzip data its checksum is compared.
    beyond = len(file.read(1))
    if got < count or beyond:
        raise BadInput(
            f"{path}: expected {start + count:,} bytes, as its header says, "
            f"got {'more' if beyond else f'{start + got:,}'}"
        )
    return np.frombuffer(values, np.uint8).reshape(shape)


def encode_idx(values: Bytes) -> bytes:
    """The uncompressed file of these values."""
    header = struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return header + values.tobytes()
