"""Typer options derived from the settings' fields: nothing about an option is written twice."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Concatenate, get_origin

import typer
from pydantic.fields import FieldInfo

from mnistops.cli.completion import completer, networks
from mnistops.errors import UsageError
from mnistops.settings.fields import choices, fields, form, option, sections, value_type, variable
from mnistops.settings.load import Loaded, load_settings
from mnistops.settings.tree import Tree

NETWORK = "network.name"

# Before the name of the option that turns another one off.
OFF = "no__"


def with_settings(
    *sections_or_keys: str, network_argument: bool = False
) -> Callable[[Callable[Concatenate[Loaded, ...], int | None]], Callable[..., int | None]]:
    """Make a Typer command of a function of the loaded settings.

    What else the function takes is the command's own, as Typer has it: what it is about, which is
    no setting.

    Args:
        sections_or_keys: whose settings get an option: ``rf``, ``output.format``.
        network_argument: whether the network's name is the positional argument NETWORK.
    """
    chosen: dict[str, tuple[str, FieldInfo]] = {}
    for key, field in fields():
        if key in sections_or_keys or key.split(".")[0] in sections_or_keys:
            # Where two share an option, as --recipe, it is the first one's.
            chosen.setdefault(option(key, field), (key, field))

    def decorate(
        command: Callable[Concatenate[Loaded, ...], int | None],
    ) -> Callable[..., int | None]:
        _, *own = inspect.signature(command).parameters.values()

        def parsed(config: Path | None = None, debug: bool = False, **given: Any) -> int | None:
            del debug  # `app.run` looks for it in the arguments: an error can come before this
            if network_argument and given[NETWORK.replace(".", "__")] == "":
                raise UsageError("NETWORK: expected a name or a file, got ''")
            arguments = {item.name: given.pop(item.name) for item in own}
            return command(load_settings(_tree(given), config), **arguments)

        parameters = [*own, *_parameters(chosen.values(), network_argument)]
        parsed.__doc__ = command.__doc__
        parsed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        parsed.__annotations__ = {item.name: item.annotation for item in parameters}
        return parsed

    return decorate


def _tree(given: dict[str, Any]) -> Tree:
    """The options that were given, as a tree; those that were not are dropped."""
    tree: Tree = {}
    for name, value in given.items():
        if value is None or value == []:
            continue
        if name.startswith(OFF):
            name, value = name.removeprefix(OFF), False
            if given[name]:
                flag = name.rpartition("__")[2].replace("_", "-")
                raise UsageError(f"--{flag}: expected it or --no-{flag}, got both")
        section, _, key = name.rpartition("__")
        (tree.setdefault(section, {}) if section else tree)[key] = value
    return tree


def _parameters(
    chosen: Iterable[tuple[str, FieldInfo]], network_argument: bool
) -> Iterator[inspect.Parameter]:
    for key, field in chosen:
        kind, info = _typer_option(key, field)
        if network_argument and key == NETWORK:
            kind, info = (
                str | None,
                typer.Argument(
                    metavar="NETWORK",
                    help=_help(key, field),
                    show_default=False,
                    autocompletion=networks,
                ),
            )
        name = key.replace(".", "__")
        yield _parameter(name, kind, info)
        if value_type(field) is bool:
            # By itself, for beside each other in a help text the two leave no room for it.
            info = typer.Option(_negative(key, field), hidden=True)
            yield _parameter(OFF + name, kind, info)
    yield _parameter(
        "config",
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="Settings file (TOML) to read.",
            rich_help_panel="General",
        ),
    )
    yield _parameter(
        "debug",
        bool | None,
        typer.Option(
            "--debug",
            metavar="",
            help="Show the traceback of an error.",
            rich_help_panel="General",
        ),
    )


def _parameter(name: str, kind: Any, info: Any) -> inspect.Parameter:
    annotation = Annotated[kind, info]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )


def _typer_option(key: str, field: FieldInfo) -> tuple[Any, Any]:
    """The option's type and information; values stay text, for the settings to check."""
    flag = option(key, field)
    make = partial(
        typer.Option, help=_help(key, field), show_default=False, rich_help_panel=_panel(key)
    )
    if value_type(field) is bool:
        return bool | None, make(flag, metavar="")
    names = choices(field)
    words = {int: "N", float: "NUMBER", str: "TEXT", Path: "PATH"}
    metavar = "NAME" if names else words.get(value_type(field), "LIST")
    if metavar == "LIST" and form(field).startswith("a whole number"):
        metavar = "N"
    complete = completer(key, field)
    is_list = get_origin(value_type(field)) is tuple
    kind = list[str] | None if is_list else str | None
    return kind, make(flag, metavar=metavar, autocompletion=complete)


def _negative(key: str, field: FieldInfo) -> str:
    return f"--no-{option(key, field)[2:]}"


def _panel(key: str) -> str:
    section = sections().get(key.split(".")[0]) if "." in key else None
    return "General" if section is None else (section.__doc__ or "").split(".")[0]


def _help(key: str, field: FieldInfo) -> str:
    accepts = "" if value_type(field) in (str, Path) else f" ({form(field)})"
    default = field.default
    if isinstance(default, bool):
        accepts, default = f" ({_negative(key, field)}: off)", "on" if default else "off"
    shown = "" if default is None or default == () else f" [default: {default}]"
    text = f"{field.description}{accepts}{shown} [env: {variable(key)}]"
    return text.replace("[", r"\[")  # to the markup of help texts, [env: X] is a style
