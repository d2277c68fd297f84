"""The one typed settings tree behind every command: all sections, and the recipes' values."""

import warnings
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ModelWrapValidatorHandler, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from mnistops.settings.export import ExportSettings
from mnistops.settings.forms import Form
from mnistops.settings.inspection import RfSettings, SummarySettings
from mnistops.settings.predict import PredictSettings
from mnistops.settings.runs import RunsSettings
from mnistops.settings.sections import (
    BenchSettings,
    DataSettings,
    NetworkSettings,
    OutputSettings,
    Section,
    TrainSettings,
    ValidateSettings,
    refuse_odd,
)
from mnistops.settings.study import StudySettings

Tree = dict[str, Any]
"""Raw values as nested dictionaries: ``{"train": {"epochs": 3}}``."""


RECIPES: Mapping[str, Tree] = {
    "one-cycle": {
        "network": {"dropout": 0.0},
        "train": {"epochs": 15, "batch_size": 128, "learning_rate": 0.3},
    },
    "plateau": {
        "network": {"dropout": 0.03},
        "train": {"epochs": 15, "batch_size": 128},
    },
}
"""What each recipe sets where nothing else does."""


with warnings.catch_warnings():
    # A section is named `validate`, as its command is; pydantic's deprecated classmethod of that
    # name is not used here.
    warnings.filterwarnings("ignore", message='Field name "validate" in "Settings" shadows')

    class Settings(BaseSettings):
        """Every setting of mnistops, frozen.

        ``Settings(train={"epochs": 3})`` reads neither the environment nor a file;
        `mnistops.settings.load_settings` does.

        Raises:
            pydantic.ValidationError: a value out of its type or bounds, or an unknown key.
        """

        model_config = SettingsConfigDict(
            frozen=True, extra="forbid", env_prefix="MNISTOPS_", env_nested_delimiter="__"
        )

        device: Annotated[str, Form("auto, cpu, cuda, cuda:N or mps")] = Field(
            "auto",
            pattern=r"^(auto|cpu|cuda(:[0-9]+)?|mps)$",
            description="Where to compute; auto takes the fastest there is.",
        )
        seed: int = Field(
            0, ge=0, le=2**32 - 1, description="Start of every random number of a run."
        )
        data: DataSettings = DataSettings()
        network: NetworkSettings = NetworkSettings()
        summary: SummarySettings = SummarySettings()
        rf: RfSettings = RfSettings()
        train: TrainSettings = TrainSettings()
        study: StudySettings = StudySettings()
        bench: BenchSettings = BenchSettings()
        validate: ValidateSettings = ValidateSettings()  # type: ignore[assignment]
        predict: PredictSettings = PredictSettings()
        runs: RunsSettings = RunsSettings()
        export: ExportSettings = ExportSettings()
        output: OutputSettings = OutputSettings()

        _refuse_odd = field_validator("*", mode="before")(refuse_odd)

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],  # noqa: ARG003
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            """Take what is given and look nowhere else."""
            return (init_settings,)

        @model_validator(mode="wrap")
        @classmethod
        def _start_from_recipe(
            cls, given: Tree, handler: ModelWrapValidatorHandler["Settings"]
        ) -> "Settings":
            """Lay the given values over the recipe's, which do not count as set."""
            preset, own = recipe_of(given)[1], deep_merge({}, given)
            settings = handler(deep_merge(preset, own))
            for name, values in preset.items():
                getattr(settings, name).model_fields_set.difference_update(
                    set(values) - set(own.get(name, ()))
                )
            return settings

        def changed(self, values: Tree) -> "Settings":
            """These settings with other values, and with another recipe's where they name one.

            Raises:
                pydantic.ValidationError: as for new ones.
            """
            return Settings(**deep_merge(self.model_dump(exclude_unset=True), values))


def recipe_of(given: Tree) -> tuple[str, Tree]:
    """The recipe that these raw values name, or else the default one, and what it sets."""
    train = given.get("train")
    name = train.get("recipe") if isinstance(train, Mapping) else getattr(train, "recipe", None)
    if name is None:
        name = TrainSettings.model_fields["recipe"].default
    return name, RECIPES.get(name, {}) if isinstance(name, str) else {}


def deep_merge(lower: Tree, upper: Tree) -> Tree:
    """``upper`` over ``lower``, section by section.

    A section given as a built object counts as the values it was built with, so that it does not
    bury what stands below it.
    """
    merged = dict(lower)
    for key, value in upper.items():
        if isinstance(value, Section):
            value = value.model_dump(exclude_unset=True)
        below = merged.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            value = deep_merge(below, value)
        merged[key] = value
    return merged
