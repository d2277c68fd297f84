"""Writing to disk: a file appears whole or not at all, whatever fails on the way."""

import errno
import os
import stat
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import pytest

from mnistops.disk import keep_predecessor, make_folder, replace_file, staged_files
from mnistops.errors import CannotCreate, CannotWrite


def full_disk(*_: Any, **__: Any) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def kind_of(file: int) -> str:
    return "folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "file"


def test_a_file_has_what_was_written(tmp_path: Path) -> None:
    replace_file(tmp_path / "new", b"one\r\n\0two")
    assert (tmp_path / "new").read_bytes() == b"one\r\n\0two"
    assert names(tmp_path) == ["new"]


def test_new_content_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "some"
    path.write_bytes(b"old and longer")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    replace_file(path, b"")
    assert path.read_bytes() == b""


# One for each step on the way: the content, its permissions, its name.
STEPS = ((os, "fsync"), (Path, "chmod"), (Path, "replace"))


@pytest.mark.parametrize(("owner", "step"), STEPS, ids=[name for _, name in STEPS])
@pytest.mark.parametrize("before", [{}, {"some": b"old"}], ids=["first", "again"])
def test_a_failing_write_changes_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    step: str,
    before: dict[str, bytes],
) -> None:
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(owner, step, full_disk)
    with pytest.raises(CannotWrite) as error:
        replace_file(tmp_path / "some", b"new")
    path = tmp_path / "some"
    assert error.value.message == f"{path}: expected to write it, got: No space left on device"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_write_that_breaks_off_midway_changes_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "some"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The system itself refuses the 101st byte of any file.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(CannotWrite, match="got: File too large"):
            replace_file(path, bytes(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["some"]


def test_an_interrupt_passes_through_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: int) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        replace_file(tmp_path / "some", b"new")
    assert names(tmp_path) == []


def test_the_old_file_is_there_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "some"
    path.write_bytes(b"old")
    seen = []
    monkeypatch.setattr(os, "fsync", lambda file: seen.append((kind_of(file), path.read_bytes())))
    replace_file(path, b"new")
    # The content is on the disk before its name, and the name before the work goes on.
    assert seen == [("file", b"old"), ("folder", b"new")]


def test_it_is_staged_beside_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "no such folder"))
    replace_file(tmp_path / "some", b"new")
    assert (tmp_path / "some").read_bytes() == b"new"


def test_a_folder_that_cannot_be_synced_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_files(file: int) -> None:
        if kind_of(file) == "folder":
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os, "fsync", only_files)
    replace_file(tmp_path / "some", b"new")
    assert (tmp_path / "some").read_bytes() == b"new"


@pytest.mark.skipif(os.name == "nt", reason="permissions as of POSIX")
@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_permissions_are_those_of_any_new_file(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        replace_file(tmp_path / "ours", b"")
        (tmp_path / "any").touch()
        assert (tmp_path / "ours").stat().st_mode == (tmp_path / "any").stat().st_mode
    finally:
        found = os.umask(before)
    assert found == umask  # it is given back


@pytest.mark.parametrize(
    ("place", "reason"),
    [("no such folder/some", "No such file or directory"), ("file/some", "Not a directory")],
)
def test_where_nothing_can_be_made(tmp_path: Path, place: str, reason: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotCreate) as error:
        replace_file(tmp_path / place, b"new")
    assert error.value.message == f"{tmp_path / place}: expected to make it, got: {reason}"


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(CannotWrite, match="folder: expected to write it, got: Is a directory"):
        replace_file(tmp_path / "folder", b"new")
    assert (tmp_path / "folder").is_dir()
    assert names(tmp_path) == ["folder"]


def test_folders_are_made_with_those_above(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    (tmp_path / "a" / "b" / "kept").touch()
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / "kept").exists()


@pytest.mark.parametrize(
    ("place", "reason"), [("file", "File exists"), ("file/below", "Not a directory")]
)
def test_a_file_in_the_way_of_a_folder(tmp_path: Path, place: str, reason: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotCreate) as error:
        make_folder(tmp_path / place)
    assert error.value.message == f"{tmp_path / place}: expected to make a folder, got: {reason}"
    assert error.value.hint == "name another place"


@pytest.mark.parametrize("name", ["mkstemp", "mkdir"])
def test_a_full_disk_is_told_as_such_wherever_it_is_noticed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile if name == "mkstemp" else Path, name, full_disk)
    with pytest.raises(CannotWrite, match=r"^some: expected to write it, got: No space left"):
        make_folder(Path("some")) if name == "mkdir" else replace_file(Path("some"), b"")


@pytest.mark.parametrize("has_links", [True, False])
def test_a_predecessor_keeps_its_content_under_another_name(
    has_links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    path, name = Path("last"), Path("previous")
    keep_predecessor(path, name)
    assert not name.exists()
    for content in (b"one", b"two", b"three"):
        keep_predecessor(path, name)
        replace_file(path, content)
    assert (path.read_bytes(), name.read_bytes()) == (b"three", b"two")
    assert {item.name for item in Path().iterdir()} == {"last", "previous"}


def test_what_was_left_unfinished_is_found() -> None:
    for name in (".last.pt.abc.part", "last.pt", ".mnistops.lock", "mine.part"):
        Path(name).touch()
    assert [path.name for path in staged_files(Path())] == [".last.pt.abc.part"]
