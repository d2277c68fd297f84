"""``mnistops config show|init|schema``."""

from pathlib import Path
from typing import Annotated

import typer

from mnistops.cli.groups import make_group
from mnistops.cli.options import with_settings
from mnistops.errors import CannotCreate
from mnistops.report.console import write
from mnistops.settings import Loaded
from mnistops.settings.fields import sections

config = make_group("Show the settings, or write a file of them to start from.")


@config.command("show")
@with_settings("device", "seed", *sections())
def show(loaded: Loaded) -> None:
    """Show every setting, its value and where that came from."""
    # Imported here, as below: the help of all commands need not wait for them.
    from mnistops.report.publish import publish
    from mnistops.report.settings import settings_report

    publish(settings_report(loaded), loaded.settings.output.format)


@config.command("init")
def init(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="File to make; standard output if left out."),
    ] = None,
) -> None:
    """Write a settings file to start from, every line explained and commented out."""
    from mnistops.report.settings import commented_toml

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


@config.command("schema")
def schema() -> None:
    """Write the JSON schema of a settings file."""
    from mnistops.report.grid import to_json
    from mnistops.report.settings import settings_schema

    write(to_json(settings_schema()))
