"""A study's folder: what was asked for, a run folder for each run, and one process at work."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnistops.disk import make_folder, replace_file
from mnistops.errors import BadInput, CannotCreate, UsageError
from mnistops.lock import LOCK, locked
from mnistops.studies.outcome import RunOutcome, read_outcome
from mnistops.training.run_folder import new_folder, versions

RECORD = "study.json"

Request = Mapping[str, Any]
"""What a study is asked for, as plain values by name; two that are equal are one study."""


@dataclass(frozen=True)
class StudyFolder:
    """Where things are in a study's folder."""

    path: Path

    @property
    def table(self) -> Path:
        """A row for each run that is done."""
        return self.path / "study.csv"

    def run(self, name: str) -> Path:
        """The run folder of the run with this name."""
        return self.path / "runs" / name

    def request(self, name: str) -> Path:
        """What its worker is to do."""
        return self.path / "workers" / f"{name}.json"

    def log(self, name: str) -> Path:
        """What its worker prints."""
        return self.path / "workers" / f"{name}.log"

    def outcome(self, name: str) -> RunOutcome | None:
        """What the run came to; None if it is not done."""
        return read_outcome(self.run(name))

    def num_epochs(self, name: str) -> int:
        """How many epochs the run has done so far."""
        try:
            return max(0, (self.run(name) / "metrics.csv").read_bytes().count(b"\n") - 1)
        except OSError:
            return 0

    def discard(self, name: str) -> None:
        """Take away what a run has left that was stopped half-way."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.run(name))


@contextmanager
def open_folder(
    runs_dir: Path, network: str, named: Path | None, request: Request
) -> Iterator[StudyFolder]:
    """A new folder for the study, or the one where it was stopped; ours alone meanwhile.

    Args:
        named: by the user; None makes a new one in ``runs_dir``.

    Raises:
        UsageError: another study is in the folder.
        Locked: this study is going on there.
        CannotCreate: something else is in the folder, or it cannot be made.
    """
    path = named or new_folder(runs_dir, "study", network)
    make_folder(path)
    record = path / RECORD
    if not record.exists() and any(item.name != LOCK for item in path.iterdir()):
        raise CannotCreate(
            f"--dir {path}: expected a new or empty folder or a study's, got one with something "
            "else in it",
            "name another folder, or leave --dir out",
        )
    with locked(path):
        if record.exists():
            _expect_same(path, _read(record), request)
        else:
            values = {"versions": versions(), "request": request}
            replace_file(record, (json.dumps(values, indent=2) + "\n").encode())
        for name in ("runs", "workers"):
            make_folder(path / name)
        yield StudyFolder(path)


def _read(record: Path) -> Request:
    try:
        request = json.loads(record.read_bytes())["request"]
    except (OSError, ValueError, KeyError, TypeError):
        request = None
    if not isinstance(request, dict):
        raise BadInput(f"{record}: expected what a study was asked for, got something else")
    return request


def _expect_same(path: Path, there: Request, asked: Request) -> None:
    """Raises UsageError, which tells the first difference, if these are two studies."""
    flat_there, flat_asked = dict(_flat(there)), dict(_flat(json.loads(json.dumps(asked))))
    for key in {**flat_asked, **flat_there}:
        was, wanted = (values.get(key, "none") for values in (flat_there, flat_asked))
        if was != wanted:
            raise UsageError(
                f"--dir {path}: expected the study that is in it, with {key} {was!s:.80}, "
                f"got {wanted!s:.80}",
                "ask for the same again, or name another folder",
            )


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{prefix}{key}", shown
