"""A run's folder: what it was asked for, how it went, and what came of it."""

import csv
import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

from mnistops.disk import make_folder, replace_file
from mnistops.errors import CannotCreate
from mnistops.settings.sections import TrainSettings
from mnistops.settings.tree import Settings

RECORD = "run.json"


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


def claim_folder(path: Path) -> Path:
    """The folder that the user named for a run: new, or empty.

    Raises:
        CannotCreate: something is in it, or it cannot be made.
    """
    make_folder(path)
    if any(path.iterdir()):
        raise CannotCreate(
            f"--run-dir {path}: expected a new or empty folder, got one with something in it",
            "name another folder, or leave --run-dir out",
        )
    return path


# A run repeated with its settings goes into a folder of its own.
_OF_A_RUN: Any = {
    "device": True,
    "seed": True,
    "data": True,
    "network": True,
    "train": set(TrainSettings.model_fields) - {"run_dir"},
    "output": {"runs_dir"},
}


def settings_values(settings: Settings) -> dict[str, Any]:
    """The settings that a run depends on, as plain values by section; unset ones are left out."""
    return settings.model_dump(mode="json", exclude_none=True, include=_OF_A_RUN)


def write_settings(folder: Path, settings: Settings) -> None:
    """Write config.toml, with which ``--config`` repeats the run."""
    import tomli_w

    replace_file(folder / "config.toml", tomli_w.dumps(settings_values(settings)).encode())


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write run.json."""
    text = json.dumps(record, indent=2, allow_nan=False, ensure_ascii=False)
    replace_file(folder / RECORD, (text + "\n").encode())


def write_table(path: Path, rows: Sequence[Any]) -> None:
    """Write dataclass rows as CSV; a column that no row has a value for is left out."""
    names = [field.name for field in fields(rows[0])]
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
        if (begun := _recorded(path, "begun")) and any(path.parent.glob("*.pt"))
    ]
    return max(found)[1] if found else None


def run_status(folder: Path) -> str | None:
    """``running``, ``done``, ``interrupted`` or ``failed``; None if this is no run's folder."""
    return _recorded(folder / RECORD, "status")


def _recorded(path: Path, key: str) -> str | None:
    """A text in run.json; None where the file is another kind."""
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    value = record.get(key) if isinstance(record, dict) else None
    return value if isinstance(value, str) else None
