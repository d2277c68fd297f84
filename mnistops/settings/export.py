"""The settings of an export."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from mnistops.settings.forms import comma_list, split_commas
from mnistops.settings.sections import Section

ExportFormat = Literal["onnx", "pt2", "safetensors"]


class ExportSettings(Section):
    """Export. What a trained network becomes for other tools."""

    to: Annotated[
        tuple[ExportFormat, ...],
        *comma_list(split_commas, f"some of {', '.join(get_args(ExportFormat))}"),
    ] = Field((), description="Formats to write; unset: onnx.")
    normalize: bool = Field(
        False,
        description="Let the graph take pixels in 0..1, a byte divided by 255, and normalise them "
        "itself.",
    )
