"""The names of each setting (key, option, environment variable) and what it accepts, in words."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from mnistops.settings.forms import Flag, Form
from mnistops.settings.sections import Section
from mnistops.settings.tree import Settings

PREFIX = "MNISTOPS_"

# The attributes of pydantic's bounds, in words.
_BOUNDS = {"ge": "from", "gt": "above", "le": "up to", "lt": "below"}


def sections() -> dict[str, type[Section]]:
    """The sections of the tree by name."""
    return {
        name: field.annotation
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    }


def fields() -> Iterator[tuple[str, FieldInfo]]:
    """Every setting as (dotted key, field), in the order of the tree: ``train.epochs``, ..."""
    for name, field in Settings.model_fields.items():
        section = sections().get(name)
        if section is None:
            yield name, field
        else:
            for key, leaf in section.model_fields.items():
                yield f"{name}.{key}", leaf


def option(key: str, field: FieldInfo) -> str:
    """The command-line option of a setting: ``train.batch_size`` has ``--batch-size``."""
    named = next((item.name for item in field.metadata if isinstance(item, Flag)), None)
    return named or "--" + key.split(".")[-1].replace("_", "-")


def variable(key: str) -> str:
    """The environment variable of a setting: ``train.epochs`` has ``MNISTOPS_TRAIN__EPOCHS``."""
    return PREFIX + key.replace(".", "__").upper()


def value_of(settings: Settings, key: str) -> Any:
    """The value of the setting with this dotted key."""
    value: Any = settings
    for name in key.split("."):
        value = getattr(value, name)
    return value


def value_type(field: FieldInfo) -> Any:
    """The type of a field's value when it is set: ``int | None`` is ``int``."""
    members = [kind for kind in get_args(field.annotation) if kind is not type(None)]
    is_optional = type(None) in get_args(field.annotation)
    return members[0] if is_optional else field.annotation


def choices(field: FieldInfo) -> tuple[str, ...]:
    """The values a field chooses from; empty where it is free."""
    kind = value_type(field)
    return get_args(kind) if get_origin(kind) is Literal else ()


def form(field: FieldInfo) -> str:
    """What a field accepts, in words: ``a whole number from 1``, ``true or false``, ..."""
    for item in field.metadata:
        if isinstance(item, Form):
            return item.words
    if names := choices(field):
        return f"{', '.join(names[:-1])} or {names[-1]}"
    words = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        Path: "a path",
        str: "text",
    }[value_type(field)]
    bounds = [
        f" {word} {limit}"
        for item in field.metadata
        for name, word in _BOUNDS.items()
        if (limit := getattr(item, name, None)) is not None
    ]
    return words + "".join(bounds)
