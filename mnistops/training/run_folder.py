"""A run's folder: what it was asked for, how it went, and what came of it."""

import csv
import json
import math
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields as columns
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

from mnistops.disk import make_folder, replace_file, staged_files
from mnistops.errors import BadInput, CannotCreate, MissingInput, UsageError
from mnistops.lock import LOCK
from mnistops.settings.fields import fields, option, value_of
from mnistops.settings.sections import TrainSettings
from mnistops.settings.tree import Settings
from mnistops.toml import read_toml

RECORD = "run.json"
CONFIG = "config.toml"


def new_folder(runs_dir: Path, *names: str) -> Path:
    """A new folder in ``runs_dir``, named by the time and these names.

    Raises:
        CannotCreate: it cannot be made.
    """
    make_folder(runs_dir)
    now = f"{datetime.now():%Y%m%d-%H%M%S}"
    plain = [re.sub(r"[^A-Za-z0-9._]+", "-", name) for name in names]
    stem = "-".join([now, *plain])
    for number in range(1, 1000):
        path = runs_dir / (stem if number == 1 else f"{stem}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue  # a second run in the same second
        except OSError as error:
            raise CannotCreate(f"{path}: expected to make it, got: {error.strerror}") from None
        return path
    raise CannotCreate(f"{runs_dir / stem}: expected a free name, got a thousand that are taken")


def expect_empty(folder: Path) -> None:
    """Hold the folder that the user named for a run against what it should be: new, or empty.

    Raises:
        CannotCreate: something is in it.
    """
    # A run that was killed before it had begun leaves nothing that is worth keeping.
    if {*folder.iterdir()} - {folder / LOCK, *staged_files(folder)}:
        raise CannotCreate(
            f"--run-dir {folder}: expected a new or empty folder, got one with something in it",
            "name another folder, or leave --run-dir out",
        )


# A run repeated with its settings goes into a folder of its own.
_OF_A_RUN: Any = {
    "device": True,
    "seed": True,
    "data": True,
    "network": True,
    "train": set(TrainSettings.model_fields) - {"run_dir", "resume"},
    "output": {"runs_dir"},
}


def settings_values(settings: Settings) -> dict[str, Any]:
    """The settings that a run depends on, as plain values by section; unset ones are left out."""
    return settings.model_dump(mode="json", exclude_none=True, include=_OF_A_RUN)


def write_settings(folder: Path, settings: Settings) -> None:
    """Write config.toml, with which ``--config`` repeats the run."""
    import tomli_w

    replace_file(folder / CONFIG, tomli_w.dumps(settings_values(settings)).encode())


def read_settings(folder: Path) -> Settings:
    """The settings of the run in a folder.

    Raises:
        MissingInput: there is none.
        BadInput: they are not as a run wrote them.
    """
    path = folder / CONFIG
    try:
        return Settings(**read_toml(path))
    except OSError:
        raise MissingInput(
            f"--resume {folder}: expected a run's folder, got no {CONFIG} in it",
            "`mnistops runs list` shows the runs",
        ) from None
    except (ValueError, TypeError) as error:  # pydantic's errors, and those of TOML, are values'
        raise BadInput(
            f"{path}: expected the settings of a run, got: {str(error).splitlines()[0]:.200}"
        ) from None


def expect_same_settings(folder: Path, settings: Settings, asked: Mapping[str, object]) -> None:
    """Hold settings, by their dotted keys, against those of the run in a folder.

    Where results are put and how they are written makes no difference.

    Raises:
        UsageError: some are others; all are listed.
    """
    named = dict(fields())
    different = []
    for key, wanted in asked.items():
        was = value_of(settings, key)
        if wanted != was and key != "train.resume" and not key.startswith("output."):
            different.append(f"{option(key, named[key])} {wanted} where it has {was}")
    if different:
        raise UsageError(
            f"--resume {folder}: expected the settings of that run, got {', '.join(different)}",
            "leave them out, or begin a new run",
        )


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write run.json."""
    text = json.dumps(record, indent=2, allow_nan=False, ensure_ascii=False)
    replace_file(folder / RECORD, (text + "\n").encode())


def write_table(path: Path, rows: Sequence[Any]) -> None:
    """Write dataclass rows as CSV; a column that no row has a value for is left out."""
    names = [column.name for column in columns(rows[0])]
    kept = [name for name in names if any(getattr(row, name) is not None for row in rows)]
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(kept)
    writer.writerows([getattr(row, name) for name in kept] for row in rows)
    replace_file(path, text.getvalue().encode())


def versions() -> dict[str, str]:
    """What a run depends on."""
    import torch

    from mnistops import __version__

    return {
        "mnistops": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }


def newest_run(runs_dir: Path) -> Path | None:
    """The run in this folder that was begun last and has a checkpoint; None if there is none."""
    found = [
        (begun, path.parent)
        for path in runs_dir.glob(f"*/{RECORD}")
        if (begun := _recorded(path.parent, "begun")) and any(path.parent.glob("*.pt"))
    ]
    return max(found)[1] if found else None


def run_status(folder: Path) -> str | None:
    """``running``, ``done``, ``interrupted`` or ``failed``; None if this is no run's folder."""
    return _recorded(folder, "status")


def read_record(folder: Path) -> dict[str, Any]:
    """What run.json holds.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds something else than a record, which the message says.
    """
    data = (folder / RECORD).read_bytes()
    try:
        record = json.loads(data, parse_float=finite, parse_constant=finite)
    except (ValueError, RecursionError):
        raise ValueError("expected JSON, got something else") from None
    if not isinstance(record, dict):
        raise ValueError(f"expected a record, got {type(record).__name__}")
    return record


def finite(text: str) -> float:
    """Raises ValueError where it is no number, which no record of ours holds."""
    if not math.isfinite(value := float(text)):
        raise ValueError(text)
    return value


def record_of(folder: Path) -> dict[str, Any]:
    """What run.json holds; nothing where there is none, or something else."""
    try:
        return read_record(folder)
    except (OSError, ValueError):
        return {}


def _recorded(folder: Path, key: str) -> str | None:
    """A text in run.json."""
    value = record_of(folder).get(key)
    return value if isinstance(value, str) else None
