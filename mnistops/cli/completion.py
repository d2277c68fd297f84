"""Completion: the words that may stand where a shell's cursor is; nothing is opened but texts.

Where none fits, the shell goes on with names of files by itself.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import get_args, get_origin

import typer
from pydantic.fields import FieldInfo

from mnistops.errors import MnistopsError
from mnistops.settings.fields import choices, value_type
from mnistops.settings.load import load_settings

Completer = Callable[..., list[str]]

# Others would have to be quoted, which Typer's scripts for the shells do not.
_PLAIN = re.compile(r"[\w./@%+,:~-]+")
MOST_FILES = 500


def networks(context: typer.Context, incomplete: str) -> list[str]:
    """What a network can be named by: built-in, file.toml, file.py:NAME, checkpoint, run folder."""
    files = (name for path in _files(incomplete) for name in _networks_in(path))
    return _plain([*_built_in(), *files, *_saved(context, incomplete)], incomplete)


def checkpoints(context: typer.Context, incomplete: str) -> list[str]:
    """What trained weights can be named by: run folder, checkpoint, built-in network."""
    return _plain([*_built_in(), *_saved(context, incomplete)], incomplete)


def stopped_runs(context: typer.Context, incomplete: str) -> list[str]:
    """The folders of runs that are not done."""
    from mnistops.training.run_folder import run_status

    folders = [folder for folder in _runs(context) if run_status(folder) not in ("done", None)]
    return _plain(map(str, folders), incomplete)


def run_names(context: typer.Context, incomplete: str) -> list[str]:
    """Runs by the names that `mnistops runs list` shows, or as folders."""
    folder = _runs_dir(context)
    runs = _runs(context)
    named = [str(run.relative_to(folder)) for run in runs]
    return _plain([*named, *map(str, runs)], incomplete)


def devices(incomplete: str) -> list[str]:
    """What `--device` takes; a second GPU is known by its number."""
    return _plain(["auto", "cpu", "cuda", "mps"], incomplete)


_COMPLETERS: dict[str, Completer] = {
    "device": devices,
    "network.name": networks,
    "train.init_from": checkpoints,
    "train.resume": stopped_runs,
    "validate.checkpoint": checkpoints,
}


def completer(key: str, field: FieldInfo) -> Completer | None:
    """What completes the option of this setting; None leaves it to the shell."""
    kind = value_type(field)
    if names := choices(field):
        return lambda incomplete: _plain(names, incomplete)
    if get_origin(kind) is tuple and (items := get_args(get_args(kind)[0])):
        return lambda incomplete: _of_list(items, incomplete)
    return _COMPLETERS.get(key)


def _of_list(items: Sequence[str], incomplete: str) -> list[str]:
    """``a,b`` and what may follow: each item once."""
    before, comma, _ = incomplete.rpartition(",")
    left = [item for item in items if isinstance(item, str) and item not in before.split(",")]
    return _plain([before + comma + item for item in left], incomplete)


def _plain(words: Iterable[str], incomplete: str) -> list[str]:
    fitting = [word for word in words if word.startswith(incomplete) and _PLAIN.fullmatch(word)]
    return [*dict.fromkeys(fitting)]


def _built_in() -> list[str]:
    from mnistops.networks.zoo import ZOO

    return [*ZOO]


def _runs_dir(context: typer.Context) -> Path:
    given = context.params.get("output__runs_dir")
    if isinstance(given, str):
        return Path(given)
    with suppress(MnistopsError):
        return load_settings().settings.output.runs_dir
    return Path("runs")


def _runs(context: typer.Context) -> list[Path]:
    from mnistops.runs.listing import list_runs

    with suppress(MnistopsError):
        return [run.folder for run in list_runs(_runs_dir(context), "begun")]
    return []


def _saved(context: typer.Context, incomplete: str) -> Iterator[str]:
    """Run folders, and checkpoints in them or where the word leads."""
    folders = _runs(context)
    yield from map(str, folders)
    for folder in folders:
        yield from map(str, sorted(folder.glob("*.pt")))
    yield from (str(path) for path in _files(incomplete) if path.suffix == ".pt")


def _files(incomplete: str) -> list[Path]:
    """Files that the word may become, and those of the folders that it may become."""
    parent = Path(incomplete if incomplete.endswith("/") else Path(incomplete).parent)
    found: list[Path] = []
    with suppress(OSError):
        for path in sorted(parent.iterdir()):
            if path.name.startswith(".") or not str(path).startswith(incomplete.partition(":")[0]):
                continue
            found += sorted(path.iterdir()) if path.is_dir() else [path]
    return found[:MOST_FILES]


def _networks_in(path: Path) -> list[str]:
    """The names of the networks in a file; of one in Python, which is not run, of its classes."""
    try:
        if path.suffix == ".toml":
            return [str(path)] if "[[blocks]]" in path.read_text(encoding="utf-8") else []
        if path.suffix == ".py":
            body = ast.parse(path.read_bytes()).body
            classes = [item for item in body if isinstance(item, ast.ClassDef)]
            return [f"{path}:{item.name}" for item in classes if _is_module(item)]
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        pass
    return []


def _is_module(item: ast.ClassDef) -> bool:
    """Whether it is a torch module, as far as its own line tells."""
    return any(ast.unparse(base).endswith("Module") for base in item.bases)
