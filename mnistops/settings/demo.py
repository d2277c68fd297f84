"""The settings of a demo."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from mnistops.settings.forms import Flag
from mnistops.settings.sections import Section


class DemoSettings(Section):
    """Demo. The page on which one draws."""

    file: Annotated[Path | None, Flag("--out")] = Field(
        None,
        description="File to write, as x.html, or a folder for demo.html; unset: the run's own, "
        "else a new one in the runs folder.",
    )
