"""The settings of what is done with pictures of one's own."""

from pathlib import Path

from pydantic import Field

from mnistops.settings.sections import Section


class PredictSettings(Section):
    """Prediction. What a network makes of pictures."""

    show: Path | None = Field(
        None, description="Folder for what the network sees of each picture, enlarged, as PNG."
    )
