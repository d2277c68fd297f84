"""Every command that there is, as the words that name it."""

from collections.abc import Iterator

from typer.core import TyperGroup
from typer.main import get_command

from mnistops.cli.app import app


def all_commands() -> Iterator[tuple[str, ...]]:
    """``("rf",)``, ``("runs",)``, ``("runs", "list")``, ..."""
    yield from _below(get_command(app))  # type: ignore[arg-type]


def _below(group: TyperGroup) -> Iterator[tuple[str, ...]]:
    for name in group.list_commands(None):  # type: ignore[arg-type]
        yield (name,)
        found = group.get_command(None, name)  # type: ignore[arg-type]
        if isinstance(found, TyperGroup):
            yield from ((name, *words) for words in _below(found))
