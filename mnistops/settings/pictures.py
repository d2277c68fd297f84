"""The settings of what is done with pictures of one's own."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from mnistops.settings.forms import comma_list, split_not_at_all
from mnistops.settings.sections import Section


class PredictSettings(Section):
    """Prediction. Which pictures, and what the network sees of them."""

    images: Annotated[
        tuple[Path, ...], *comma_list(split_not_at_all, "paths of pictures, as photo.jpg")
    ] = Field((), description="Pictures of one digit each: PNG, JPEG, BMP, GIF or WebP.")
    show: Path | None = Field(
        None, description="Folder for what the network sees of each picture, enlarged, as PNG."
    )
