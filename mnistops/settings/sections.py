"""The sections of the settings, one for each concern.

A field states its type, its bounds, its unit and one line of meaning, here and nowhere else: the
command line, ``config show``, ``config init`` and the JSON schema are all derived from it.
"""

import os
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from mnistops.settings.forms import (
    Flag,
    Positive,
    comma_list,
    split_commas,
    split_numbers,
)

Format = Literal["table", "json", "csv", "markdown"]

Recipe = Literal["one-cycle", "plateau"]

Logger = Literal["tensorboard"]

WARPS = ("rotation", "distortion", "shift", "scale", "shear")
"""The settings of training that move an image's pixels; all 0 leave it as it is."""

BenchEngine = Literal["eager", "compiled", "compiled-bf16", "graph", "native"]


# Of what is in use anywhere.
LONGEST_NAME_BYTES, LONGEST_PATH_BYTES = 255, 4095


def refuse_odd(cls: type[BaseModel], value: object, info: ValidationInfo) -> object:
    """Keep ``epochs = true`` from meaning 1, and what no file can be called from being a path."""
    kind = cls.model_fields[info.field_name or ""].annotation
    if isinstance(value, str) and "\0" in value:
        raise ValueError("a null character is in no text")
    if isinstance(value, bool) and kind is not bool:
        raise ValueError("true or false is no value of this setting")
    if isinstance(value, str | Path) and {str, Path} & {kind, *get_args(kind)}:
        path = os.fsencode(value)
        longest = max(map(len, path.split(b"/")))
        if longest > LONGEST_NAME_BYTES or len(path) > LONGEST_PATH_BYTES:
            raise ValueError("no file can be called this")
    return value


class Section(BaseModel):
    """One concern's settings: frozen, and closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    _refuse_odd = field_validator("*", mode="before")(refuse_odd)


class DataSettings(Section):
    """Data. The images to train and validate on."""

    dir: Annotated[Path | None, Flag("--data-dir")] = Field(
        None, description="Folder of the data files; unset: the per-user cache."
    )
    dataset: str = Field(
        "mnist",
        min_length=1,
        description="mnist, fashion-mnist, kmnist, or a folder of your own: with four IDX files, "
        "or with train/CLASS/*.png and test/CLASS/*.png.",
    )
    transpose: bool = Field(
        False, description="The images of your folder have rows for columns, as EMNIST's."
    )
    offline: bool = Field(False, description="Never connect to a network.")


class NetworkSettings(Section):
    """Network. The one that a command is about."""

    name: Annotated[str, Flag("--network")] = Field(
        "reference",
        min_length=1,
        description="A built-in name, file.toml, file.py:NAME (its code is run), a checkpoint "
        "or a run folder.",
    )
    input_size: Annotated[
        Annotated[tuple[Positive, ...], Field(min_length=2, max_length=4)] | None,
        *comma_list(split_numbers, "channels,height,width as 1,28,28, each from 1 to 65536"),
    ] = Field(
        None,
        description="Channels, height and width of the input; unset: the network's own, of "
        "a built-in one in training the images'.",
    )
    dropout: float | None = Field(
        None,
        ge=0,
        lt=1,
        allow_inf_nan=False,
        description="Probability of every dropout layer; unset: the recipe's in training, and the "
        "network's own elsewhere.",
    )


class TrainSettings(Section):
    """Training. How a network is trained."""

    recipe: Recipe = Field(
        "one-cycle",
        description="one-cycle: a fixed schedule, nothing selected on the test set; plateau: the "
        "seed's, which selects on the test set.",
    )
    epochs: int = Field(15, ge=1, description="Passes over the training images.")
    batch_size: int = Field(128, ge=1, description="Images per step.")
    learning_rate: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Peak learning rate; unset: the recipe's, else found by a range test.",
    )
    averaging: float = Field(
        0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Share of all steps that a running mean of the weights reaches back, which is "
        "then the result; 0: the weights themselves.",
    )
    engine: Literal["auto", "eager", "compiled", "graph", "native"] = Field(
        "auto",
        description="What runs a step: torch's operations one by one, compiled into one, recorded "
        "as CUDA graphs, or native kernels; auto: the fastest that can, of all but graph.",
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="Numbers that a step computes in; auto: fp32."
    )
    rotation: float = Field(
        15.0,
        ge=0,
        le=180,
        allow_inf_nan=False,
        description="Training images are turned by up to so many degrees, either way.",
    )
    distortion: float = Field(
        0.2,
        ge=0,
        le=0.9,
        allow_inf_nan=False,
        description="Half of the training images get their corners moved inwards by up to this "
        "share of half the image.",
    )
    shift: float = Field(
        0.0,
        ge=0,
        le=0.5,
        allow_inf_nan=False,
        description="Training images are moved by up to this share of their size, along each axis.",
    )
    scale: float = Field(
        0.0,
        ge=0,
        le=0.5,
        allow_inf_nan=False,
        description="Training images are stretched or shrunk by up to this share, along each axis.",
    )
    shear: float = Field(
        0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Rows of training images move by up to so many pixels against the next.",
    )
    interpolation: Literal["nearest", "bilinear"] = Field(
        "nearest", description="What a moved image takes: the nearest pixel, or the four around."
    )
    holdout: int = Field(
        0,
        ge=0,
        description="Training images to set aside for choosing: the same ones whatever the seed; "
        "in a study, others for each seed.",
    )
    holdout_fold: int = Field(
        0,
        ge=0,
        description="Which of the sets of --holdout images to set aside, from 0; no two share one.",
    )
    target_accuracy: float = Field(
        0.993,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Test accuracy to reach, as a fraction; the default is MNIST's.",
    )
    require_target: bool = Field(
        False, description="Exit with 1 when the target accuracy is missed."
    )
    save_seconds: float = Field(
        30.0,
        ge=0,
        allow_inf_nan=False,
        description="A run that is stopped loses no more than about so many seconds.",
    )
    log: Annotated[
        tuple[Logger, ...], *comma_list(split_commas, "names of loggers, as tensorboard")
    ] = Field((), description="Whose log to write into the run folder, beside metrics.csv.")
    init_from: Path | None = Field(
        None,
        description="Begin with the weights of this checkpoint, run folder or built-in network.",
    )
    resume: Path | None = Field(
        None, description="Go on with the run in this folder, which was stopped, as it would have."
    )
    run_dir: Path | None = Field(
        None, description="The run's own folder, new or empty; unset: a new one in the runs folder."
    )

    @property
    def is_augmenting(self) -> bool:
        """Whether training images are warped at all."""
        return any(getattr(self, name) for name in WARPS)


class BenchSettings(Section):
    """Bench. How the speed of training is measured."""

    seconds: float = Field(
        10.0, gt=0, allow_inf_nan=False, description="Seconds of timed steps for each pipeline."
    )
    engines: Annotated[
        tuple[BenchEngine, ...],
        *comma_list(split_commas, f"some of {', '.join(get_args(BenchEngine))}"),
    ] = Field((), description="Engines to measure beside the reference pipeline; unset: all.")
    chart: Path | None = Field(
        None,
        description="PNG file for the bar chart; unset: bench.png in the folder of --out, else of "
        "a new one in the runs folder.",
    )


class ValidateSettings(Section):
    """Validation. What a trained network is held against."""

    split: Literal["test", "train", "all"] = Field("all", description="Images to validate on.")
    checkpoint: Path | None = Field(
        None,
        description="Checkpoint, run folder or built-in network; unset: the newest run's best, "
        "else its last, else our best network.",
    )
    max_errors: int | None = Field(
        None, ge=0, description="Exit with 1 when more mistakes than this are made on a split."
    )
    report: bool = Field(
        False,
        description="Also write report.html: one page with the numbers, the curves, the mistakes, "
        "the network and its settings.",
    )


class OutputSettings(Section):
    """Output. Where results go, and how they are written."""

    runs_dir: Path = Field(Path("runs"), description="Folder that run folders are made in.")
    out: Path | None = Field(
        None,
        description="Folder for what a command writes that is no run, or of a demo its page, as "
        "x.html; unset: the run's own, else a new one in the runs folder.",
    )
    format: Format = Field("table", description="How the result is written to standard output.")
