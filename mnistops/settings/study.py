"""The settings of a study, which vary other settings."""

from pathlib import Path
from typing import Annotated, get_args

from pydantic import Field

from mnistops.settings.forms import comma_list, split_commas, split_not_at_all
from mnistops.settings.sections import Recipe, Section


class StudySettings(Section):
    """Study. Groups of runs, the same seeds in each."""

    seeds: int = Field(10, ge=1, description="Runs of each group: --seed, the next one, and so on.")
    recipe: Annotated[
        tuple[Recipe, ...],
        *comma_list(split_commas, f"some of {', '.join(get_args(Recipe))}"),
    ] = Field((), description="A group for each of these recipes; unset: the one of training.")
    vary: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[^=,]+=[^,]+(,[^,]+)*$")], ...],
        *comma_list(split_not_at_all, "KEY=VALUE,VALUE, as train.learning_rate=0.1,0.3"),
    ] = Field(
        (),
        description="A group for each of these values of a setting of network, train or data; "
        "several make one for each combination.",
    )
    workers: int | None = Field(
        None, ge=1, description="Runs at a time; unset: one for each core, and one on a GPU."
    )
    dir: Path | None = Field(
        None,
        description="The study's own folder; one that was stopped goes on there; unset: a new one "
        "in the runs folder.",
    )
