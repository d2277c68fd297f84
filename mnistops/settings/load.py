"""Where the values come from, which wins, and what is said when one is wrong.

Command line > ``MNISTOPS_*`` environment > settings file > recipe > defaults. The settings file is
the one that ``--config`` names, else ``mnistops.toml``, else ``[tool.mnistops]`` in
``pyproject.toml``, both in the working folder.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from mnistops.errors import MissingInput, UsageError, shown, suggestion
from mnistops.settings.fields import PREFIX, fields, form, option, sections, value_of, variable
from mnistops.settings.tree import Settings, Tree, deep_merge, recipe_of
from mnistops.toml import expect_bounds, read_toml

COMMAND_LINE = "command line"
ENVIRONMENT = "environment"
RECIPE = "recipe"
DEFAULT = "default"

_LIST_SETTINGS = "`mnistops config show` lists the settings"


@dataclass(frozen=True)
class Loaded:
    """Settings, and where each value came from.

    Attributes:
        sources: by dotted key: ``command line``, ``environment`` and the variable, the file,
            ``recipe NAME`` or ``default``.
    """

    settings: Settings
    sources: Mapping[str, str]

    def on_command_line(self) -> dict[str, object]:
        """The values that the command line gave, by dotted key."""
        given = (key for key, source in self.sources.items() if source == COMMAND_LINE)
        return {key: value_of(self.settings, key) for key in given}

    def own_dropout(self) -> float | None:
        """``network.dropout`` for a look at the network as it is: a recipe's is for training."""
        is_recipes = self.sources["network.dropout"].startswith(RECIPE)
        return None if is_recipes else self.settings.network.dropout


def load_settings(command_line: Tree | None = None, config_file: Path | None = None) -> Loaded:
    """Read every layer, the higher over the lower, and check the result.

    Args:
        command_line: the options that were given, none that were not.
        config_file: the file that ``--config`` names.

    Raises:
        UsageError: an unknown key or variable, a malformed file, a value out of its bounds.
        MissingInput: ``config_file`` does not exist.
    """
    layers = [
        (COMMAND_LINE, command_line or {}),
        (ENVIRONMENT, _read_environment()),
        *_read_file(config_file),
    ]
    given: Tree = {}
    for _, values in reversed(layers):
        given = deep_merge(given, values)
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise _explain(error, layers) from None
    recipe, preset = recipe_of(given)
    layers.append((f"{RECIPE} {recipe}", preset))
    return Loaded(settings, {key: _source(key, layers) for key, _ in fields()})


def _read_environment() -> Tree:
    known = {variable(key) for key in [*dict(fields()), *sections()]}
    given = [name for name in os.environ if name.upper().startswith(PREFIX)]
    for name in given:
        if name.upper() not in known:
            # Compared without the prefix, which would make all names alike.
            word = name.upper().removeprefix(PREFIX)
            near = suggestion(word, [item.removeprefix(PREFIX) for item in known])
            raise UsageError(
                f"{name}: expected the variable of a setting, got an unknown name",
                near.replace("'", f"'{PREFIX}", 1) if near else _LIST_SETTINGS,
            )
    if not given:
        return {}
    # Imported here: it loads a library that takes as long as all else of the settings.
    from pydantic_settings import SettingsError

    from mnistops.settings.environment import Environment

    try:
        values = dict(Environment(PREFIX)())
        expect_bounds(values)
        return values
    except SettingsError as error:
        # Only a section is read as JSON; the message quotes its name.
        section = str(error).split('"')[1]
        key = next(key for key, _ in fields() if key.startswith(f"{section}."))
        raise UsageError(
            f"{variable(section)}: expected the section as JSON, got: {error.__cause__}",
            f"set its values one by one, as {variable(key)}",
        ) from None
    except (RecursionError, ValueError):
        raise UsageError(
            f"{PREFIX}*: expected settings, got too much in one of them", _LIST_SETTINGS
        ) from None


def _read_file(config_file: Path | None) -> Iterator[tuple[str, Tree]]:
    """The settings file in force, as (name, values); nothing if there is none."""
    # pathlib raises for a name that is too long.
    if config_file is not None and not os.path.isfile(config_file):  # noqa: PTH113
        raise MissingInput(
            f"--config {config_file}: expected a TOML file, got no such file",
            "`mnistops config init` prints one to start from",
        )
    path = config_file or Path("mnistops.toml")
    if path.is_file():
        yield str(path), _parse(path)
    elif _mentions_us(path := Path("pyproject.toml")):
        tool = _parse(path).get("tool")
        table = tool.get("mnistops") if isinstance(tool, dict) else None
        yield "pyproject.toml", table if isinstance(table, dict) else {}


def _mentions_us(path: Path) -> bool:
    """Whether it may have a table of ours; any other file is not looked into, sound or not."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return any(b"mnistops" in line for line in file)
    except OSError:
        return True  # and `_parse` tells why it cannot be read


def _parse(path: Path) -> Tree:
    try:
        return read_toml(path)
    except OSError as error:
        raise MissingInput(f"{path}: expected a readable file, got: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{path}: expected TOML, got {error}") from None


def _explain(error: ValidationError, layers: list[tuple[str, Tree]]) -> UsageError:
    """The first mistake, named as the user wrote it."""
    detail = error.errors()[0]
    key = ".".join(
        str(part) for part in detail["loc"][: 2 if detail["loc"][0] in sections() else 1]
    )
    known = dict(fields())
    source = _source(key, layers)
    where = f"{source}: {key:.80}"
    if source == COMMAND_LINE and key in known:
        where = option(key, known[key])
    elif source.startswith(ENVIRONMENT):
        where = source.removeprefix(ENVIRONMENT).strip()
    if key in known:
        return UsageError(f"{where}: expected {form(known[key])}, got {shown(_given(key, layers))}")
    if key in sections():
        return UsageError(
            f"{where}: expected a table of settings, got {shown(_given(key, layers))}"
        )
    return _unknown(where, key)


def _unknown(where: str, key: str) -> UsageError:
    return UsageError(
        f"{where}: expected a setting, got an unknown key",
        suggestion(key, [*dict(fields()), *sections()]) or _LIST_SETTINGS,
    )


def _source(key: str, layers: list[tuple[str, Tree]]) -> str:
    """The name of the highest layer that sets ``key``."""
    for name, values in layers:
        if _find(key, values) is not _ABSENT:
            if name != ENVIRONMENT:
                return name
            set_variables = {item.upper() for item in os.environ}
            name = variable(key if variable(key) in set_variables else key.split(".")[0])
            return f"{ENVIRONMENT} {name}"
    return DEFAULT


def _given(key: str, layers: list[tuple[str, Tree]]) -> object:
    """The raw value of ``key`` in the highest layer that sets it."""
    found = (_find(key, values) for _, values in layers)
    value = next((value for value in found if value is not _ABSENT), None)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return value


_ABSENT = object()


def _find(key: str, values: Tree) -> object:
    found: object = values
    for part in key.split("."):
        if not isinstance(found, dict) or part not in found:
            return _ABSENT
        found = found[part]
    return found
