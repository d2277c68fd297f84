"""Parts of a checkpoint beside its weights: whoever wrote them, they are what they must be."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mnistops.data.normalization import SEED_NORMALIZATION, Normalization
from mnistops.errors import BadInput

LONGEST_CLASS_NAME = 255
"""Letters; no folder's name has more."""


def section_of(path: Path, values: Mapping[Any, Any], name: str) -> dict[str, Any] | None:
    """Values by name; None where there are none.

    Raises:
        BadInput: it is something else.
    """
    held = values.get(name)
    if held is not None and not isinstance(held, dict):
        raise BadInput(f"{path}: expected {name} by name, got {held!r:.80}")
    return held


def normalization_of(path: Path, held: object) -> Normalization:
    """That of the images; the original code's where there is none.

    Raises:
        BadInput: it is something else.
    """
    if held is None:
        return SEED_NORMALIZATION
    if isinstance(held, dict) and set(held) == {"mean", "std"}:
        mean, std = held["mean"], held["std"]
        are_floats = isinstance(mean, float) and isinstance(std, float)
        if are_floats and math.isfinite(mean) and 0 < std < math.inf:
            return Normalization(mean, std)
    raise BadInput(f"{path}: expected a mean and a positive std of pixels, got {held!r:.80}")


def class_names_of(path: Path, held: object) -> tuple[str, ...] | None:
    """Names, all different, of one line each; None where there are none.

    Raises:
        BadInput: it is something else.
    """
    if held is None:
        return None
    names = held if isinstance(held, list) else []
    are_names = all(isinstance(name, str) and _is_name(name) for name in names)
    if names and are_names and len(set(names)) == len(names):
        return tuple(names)
    raise BadInput(f"{path}: expected the names of classes, got {held!r:.80}")


def _is_name(text: str) -> bool:
    return text.isprintable() and 0 < len(text) <= LONGEST_CLASS_NAME
