"""The settings of a look at a network: what it is, and what its layers see."""

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field

from mnistops.settings.forms import COUNT, Count, Positive, comma_list, split_commas, split_numbers
from mnistops.settings.sections import Section

SummaryColumn = Literal[
    "layer",
    "path",
    "output",
    "params",
    "params-share",
    "mult-adds",
    "mult-adds-share",
    "connected-to",
]


class SummarySettings(Section):
    """Summary. How it looks."""

    style: Literal["table", "torchsummary"] = Field(
        "table", description="Our table, or torchsummary's, byte for byte."
    )
    depth: int | None = Field(
        None,
        ge=1,
        description="In our style, one row for each module so many steps down, with all in it; "
        "unset: a row for every layer.",
    )
    columns: Annotated[
        tuple[SummaryColumn, ...],
        *comma_list(split_commas, f"some of {', '.join(get_args(SummaryColumn))}"),
    ] = Field(
        (), description="Columns of the table; unset: all but connected-to, as far as they fit."
    )
    max_params: Annotated[Count | None, COUNT] = Field(
        None, ge=0, description="Exit with 1 when the network has more parameters."
    )
    max_mult_adds: Annotated[Count | None, COUNT] = Field(
        None, ge=0, description="Exit with 1 when one image takes more multiply-adds."
    )
    max_kb: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Exit with 1 when the parameters take more KiB (1024 bytes), by their type.",
    )


class RfSettings(Section):
    """Receptive fields. What they are, and would be with another dilation."""

    dilation: Annotated[
        tuple[Positive, ...],
        *comma_list(split_numbers, "whole numbers from 1 to 65536, as 2 or 1,2"),
    ] = Field(
        (),
        description="What if the selected layers had this dilation? Give it several times "
        "(or as 1,2) to compare.",
    )
    layers: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        *comma_list(split_commas, "path patterns, as convblock5 or 'conv*,pool?'"),
    ] = Field(
        (),
        description="Paths of the layers to change, or of modules around them; *, ? and [12] "
        "are wildcards; unset: the layers that are dilated in the network.",
    )
    keep_size: bool = Field(
        False, description="Re-pad the selected layers so that each keeps the size of its input."
    )
    all_layers: bool = Field(
        False, description="A row for every layer, not only where field or size can change."
    )
    unit: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...],
        *comma_list(split_numbers, "row,column of a unit from 0, as 0,0"),
    ] = Field((), description="Also the field of this unit of each layer, in pixels of the input.")
    covers: bool = Field(
        False, description="Name the first layer that sees the whole input, and nothing else."
    )
    verify: bool = Field(
        False,
        description="Hold every row against gradients of the network itself; 1 if one differs.",
    )
    strict: bool = Field(
        False, description="Exit with 1 when the status of a row is bound or unsupported."
    )
    plot: Path | None = Field(
        None, description="Also draw the fields over a real digit, into this PNG file."
    )
