"""The four files: where they are looked for, and that they are MNIST's."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import MNIST

from mnistops.data.files import (
    FILES,
    RAW,
    IdxFile,
    candidates,
    expect_hash,
    place,
    read_verified,
)
from mnistops.data.idx import encode_idx
from mnistops.data.images import default_folder
from mnistops.errors import BadInput, CannotCreate, MissingInput
from tests.made_data import made_arrays, sha256_of

IMAGES, LABELS = made_arrays(20)
FILE = replace(FILES[0], sha256=sha256_of(IMAGES))


def test_where_a_file_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / RAW).mkdir(parents=True)
    name = FILE.name
    places = [f"MNIST/raw/{name}", f"MNIST/raw/{name}.gz", name, f"{name}.gz"]
    for number, path in reversed(list(enumerate(places))):
        (tmp_path / path).touch()
        found = [path.relative_to(tmp_path).as_posix() for path in candidates(tmp_path, FILE)]
        assert found == places[number:]


def test_there_is_nothing_in_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert candidates(tmp_path / "none", FILE) == []
    assert candidates(tmp_path / "file", FILE) == []


def test_there_is_nothing_where_no_folder_can_be(tmp_path: Path) -> None:
    assert candidates(tmp_path / ("long" * 100), FILE) == []


@pytest.mark.parametrize("level", [None, 1, 9])
def test_however_it_is_packed_a_file_is_itself(tmp_path: Path, level: int | None) -> None:
    data = encode_idx(IMAGES)
    path = tmp_path / (FILE.name if level is None else f"{FILE.name}.gz")
    path.write_bytes(data if level is None else gzip.compress(data, level))
    assert np.array_equal(read_verified(path, FILE), IMAGES)


def test_an_altered_file_is_told_by_both_hashes(tmp_path: Path) -> None:
    altered = IMAGES.copy()
    altered[3, 4, 5] ^= 1
    path = tmp_path / FILE.name
    path.write_bytes(encode_idx(altered))
    with pytest.raises(BadInput) as error:
        read_verified(path, FILE)
    got = hashlib.sha256(path.read_bytes()).hexdigest()
    assert error.value.message == (f"{path}: expected MNIST's SHA-256 {FILE.sha256}, got {got}")


def test_no_more_is_unpacked_than_the_real_file_has(tmp_path: Path) -> None:
    path = tmp_path / f"{FILE.name}.gz"
    path.write_bytes(gzip.compress(encode_idx(IMAGES)))
    size = len(encode_idx(IMAGES))
    assert np.array_equal(read_verified(path, replace(FILE, num_bytes=size)), IMAGES)
    with pytest.raises(BadInput, match=f"expected at most {size - 1:,} bytes, got a header that"):
        read_verified(path, replace(FILE, num_bytes=size - 1))


def test_the_same_bytes_in_another_shape_are_another_file() -> None:
    with pytest.raises(BadInput, match="some: expected MNIST's SHA-256"):
        expect_hash("some", encode_idx(IMAGES.reshape(20, 14, 56)), FILE)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingInput):
        read_verified(tmp_path / FILE.name, FILE)


def test_torchvision_finds_what_is_placed(tmp_path: Path) -> None:
    for file, values in zip(FILES, (IMAGES, LABELS) * 2, strict=True):
        assert place(tmp_path, file, encode_idx(values)).read_bytes() == encode_idx(values)
    theirs = MNIST(tmp_path, train=True)
    assert np.array_equal(theirs.data.numpy(), IMAGES)
    assert np.array_equal(theirs.targets.numpy(), LABELS)


def test_a_placed_file_takes_the_place_of_another(tmp_path: Path) -> None:
    path = place(tmp_path, FILE, encode_idx(IMAGES[:5]))
    assert place(tmp_path, FILE, encode_idx(IMAGES)) == path
    assert np.array_equal(read_verified(path, FILE), IMAGES)
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "MNIST").touch()
    with pytest.raises(CannotCreate):
        place(tmp_path, FILE, encode_idx(IMAGES))


@pytest.mark.mnist
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_real_ones_have_the_hashes_that_are_written_here(file: IdxFile) -> None:
    path = candidates(default_folder(), file)[0]
    assert len(read_verified(path, file)) == (60_000 if "train" in file.name else 10_000)
