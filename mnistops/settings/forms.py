"""Forms of settings: what a field is called on the command line, and lists as people write them."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field


@dataclass(frozen=True)
class Flag:
    """The option of a field whose own name would not say enough on the command line."""

    name: str


@dataclass(frozen=True)
class Form:
    """What a field accepts, in words, where its type alone would not say it."""

    words: str


def split_commas(value: object) -> object:
    """Read ``a,b``, or an option given several times, as one list."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        value = ",".join(value)
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def split_not_at_all(value: object) -> object:
    """Read a text as a list of that one, for its commas are its own."""
    return [value] if isinstance(value, str) else value


def split_numbers(value: object) -> object:
    """Read ``1,2`` or ``[1, 2]`` or one number as a list, and leave the rest to the type."""
    if isinstance(value, str):
        value = value.strip().removeprefix("[").removesuffix("]")
    if isinstance(value, int):
        value = [value]
    if isinstance(value, list) and any(isinstance(item, bool) for item in value):
        raise ValueError("true or false is no item of this list")
    return split_commas(value)


def comma_list(split: Callable[[object], object], words: str) -> tuple[object, ...]:
    """The annotations of a field that is a list, split by ``split`` from what a person writes."""
    return (BeforeValidator(split), Form(words))


_SUFFIXES = {"k": 10**3, "m": 10**6, "g": 10**9}


def read_count(value: object) -> object:
    """Read ``2M`` as 2,000,000 and ``1.5k`` as 1,500, and leave the rest to the type."""
    text = value.strip().lower() if isinstance(value, str) else ""
    number, factor = text[:-1], _SUFFIXES.get(text[-1:])
    if factor is None:
        return value
    try:
        return Decimal(number) * factor
    except ArithmeticError:  # no number, or one beyond all bounds
        return value


COUNT = Form("a whole number, as 8000, 8k or 2M")
Count = Annotated[int, BeforeValidator(read_count), Field(le=2**63 - 1)]

Positive = Annotated[int, Field(ge=1, le=65536)]
