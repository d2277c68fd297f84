"""The digest of plain values and tensors: one flipped bit anywhere makes another."""

import hashlib
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

MOST_NESTED = 50


def digest(values: object) -> str:
    """SHA-256 of the values, 64 hexadecimal digits; how a file lays them out does not matter.

    Args:
        values: dictionaries, lists, texts, numbers, truths, nothings and dense tensors on the CPU,
            in one another; dictionaries count with the order of their keys.

    Raises:
        TypeError: something else is among them.
        ValueError: they are nested deeper than any of ours.
    """
    hasher = hashlib.sha256()
    _feed(hasher, values, MOST_NESTED)
    return hasher.hexdigest()


def _feed(hasher: Any, value: object, depth: int) -> None:
    """Each value begins with its kind and how much follows, so that no two run into each other."""
    import torch

    if depth == 0:
        raise ValueError(f"expected at most {MOST_NESTED} values in one another, got more")
    match value:
        case dict():
            hasher.update(f"dict {len(value)};".encode())
            for key, held in value.items():
                _feed(hasher, key, depth - 1)
                _feed(hasher, held, depth - 1)
        case list() | tuple():
            hasher.update(f"list {len(value)};".encode())
            for held in value:
                _feed(hasher, held, depth - 1)
        case torch.Tensor():
            hasher.update(f"tensor {value.dtype} {list(value.shape)};".encode())
            hasher.update(_bytes(value))
        case str():
            encoded = value.encode("utf-8", "surrogatepass")
            hasher.update(f"str {len(encoded)};".encode())
            hasher.update(encoded)
        case None | bool() | int():
            hasher.update(f"{type(value).__name__} {value};".encode())
        case float():
            hasher.update(b"float " + struct.pack("<d", value))
        case _:
            raise TypeError(f"expected plain values and tensors, got {type(value).__name__}")


def _bytes(tensor: "Tensor") -> bytes:
    import torch

    held = tensor.untyped_storage().nbytes()
    if tensor.numel() * tensor.element_size() > held:  # by strides of 0, from a hostile file
        raise ValueError(f"expected what the shape {[*tensor.shape]} needs, got {held:,} bytes")
    flat = tensor.detach().cpu().contiguous().flatten()
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
