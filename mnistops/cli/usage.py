"""Usage: Typer's complaints about a command line, in our words."""

import re
from collections.abc import Sequence
from itertools import takewhile

import typer

from mnistops.errors import UsageError

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
        return UsageError(message, _meant(option, error.possibilities, command) or hint)
    if option is not None:
        expected, got = ("no value", "one") if "not take" in said else ("a value", "none")
        return UsageError(f"{option}: expected {expected}, got {got}", hint)
    if match := re.match(r"No such command '(.*)'\.(?: Did you mean (.*))?", said, re.DOTALL):
        message = f"{match[1]}: expected a command of `{command}`, got an unknown one"
        return UsageError(message, f"did you mean {match[2]}" if match[2] else hint)
    if match := re.match(r"Missing argument '(.*)'", said, re.DOTALL):
        return UsageError(f"{match[1]}: expected a value, got none", hint)
    if match := re.match(r"Got unexpected extra argument\S* \((.*)\)", said, re.DOTALL):
        message = f"`{command}`: expected no further argument, got {match[1]}"
        return UsageError(message, f"{_MEANT[command]} {match[1]}" if command in _MEANT else hint)
    return UsageError(said[:1].lower() + said[1:].rstrip(". "), hint)


def _meant(option: str, near: Sequence[str] | None, command: str) -> str | None:
    if option == "--network":
        return f"the network is an argument: `{command} NETWORK`"
    if near:
        return f"did you mean {near[0]}?"
    if not option.startswith("--"):
        return f"a file whose name begins with - is named as ./{option}..."
    return None
