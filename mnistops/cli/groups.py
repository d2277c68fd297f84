"""Groups of commands; those of the tool itself are imported when they are asked for.

``mnistops summary`` need not wait for what ``mnistops train`` is made of.
"""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from mnistops.cli.examples import epilog
from mnistops.report.console import write


def make_group(about: str) -> typer.Typer:
    """A group of commands, still empty, that shows its help when none of them is named."""
    group = typer.Typer(help=about, rich_markup_mode="rich", add_completion=False)
    group.callback(invoke_without_command=True)(show_help)
    return group


def show_help(context: typer.Context) -> None:
    """Show the help of a group where no command of it is named."""
    if context.invoked_subcommand is None:
        write(context.get_help())


def commands_of(*names: str) -> type[TyperGroup]:
    """The group of these commands, each what a module of its name has under its name."""

    class Commands(TyperGroup):
        def list_commands(self, ctx: object) -> list[str]:
            del ctx
            return [*names]

        def get_command(self, ctx: object, cmd_name: str) -> Any:
            del ctx
            if cmd_name in names and cmd_name not in self.commands:
                self.commands[cmd_name] = _import_command(cmd_name)
            return self.commands.get(cmd_name)

        def get_params(self, ctx: Any) -> Any:
            return _without_types(super().get_params(ctx))

    return Commands


def _without_types(parameters: list[Any]) -> list[Any]:
    """The parameters; where Typer's help marks one with a type of Python's, it no longer does."""
    for parameter in parameters:
        if getattr(parameter, "metavar", None) is None or parameter.param_type_name == "argument":
            parameter.display_type_rich = lambda *_, **__: None
    return parameters


def _show_no_types(command: Any) -> None:
    made = command.get_params
    command.get_params = lambda ctx: _without_types(made(ctx))


def _import_command(name: str) -> Any:
    module = name.replace("-", "_")
    group = found = getattr(import_module(f"mnistops.cli.{module}"), module)
    if not isinstance(found, typer.Typer):
        group = typer.Typer(rich_markup_mode="rich", add_completion=False)
        group.command()(found)
    command = get_command(group)
    command.name = name
    _show_no_types(command)
    if isinstance(command, TyperGroup):
        for each, below in command.commands.items():
            below.epilog = epilog(f"{name} {each}")
            _show_no_types(below)
    else:
        command.epilog = epilog(name)
    return command
