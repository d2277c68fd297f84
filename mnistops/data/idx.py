"""IDX, the format of MNIST's files: strict, and bounded before anything is allocated.

A file is two zero bytes, the type (8: unsigned bytes), the number of axes, each axis' length as
four bytes, highest first, then the values. Described at https://yann.lecun.com/exdb/mnist/.
"""

import gzip
import os
import struct
import zlib
from io import BufferedIOBase, BufferedReader
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnistops.analysis.window import times
from mnistops.errors import BadInput, MissingInput

Bytes = NDArray[np.uint8]

LARGEST = 1 << 31
"""The most bytes that a file may hold, uncompressed."""

# Any file may be packed into next to nothing up to the first; beyond it, into a hundredth. MNIST's
# images are packed to a fifth.
_LARGEST_PACKED = 1 << 26
_LARGEST_COMPRESSION = 100
_CHUNK = 1 << 20


def read_idx(path: Path, num_axes: int, largest: int = LARGEST) -> Bytes:
    """Read a file of unsigned bytes, compressed if its name ends in ``.gz``.

    Args:
        num_axes: 3 for images (N, H, W), 1 for labels (N,).
        largest: the most bytes that it may hold, uncompressed.

    Raises:
        MissingInput: there is no such file, or it cannot be read.
        BadInput: it is not exactly such a file.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if path.suffix != ".gz":
                return _read(file, path, num_axes, largest, size)
            largest = min(largest, max(_LARGEST_PACKED, _LARGEST_COMPRESSION * size))
            with gzip.GzipFile(fileobj=file) as unpacked:
                values = _read(unpacked, path, num_axes, largest, None)
            _expect_nothing_behind(file, path, _start(num_axes) + values.size)
            return values
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(f"{path}: expected sound gzip data, got: {error}") from None
    except EOFError:
        raise BadInput(f"{path}: expected whole gzip data, got a part of it") from None
    except OSError as error:
        raise MissingInput(f"{path}: expected a readable file, got: {error.strerror}") from None


def _start(num_axes: int) -> int:
    """Where the values begin."""
    return 4 + 4 * num_axes


def _read(file: BufferedIOBase, path: Path, num_axes: int, largest: int, size: int | None) -> Bytes:
    """The values; ``size`` is how many bytes there are, None where only reading tells."""
    start = _start(num_axes)
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
    if start + count > largest:
        raise BadInput(
            f"{path}: expected at most {largest:,} bytes, got a header that claims {times(shape)} "
            f"or {start + count:,} bytes"
        )
    if size is not None and size != start + count:
        raise _other_length(path, start + count, f"{size:,}")
    values = bytearray()
    # No more memory than there are bytes, whatever the header claims.
    while len(values) < count and (more := file.read(min(_CHUNK, count - len(values)))):
        values += more
    # At the end of gzip data its checksum is compared.
    beyond = len(file.read(1))
    if len(values) < count or beyond:
        raise _other_length(path, start + count, "more" if beyond else f"{start + len(values):,}")
    return np.frombuffer(values, np.uint8).reshape(shape)


def _other_length(path: Path, expected: int, got: str) -> BadInput:
    return BadInput(f"{path}: expected {expected:,} bytes, as its header says, got {got}")


def _expect_nothing_behind(file: BufferedReader, path: Path, count: int) -> None:
    """Raises BadInput where gzip data goes on behind its end, as Python lets it do with zeros.

    It ends with its own count of the uncompressed bytes, modulo 2**32.
    """
    file.seek(-4, os.SEEK_END)
    if file.read() != struct.pack("<I", count):
        raise BadInput(f"{path}: expected the end of its gzip data, got more behind it")


def encode_idx(values: Bytes) -> bytes:
    """The uncompressed file of these values."""
    header = struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return header + values.tobytes()
