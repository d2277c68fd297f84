"""``mnistops config show|init|schema``."""

from pathlib import Path
from typing import Annotated

import typer

from mnistops.cli.options import with_settings
from mnistops.errors import CannotCreate
from mnistops.report.console import write
from mnistops.report.grid import to_json
from mnistops.report.publish import publish
from mnistops.report.settings import commented_toml, settings_report, settings_schema
from mnistops.settings import Loaded
from mnistops.settings.fields import sections


@with_settings("device", "seed", *sections())
def show(loaded: Loaded) -> None:
    """Show every setting, its value and where that came from."""
    publish(settings_report(loaded), loaded.settings.output.format)


def init(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="File to make; standard output if left out."),
    ] = None,
) -> None:
    """Write a settings file to start from, every line explained and commented out."""
    if file is None:
        write(commented_toml())
        return
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(commented_toml() + "\n")
    except FileExistsError:
        raise CannotCreate(
            f"{file}: expected a new file, got a path that exists", "name another file"
        ) from None
    except OSError as error:
        raise CannotCreate(f"{file}: expected to make it, got: {error.strerror}") from None


def schema() -> None:
    """Write the JSON schema of a settings file."""
    write(to_json(settings_schema()))
