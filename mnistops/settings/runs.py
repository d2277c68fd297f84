"""The settings of what is done with runs that were."""

from typing import Literal

from pydantic import Field

from mnistops.settings.sections import Section

RunColumn = Literal[
    "begun",
    "run",
    "status",
    "network",
    "parameters",
    "recipe",
    "seed",
    "epochs",
    "accuracy",
    "errors",
    "time",
]


class RunsSettings(Section):
    """Runs. How they are listed."""

    sort: RunColumn = Field(
        "begun",
        description="Column to sort by: the newest begun, the highest accuracy and the most epochs "
        "come first; of the others the lowest.",
    )
