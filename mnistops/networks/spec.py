"""A network as data: named blocks in a chain, written by hand in TOML.

Sizes are in pixels, pairs are (height, width), and one number stands for a pair of it.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    field_validator,
    model_validator,
)

from mnistops.errors import BadInput, UsageError, shown, suggestion
from mnistops.toml import expect_bounds, parse_toml


def _as_pair(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value, value)


def _as_number(pair: object) -> object:
    """One number for a pair of it, as a person would write it."""
    return pair[0] if isinstance(pair, tuple) and pair[0] == pair[1] else pair


# The bounds keep a hostile file from asking for more than any arithmetic here should do.
Count = Annotated[int, Field(strict=True, ge=1, le=65536)]
Pair = Annotated[tuple[Count, Count], BeforeValidator(_as_pair), PlainSerializer(_as_number)]
Margin = Annotated[int, Field(strict=True, ge=0, le=65536)]
Padding = Annotated[tuple[Margin, Margin], BeforeValidator(_as_pair), PlainSerializer(_as_number)]
Activation = Literal["relu", "leaky_relu", "silu", "gelu", "none"]


ImageSize = tuple[int, int, int]
"""Channels, height and width of one image, in pixels."""

MNIST_SIZE: ImageSize = (1, 28, 28)


def image_size(sizes: Sequence[int] | None) -> ImageSize | None:
    """Sizes as those of an image; None stays None.

    Raises:
        UsageError: they have another number of axes, as only networks in Python can take.
    """
    match sizes:
        case None:
            return None
        case (channels, height, width):
            return (channels, height, width)
        case _:
            raise UsageError(
                "--input-size: expected channels,height,width, got " + ",".join(map(str, sizes))
            )


class Frozen(BaseModel):
    """Data that never changes and knows all its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Block(Frozen):
    """One named step of the chain; its name begins its parameters' keys."""

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)


class Conv(Block):
    """Convolution, then batch norm, activation and dropout as far as they are asked for.

    Its modules stand in a sequence in that order: ``NAME.0`` is the convolution.
    """

    type: Literal["conv"] = "conv"
    out_channels: Count
    kernel_size: Pair = (3, 3)
    stride: Pair = (1, 1)
    padding: Literal["same"] | Padding = (0, 0)
    dilation: Pair = (1, 1)
    groups: Count = 1
    bias: bool = False
    norm: Literal["batch", "none"] = "batch"
    activation: Activation = "relu"
    dropout: bool = True

    @model_validator(mode="after")
    def _same_needs_stride_1(self) -> Self:
        if self.padding == "same" and self.stride != (1, 1):
            raise ValueError(f"expected stride 1 with padding 'same', got {self.stride}")
        return self


class Pool(Block):
    """What max and average pooling have in common; the stride is the kernel's size if unset."""

    kernel_size: Pair
    stride: Pair | None = None
    padding: Padding = (0, 0)
    ceil_mode: bool = False

    @model_validator(mode="after")
    def _padding_fits_kernel(self) -> Self:
        if any(2 * p > k for p, k in zip(self.padding, self.kernel_size, strict=True)):
            raise ValueError(
                f"expected a padding of at most half the kernel {self.kernel_size}, "
                f"got {self.padding}"
            )
        return self


class MaxPool(Pool):
    """The largest value under the window."""

    type: Literal["max_pool"] = "max_pool"
    dilation: Pair = (1, 1)


class AvgPool(Pool):
    """The mean under the window, padding counted."""

    type: Literal["avg_pool"] = "avg_pool"


class GlobalAvgPool(Block):
    """The mean over the whole extent, one unit per channel."""

    type: Literal["global_avg_pool"] = "global_avg_pool"


class Linear(Block):
    """Flatten, a fully connected layer, then activation and dropout as far as asked for."""

    type: Literal["linear"] = "linear"
    out_features: Count
    bias: bool = True
    activation: Activation = "none"
    dropout: bool = False


AnyBlock = Annotated[Conv | MaxPool | AvgPool | GlobalAvgPool | Linear, Field(discriminator="type")]


class NetworkSpec(Frozen):
    """A chain of named blocks, and what enters and leaves it.

    Attributes:
        input_size: channels, height and width of one image.
        dropout: probability of every dropout layer.
        output: what the network returns for each image, of shape (N, classes).
    """

    name: str = Field(min_length=1, max_length=100)
    input_size: tuple[Count, Count, Count] = MNIST_SIZE
    dropout: float = Field(0.0, strict=True, ge=0, lt=1, allow_inf_nan=False)
    output: Literal["log_softmax", "logits"] = "log_softmax"
    blocks: tuple[AnyBlock, ...] = Field(min_length=1, max_length=200)

    @field_validator("name")
    @classmethod
    def _name_is_one_line(cls, name: str) -> str:
        if not name.isprintable():
            raise ValueError(f"expected printable text on one line, got {name!r}")
        return name

    @field_validator("blocks")
    @classmethod
    def _names_differ(cls, blocks: tuple[AnyBlock, ...]) -> tuple[AnyBlock, ...]:
        name, count = Counter(block.name for block in blocks).most_common(1)[0]
        if count > 1:
            raise ValueError(f"expected different block names, got {name!r} {count} times")
        return blocks

    @classmethod
    def from_toml(cls, text: str, origin: str) -> Self:
        """Read a network from TOML.

        Args:
            origin: where the text is from; errors begin with it.

        Raises:
            BadInput: not TOML, or not a network in this vocabulary.
        """
        try:
            values = parse_toml(text)
        except ValueError as error:
            raise BadInput(f"{origin}: expected TOML, got {error}") from None
        return cls.from_values(values, origin)

    @classmethod
    def from_values(cls, values: object, origin: str) -> Self:
        """Read a network from nested dictionaries, as TOML and checkpoints hold it.

        Raises:
            BadInput: not a network in this vocabulary.
        """
        try:
            expect_bounds(values)
            return cls.model_validate(values)
        except ValidationError as error:
            raise _explain(error, values, origin) from None
        except ValueError as error:
            raise BadInput(f"{origin}: expected a network, got {error}") from None

    def to_values(self) -> dict[str, Any]:
        """The network as plain nested dictionaries; `from_values` reads them back."""
        return self.model_dump(mode="json", exclude_none=True)

    def changed(self, input_size: ImageSize | None = None, dropout: float | None = None) -> Self:
        """The network for another input or with another dropout; None keeps its own.

        Raises:
            BadInput: out of bounds.
        """
        changes = {"input_size": input_size, "dropout": dropout}
        given = {key: value for key, value in changes.items() if value is not None}
        return self.from_values({**self.to_values(), **given}, self.name)

    def with_outputs(self, num_classes: int) -> Self:
        """The network with so many outputs: its last block that has weights gives as many.

        Raises:
            BadInput: out of bounds, or the network has no such block.
        """
        values = self.to_values()
        for block in reversed(values["blocks"]):
            for key in ("out_channels", "out_features"):
                if key in block:
                    block[key] = num_classes
                    return self.from_values(values, self.name)
        raise BadInput(f"{self.name}: expected a conv or linear block to end with, got none")

    def to_toml(self) -> str:
        """The network as TOML; `from_toml` reads it back."""
        import tomli_w

        return tomli_w.dumps(self.to_values())


_TYPES: dict[str, type[Block]] = {
    kind.model_fields["type"].default: kind for kind in get_args(get_args(AnyBlock)[0])
}
_PAIRS = {"kernel_size": "from 1", "stride": "from 1", "dilation": "from 1", "padding": "from 0"}


def _explain(error: ValidationError, values: object, origin: str) -> BadInput:
    """The first mistake, named by block and key; a misspelt key before what it left unset."""
    detail = min(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
    place, keys = _locate(detail["loc"], values)
    where = f"{origin}: {place}"
    match detail["type"]:
        case "extra_forbidden":
            hint = suggestion(str(detail["loc"][-1]), keys) or f"known here: {', '.join(keys)}"
            return BadInput(f"{where}: expected a known key, got an unknown one", hint)
        case "union_tag_invalid" | "union_tag_not_found":
            got = detail["input"].get("type", "none")
            got = got if isinstance(got, str) else shown(got)
            message = f"{where}: expected a type of {', '.join(_TYPES)}, got {got or 'none':.80}"
            return BadInput(message, suggestion(got.lower(), _TYPES))
        case "value_error":
            return BadInput(f"{where}: {detail['ctx']['error']}")
        case "missing" if isinstance(detail["loc"][-1], str):
            place = where.removesuffix(f": {detail['loc'][-1]}")
            return BadInput(f"{place}: expected a key {detail['loc'][-1]!r}, got none")
        case "model_attributes_type":
            return BadInput(f"{where}: expected a table, got {shown(detail['input'])}")
        case "string_pattern_mismatch":
            return BadInput(
                f"{where}: expected letters, digits and underscores, got {shown(detail['input'])}"
            )
    key = place.rpartition(": ")[2]
    if key in _PAIRS:
        is_convolution = "groups" in keys
        same = ", or 'same'" if key == "padding" and is_convolution else ""
        return BadInput(
            f"{where}: expected a whole number {_PAIRS[key]} to 65536, or a pair of them{same}, "
            f"got {shown(detail['input'])}"
        )
    # Pydantic's "Input should be a valid integer, unable to parse string as an integer".
    expected = detail["msg"].removeprefix("Input should be ").split(", unable")[0]
    return BadInput(f"{where}: expected {expected}, got {shown(detail['input'])}")


def _locate(loc: Sequence[int | str], values: object) -> tuple[str, list[str]]:
    """``block 3 (pool1): kernel_size`` for a pydantic location, and the keys known there."""
    if len(loc) < 2 or loc[0] != "blocks":
        return f"{'.'.join(map(str, loc)) or 'network':.80}", list(NetworkSpec.model_fields)
    _, index, *rest = loc
    block = values["blocks"][index] if isinstance(values, dict) else None
    name = block.get("name") if isinstance(block, dict) else None
    place = f"block {int(index) + 1}" + (f" ({name:.80})" if isinstance(name, str) else "")
    # What follows is the block's type, its key, and for a pair the item and the union's branch.
    kind, *key = rest or [""]
    known = list(_TYPES[str(kind)].model_fields) if str(kind) in _TYPES else []
    return place + (f": {key[0]!s:.80}" if key else ""), known
