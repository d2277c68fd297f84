"""Usage: Typer's complaints about a command line, in our words."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import takewhile
from typing import Any

import typer

from mnistops.errors import UsageError, nearest, suggestion

# The option that somebody may well leave out before its value.
_MEANT = {
    "mnistops validate": "--checkpoint",
    "mnistops demo": "--checkpoint",
    "mnistops data check": "--data-dir",
    "mnistops data fetch": "--data-dir",
}


def usage_error(error: typer.TyperException, arguments: Sequence[str]) -> UsageError:
    """The complaint as ours: what was expected, what there is, what helps."""
    words = takewhile(lambda word: not word.startswith("-"), arguments)
    context = getattr(error, "ctx", None)
    command = context.command_path if context else " ".join(["mnistops", *words])
    hint = f"`{command} --help` shows what it takes"
    option: str | None = getattr(error, "option_name", None)
    said = error.format_message()
    if option is not None and hasattr(error, "possibilities"):
        message = f"{option}: expected an option of `{command}`, got an unknown one"
        near = _near(option, context) or error.possibilities
        near = near or _one_dash_short(option, arguments, context)
        return UsageError(message, _meant(option, near, command, context) or hint)
    if option is not None:
        expected, got = ("no value", "one") if "not take" in said else ("a value", "none")
        return UsageError(f"{option}: expected {expected}, got {got}", hint)
    if context and (match := re.match(r"No such command '(.*)'\.", said, re.DOTALL)):
        message = f"{match[1]}: expected a command of `{command}`, got an unknown one"
        near = suggestion(match[1], context.command.list_commands(context))
        return UsageError(message, near or hint)
    if match := re.match(r"Missing argument '(.*)'", said, re.DOTALL):
        return UsageError(f"{match[1]}: expected a value, got none", hint)
    if match := re.match(r"Got unexpected extra argument\S* \((.*)\)", said, re.DOTALL):
        message = f"`{command}`: expected no further argument, got {match[1]}"
        return UsageError(message, f"{_MEANT[command]} {match[1]}" if command in _MEANT else hint)
    return UsageError(said[:1].lower() + said[1:].rstrip(". "), hint)


def _near(option: str, context: Any) -> list[str]:
    """Typer looks at the spelling alone: of ``--lr`` it makes ``--log``."""
    parameters = context.command.params if context else []
    flags = {flag.removeprefix("--"): flag for item in parameters for flag in item.opts}
    name = nearest(option.removeprefix("--"), flags) if option.startswith("--") else None
    return [flags[name]] if name else []


def _one_dash_short(option: str, arguments: Sequence[str], context: Any) -> list[str]:
    """Options that may be meant by ``-epochs``, of which Typer tells no more than ``-e``."""
    parameters = context.command.params if context else []
    known = [flag for parameter in parameters for flag in parameter.opts]
    words = [word for word in arguments if word.startswith(option) and not word.startswith("--")]
    return [near for word in words for near in get_close_matches(f"-{word}", known, 1, 0.8)]


def _meant(option: str, near: Sequence[str] | None, command: str, context: Any) -> str | None:
    if option == "--network":
        return f"the network is an argument: `{command} NETWORK`"
    if near:
        return f"did you mean {near[0]}?"
    parameters = context.command.params if context else []
    files = any(parameter.param_type_name == "argument" for parameter in parameters)
    if files and not option.startswith("--"):
        return f"a file whose name begins with - is named as ./{option}..."
    return None
