"""The data sets that are known by their hashes, held against torchvision's."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from torchvision import datasets

from mnistops.data.files import IdxFile
from mnistops.data.idx import encode_idx
from mnistops.data.known import KNOWN, MNIST
from mnistops.data.sources import fetch
from mnistops.errors import BadInput, MissingInput, NoSource
from mnistops.events import result_of
from tests.data.download_faults import ARRAYS, MADE, OTHERS, content, packed
from tests.data.mirror import Answer, Mirror, serving
from tests.made_data import sha256_of

THEIRS = {"fashion-mnist": datasets.FashionMNIST, "kmnist": datasets.KMNIST}


@pytest.mark.parametrize("name", THEIRS)
def test_files_and_classes_are_torchvisions(name: str, tmp_path: Path) -> None:
    known, theirs = KNOWN[name], THEIRS[name]
    assert [f"{file.name}.gz" for file in known.files] == [file for file, _ in theirs.resources]
    assert list(known.class_names or ()) == theirs.classes
    for file in known.files:
        (tmp_path / file.raw).mkdir(parents=True, exist_ok=True)
        (tmp_path / file.raw / file.name).write_bytes(encode_idx(ARRAYS[file.name]))
    assert len(theirs(tmp_path, train=True)) == len(ARRAYS["train-labels-idx1-ubyte"])


def test_all_hashes_differ() -> None:
    hashes = [file.sha256 for known in KNOWN.values() for file in known.files]
    assert len(set(hashes)) == len(hashes) == 12
    assert {len(bytes.fromhex(sha256)) for sha256 in hashes} == {32}


# What is made for a mirror: published by the hash of the file, or by that of its `.gz`.
def published(name: str) -> tuple[IdxFile, ...]:
    known = KNOWN[name]
    return tuple(
        replace(
            file,
            num_bytes=made.num_bytes,
            sha256=hashlib.sha256(packed(ARRAYS, file.name)).hexdigest()
            if file.is_packed
            else sha256_of(ARRAYS[file.name]),
        )
        for file, made in zip(known.files, MADE, strict=True)
    )


@pytest.fixture(params=THEIRS)
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of a known set, for which a small one stands that no mirror has."""
    name = str(request.param)
    made = replace(KNOWN[name], files=published(name), mirrors=("http://127.0.0.1:1/",))
    monkeypatch.setitem(KNOWN, name, made)
    monkeypatch.setattr("mnistops.data.download._PAUSE_SECONDS", 0)
    monkeypatch.setenv("no_proxy", "*")
    return name


@pytest.fixture
def mirror(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """The second of two mirrors, of which the first does not answer."""
    with serving(lambda file: Answer(packed(ARRAYS, file))) as mirror:
        mirrors = (*KNOWN[name].mirrors, mirror.url)
        monkeypatch.setitem(KNOWN, name, replace(KNOWN[name], mirrors=mirrors))
        yield mirror


def test_what_is_fetched_is_found_again(name: str, mirror: Mirror, tmp_path: Path) -> None:
    arrays = result_of(fetch(name, tmp_path, is_named=False))
    assert {key: values.tolist() for key, values in arrays.items()} == {
        key: values.tolist() for key, values in ARRAYS.items()
    }
    placed = content(tmp_path)
    assert sorted(placed) == sorted(str(file.raw / file.kept_name) for file in KNOWN[name].files)
    again = result_of(fetch(name, tmp_path, is_named=True, offline=True))
    assert again.keys() == arrays.keys()
    assert content(tmp_path) == placed
    assert len(mirror.asked) == 4


def test_a_mirror_with_other_files_is_of_no_use(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    title = KNOWN[name].title
    with serving(lambda file: Answer(packed(OTHERS, file))) as mirror:
        monkeypatch.setitem(KNOWN, name, replace(KNOWN[name], mirrors=(mirror.url,)))
        with pytest.raises(BadInput) as error:
            result_of(fetch(name, tmp_path / "data", is_named=False))
    assert error.value.message.startswith(f"{title}: expected its files from a source, got others")
    assert f"expected {title}'s SHA-256 {KNOWN[name].files[0].sha256}, got " in error.value.message
    assert content(tmp_path) == {}


def test_no_mirror_that_answers(name: str, tmp_path: Path) -> None:
    with pytest.raises(NoSource) as error:
        result_of(fetch(name, tmp_path / "data", is_named=False))
    files = ", ".join(file.kept_name for file in KNOWN[name].files)
    form = "" if KNOWN[name].files[0].is_packed else ", raw or .gz"
    assert error.value.hint == (
        f"by hand: put {files}{form}, in a folder and name it with --data-dir"
    )


def test_offline_its_command_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(MissingInput) as error:
        result_of(fetch(name, tmp_path, is_named=True, offline=True))
    assert error.value.message.startswith(f"{tmp_path}: expected the files of {KNOWN[name].title}")
    assert error.value.hint == (
        f"`mnistops data fetch --dataset {name} --data-dir {tmp_path}` "
        "gets them where there is a network"
    )


def test_an_altered_file_in_a_users_folder_is_told_and_left(name: str, tmp_path: Path) -> None:
    for file in KNOWN[name].files:
        (tmp_path / f"{file.name}.gz").write_bytes(packed(OTHERS, file.name))
    before = content(tmp_path)
    with pytest.raises(BadInput, match=f"expected {KNOWN[name].title}'s SHA-256"):
        result_of(fetch(name, tmp_path, is_named=True))
    assert content(tmp_path) == before


@pytest.mark.parametrize("is_named", [False, True])
def test_the_files_of_another_data_set_are_nobodys_to_remove(
    name: str, mirror: Mirror, tmp_path: Path, is_named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names are the same, and both may lie flat in one folder."""
    others = tuple(
        replace(file, sha256=sha256_of(OTHERS[file.name])) for file in KNOWN[MNIST].files
    )
    monkeypatch.setitem(KNOWN, MNIST, replace(KNOWN[MNIST], files=others))
    for file in others:
        (tmp_path / f"{file.name}.gz").write_bytes(packed(OTHERS, file.name))
    before = content(tmp_path)
    if is_named:
        with pytest.raises(BadInput) as error:
            result_of(fetch(name, tmp_path, is_named))
        assert error.value.hint == "it is MNIST's: name another folder, --data-dir"
        assert content(tmp_path) == before
    else:
        result_of(fetch(name, tmp_path, is_named))
        assert len(mirror.asked) == 4
        assert content(tmp_path).items() >= before.items()


def test_an_altered_file_of_our_own_is_set_aside(name: str, mirror: Mirror, tmp_path: Path) -> None:
    file = KNOWN[name].files[1]
    path = tmp_path / file.raw / file.kept_name
    path.parent.mkdir(parents=True)
    altered = packed(OTHERS, file.name) if file.is_packed else encode_idx(OTHERS[file.name])
    path.write_bytes(altered)
    result_of(fetch(name, tmp_path, is_named=False))
    assert path.with_name(f"{path.name}.bad").read_bytes() == altered
    assert path.read_bytes() != altered
    assert len(mirror.asked) == 4


def test_a_file_known_by_its_packed_hash_is_not_taken_otherwise(
    mirror: Mirror, tmp_path: Path, name: str
) -> None:
    """Raw, nobody could tell whether it is the published one."""
    for file in KNOWN[name].files:
        (tmp_path / file.name).write_bytes(encode_idx(ARRAYS[file.name]))
    result_of(fetch(name, tmp_path, is_named=True))
    assert len(mirror.asked) == (4 if KNOWN[name].files[0].is_packed else 0)
