"""TOML as Python reads it, within bounds that Python does not set."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LARGEST = 1 << 18
"""The most bytes, or characters, that are read."""

_TOO_LONG = f"more than {LARGEST:,} bytes"
# A dotted key takes Python the square of its length: of 64 KiB, a minute.
_MOST_DOTS = 1000
_MOST_VALUES = 100_000
_DEEPEST = 20
_DEEP = "too many brackets within brackets"


def read_toml(path: Path) -> dict[str, Any]:
    """The values in a file.

    Raises:
        OSError: it cannot be read.
        ValueError: as of `parse_toml`.
    """
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(_TOO_LONG)
    try:
        return parse_toml(data.decode())
    except UnicodeDecodeError as error:
        raise ValueError(f"no UTF-8 text, at byte {error.start}") from None


def parse_toml(text: str) -> dict[str, Any]:
    """The values in a text.

    Raises:
        ValueError: it is no TOML, or goes beyond a bound; ``expected TOML, got`` and the message
            tell which, in one line.
    """
    if len(text) > LARGEST:
        raise ValueError(_TOO_LONG)
    if any(line.count(".") > _MOST_DOTS for line in text.split("\n")):
        raise ValueError(f"more than {_MOST_DOTS:,} dots in a line")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"a malformed file: {error!s:.200}") from None
    except RecursionError:
        raise ValueError(_DEEP) from None
    except ValueError:  # Python reads no more than 4,300
        raise ValueError("a number of too many digits") from None
    expect_bounds(values)
    return values


def expect_bounds(values: object) -> None:
    """Raises ValueError where values are more, or deeper in each other, than any that are meant.

    Or greater whole numbers than TOML has. Nobody could look through them, or even print them.
    """
    level = [values]
    for _ in range(_DEEPEST):
        level = [child for value in level for child in _inside(value)]
        if not level:
            return
        if len(level) > _MOST_VALUES:
            raise ValueError(f"more than {_MOST_VALUES:,} values")
        if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in level):
            raise ValueError("a whole number beyond 64 bits")
    raise ValueError(_DEEP)


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple) else ()
