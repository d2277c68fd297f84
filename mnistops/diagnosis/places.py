"""The places: images, and the folders that are written to."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mnistops.diagnosis.check import Check
from mnistops.disk import cache_folder
from mnistops.errors import CannotCreate, MissingInput
from mnistops.events import result_of
from mnistops.settings.tree import Settings

# More than a run's folder of a small network takes.
_TRIED_BYTES = 1 << 20


def place_checks() -> Iterator[Check]:
    """In the order of a report."""
    yield Check("data", _data)
    yield Check("runs folder", lambda settings: _writable(settings.output.runs_dir))
    yield Check("cache", lambda _: _writable(cache_folder()))
    yield Check("temporary files", lambda _: _writable(Path(tempfile.gettempdir())))


def _data(settings: Settings) -> str:
    """The images that the settings name; nothing is fetched.

    Raises:
        MissingInput: files that nothing would fetch are not there.
        BadInput: a file is not what it should be.
    """
    from mnistops.data.images import default_folder, open_dataset
    from mnistops.data.known import KNOWN

    wanted = settings.data
    try:
        dataset = result_of(open_dataset(wanted.model_copy(update={"offline": True})))
    except MissingInput:
        if wanted.offline or wanted.dataset not in KNOWN:
            raise
        folder, title = wanted.dir or default_folder(), KNOWN[wanted.dataset].title
        return f"{title} is not in {folder}; it is fetched when it is first needed"
    state = "as published, by SHA-256" if dataset.is_known else "no hashes are known"
    return (
        f"{dataset.name} in {dataset.folder}: {len(dataset.train):,} training and "
        f"{len(dataset.test):,} test images, {state}"
    )


def _writable(folder: Path) -> str:
    """A folder that can be written to, or made; nothing is left there.

    Raises:
        CannotCreate: it cannot.
    """
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(bytes(_TRIED_BYTES))
            file.flush()
        free = shutil.disk_usage(there).free
    except OSError as error:
        raise CannotCreate(
            f"{folder}: expected a folder that can be written to, got: {error.strerror}",
            f"see to {there}, or name another place",
        ) from None
    return (
        f"{folder}: can be {'written to' if folder.exists() else 'made'}, {free / 1e9:,.1f} GB free"
    )
