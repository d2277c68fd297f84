"""TOML as Python reads it, within bounds that Python does not set."""

import tomllib
from pathlib import Path
from typing import Any

LARGEST = 1 << 18
"""The most bytes, or characters, that are read."""

_TOO_LONG = f"more than {LARGEST:,} bytes"
# A dotted key takes Python the square of its length: of 64 KiB, a minute.
_MOST_DOTS = 1000


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
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"a malformed file: {error}") from None
    except RecursionError:
        raise ValueError("too many brackets within brackets") from None
    except ValueError:  # Python reads no more than 4,300
        raise ValueError("a number of too many digits") from None
