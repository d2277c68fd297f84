"""Details: all that the files of one run tell."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mnistops.runs.listing import find_run
from mnistops.runs.run import Metrics, Run, expect_run, read_metrics
from mnistops.settings.tree import Settings
from mnistops.training.run_folder import finite, read_record, settings_values


@dataclass(frozen=True)
class RunDetails:
    """One run, as its files tell of it.

    Attributes:
        record: run.json, by dotted keys.
        settings: config.toml, by dotted keys; None where it cannot be read.
        changed: those of the settings that are not the recipe's, or the defaults.
        checkpoints: the names of its files.
    """

    run: Run
    record: Mapping[str, Any]
    settings: Mapping[str, Any] | None
    changed: Mapping[str, Any]
    metrics: Sequence[Metrics]
    checkpoints: tuple[str, ...]


def show_run(runs_dir: Path, named: str) -> RunDetails:
    """All that is known of a run.

    Args:
        named: its folder, or its name in the runs folder.

    Raises:
        MissingInput: there is no such run.
        BadInput: its record cannot be read.
    """
    folder = find_run(runs_dir, named)
    run = expect_run(folder, named)
    settings = _read_settings(folder / "config.toml")
    return RunDetails(
        run,
        dict(_flat(read_record(folder))),
        settings,
        _changed(settings or {}),
        read_metrics(folder),
        tuple(sorted(path.name for path in folder.glob("*.pt"))),
    )


def _read_settings(path: Path) -> dict[str, Any] | None:
    try:
        text = path.read_text(encoding="utf-8")
        return dict(_flat(tomllib.loads(text, parse_float=finite)))
    except (OSError, ValueError, RecursionError):
        return None


def _changed(settings: Mapping[str, Any]) -> dict[str, Any]:
    try:
        usual = Settings(train={"recipe": settings.get("train.recipe")})
    except ValidationError:  # another version's
        usual = Settings()
    defaults = dict(_flat(settings_values(usual)))
    return {key: value for key, value in settings.items() if defaults.get(key) != value}


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Values by dotted keys; what JSON does not know becomes text."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, str | int | float | None):
            yield f"{prefix}{key}", value
        else:
            yield f"{prefix}{key}", str(value)
