"""IDX files: what is written is read, and nothing else is."""

import gzip
import re
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from torchvision.datasets.mnist import read_sn3_pascalvincent_tensor

from mnistops.data import idx
from mnistops.data.idx import LARGEST, Bytes, encode_idx, read_idx
from mnistops.errors import BadInput, MissingInput

LABELS = np.arange(100, dtype=np.uint8)
IMAGES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)


def values_of(num_axes: int) -> st.SearchStrategy[Bytes]:
    return arrays(np.uint8, array_shapes(min_dims=num_axes, max_dims=num_axes, max_side=6))


any_values = st.sampled_from((1, 3)).flatmap(values_of)


def header(*shape: int) -> bytes:
    return bytes((0, 0, 8, len(shape))) + b"".join(length.to_bytes(4, "big") for length in shape)


def write(name: str, data: bytes) -> Path:
    """The file of this content, compressed if its name says so."""
    path = Path(name)
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def refusal(path: Path, num_axes: int = 1) -> str:
    """Why it is not read, after the file's name."""
    with pytest.raises(BadInput) as error:
        read_idx(path, num_axes)
    assert error.value.message.startswith(f"{path}: expected ")
    return error.value.message.removeprefix(f"{path}: ")


@contextmanager
def at_most(num_bytes: int) -> Iterator[None]:
    """What is inside must not hold more memory than this at any time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] <= num_bytes
    finally:
        tracemalloc.stop()


def test_a_file_byte_by_byte() -> None:
    values = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    file = "00000803 00000001 00000002 00000003 000102030405"
    assert encode_idx(values) == bytes.fromhex(file)


@given(any_values, st.sampled_from(("some", "some.gz")))
def test_what_is_written_is_read(values: Bytes, name: str) -> None:
    read = read_idx(write(name, encode_idx(values)), values.ndim)
    assert np.array_equal(read, values)
    assert read.dtype == np.uint8
    assert read.flags.writeable  # as torch.from_numpy wants it


@given(any_values)
def test_torchvision_reads_the_same(values: Bytes) -> None:
    path = write("some", encode_idx(values))
    assert torch.equal(read_sn3_pascalvincent_tensor(str(path)), torch.from_numpy(values.copy()))


def test_the_layout_in_memory_does_not_matter() -> None:
    columns_first = np.asfortranarray(IMAGES)
    assert encode_idx(columns_first) == encode_idx(IMAGES)


@given(any_values, st.floats(0, 1, exclude_max=True), st.sampled_from(("some", "some.gz")))
def test_a_file_cut_anywhere_is_refused(values: Bytes, cut: float, name: str) -> None:
    path = write(name, encode_idx(values))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(cut * len(whole))])
    refusal(path, values.ndim)


@given(any_values, st.binary(min_size=1, max_size=20), st.sampled_from(("some", "some.gz")))
def test_a_trailing_byte_is_refused(values: Bytes, more: bytes, name: str) -> None:
    whole = encode_idx(values)
    path = write(name, whole + more)
    got = "more" if path.suffix == ".gz" else f"{len(whole + more):,}"
    assert refusal(path, values.ndim) == (
        f"expected {len(whole):,} bytes, as its header says, got {got}"
    )


@given(st.binary(min_size=1, max_size=20) | st.sampled_from((b"\0", bytes(5000))))
def test_a_byte_behind_gzip_data_is_refused(more: bytes) -> None:
    path = write("some.gz", encode_idx(LABELS))
    path.write_bytes(path.read_bytes() + more)
    refusal(path)


@pytest.mark.parametrize("others", [b"", encode_idx(LABELS)], ids=["empty", "whole"])
def test_gzip_data_in_several_parts_is_refused(others: bytes) -> None:
    path = write("some.gz", encode_idx(LABELS))
    path.write_bytes(path.read_bytes() + gzip.compress(others))
    refusal(path)


def test_the_sizes_are_told() -> None:
    whole = encode_idx(IMAGES)
    for name in ("some", "some.gz"):
        path = write(name, whole[:-1])
        assert refusal(path, 3) == "expected 76 bytes, as its header says, got 75"


@pytest.mark.parametrize(
    ("data", "got"),
    [
        (b"", "an empty file"),
        (b"\0\0\x08", "000008"),
        (b"<html>", "3c68746d"),
        (b"\x00\x00\x09\x01" + bytes(5), "00000901"),  # signed bytes
        (b"\x00\x00\x08\x02" + bytes(9), "00000802"),  # two axes
        (b"\x01\x08\x00\x00" + bytes(5), "01080000"),  # lowest byte first
        (b"\x00\x01\x08\x01" + bytes(5), "00010801"),
    ],
)
@pytest.mark.parametrize("name", ["some", "some.gz"])
def test_another_kind_of_file(data: bytes, got: str, name: str) -> None:
    assert refusal(write(name, data)) == (
        f"expected an IDX file of unsigned bytes along 1 axes (it begins with 00000801), got {got}"
    )


def test_images_are_no_labels() -> None:
    assert "along 1 axes" in refusal(write("images", encode_idx(IMAGES)), 1)
    assert "along 3 axes" in refusal(write("labels", encode_idx(LABELS)), 3)


def test_another_kind_of_file_under_python_without_assertions() -> None:
    write("some", b"<html>")
    code = "import pathlib, mnistops.data.idx as idx; idx.read_idx(pathlib.Path('some'), 1)"
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-O", "-c", f"import sys; sys.path.insert(0, {root!r}); {code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "BadInput: some: expected an IDX file" in done.stderr


@pytest.mark.parametrize("num_bytes", [4, 5, 15])
@pytest.mark.parametrize("name", ["some", "some.gz"])
def test_a_header_that_breaks_off(num_bytes: int, name: str) -> None:
    path = write(name, encode_idx(IMAGES)[:num_bytes])
    assert refusal(path, 3) == f"expected a header of 16 bytes, got {num_bytes}"


@pytest.mark.parametrize("shape", [(0,), (0, 28, 28), (60000, 0, 28), (2**32 - 1, 28, 0)])
@pytest.mark.parametrize("name", ["some", "some.gz"])
def test_no_items(shape: tuple[int, ...], name: str) -> None:
    shown = " x ".join(map(str, shape))
    path = write(name, header(*shape))
    assert refusal(path, len(shape)) == f"expected at least one item, got {shown}"


@pytest.mark.parametrize("shape", [(2**32 - 1,), (2**31,), (2**32 - 1,) * 3, (2**16, 2**8, 2**8)])
@pytest.mark.parametrize("name", ["some", "some.gz"])
def test_a_claim_is_refused_before_memory_is_taken(shape: tuple[int, ...], name: str) -> None:
    path = write(name, header(*shape) + bytes(100))
    with at_most(1 << 20):
        message = refusal(path, len(shape))
    most = 1 << 26 if name == "some.gz" else LARGEST
    assert re.fullmatch(rf"expected at most {most:,} bytes, got a header that claims .*", message)


def test_a_claim_that_could_be_true_takes_no_more_memory_than_there_are_bytes() -> None:
    for name in ("some", "some.gz"):
        path = write(name, header(60 << 20) + bytes(100))
        with at_most(3 << 20):
            assert refusal(path) == "expected 62,914,568 bytes, as its header says, got 108"


def test_a_file_may_be_as_it_says_and_still_too_large() -> None:
    path = write("some", header(LARGEST))
    with path.open("r+b") as file:
        file.truncate(8 + LARGEST)  # a hole, which takes no place on the disk
    with at_most(1 << 20):
        message = refusal(path)
    assert message == (
        "expected at most 2,147,483,648 bytes, got a header that claims 2147483648 or "
        "2,147,483,656 bytes"
    )


def test_the_largest_that_is_expected_may_be_told() -> None:
    path = write("some", encode_idx(LABELS))
    assert np.array_equal(read_idx(path, 1, largest=108), LABELS)
    with pytest.raises(
        BadInput, match="some: expected at most 107 bytes, got a header that claims"
    ):
        read_idx(path, 1, largest=107)


def test_a_bomb_beyond_what_its_header_claims_is_not_unpacked() -> None:
    path = write("some.gz", header(10) + bytes(50 << 20))
    assert path.stat().st_size < 1 << 17
    with at_most(1 << 20):
        message = refusal(path)
    assert message == "expected 18 bytes, as its header says, got more"


def test_a_bomb_that_does_what_it_claims_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idx, "_LARGEST_PACKED", 1 << 20)
    path = write("some.gz", header(50 << 20) + bytes(50 << 20))
    with at_most(1 << 20):
        message = refusal(path)
    assert message == (
        f"expected at most {path.stat().st_size * 100:,} bytes, "
        "got a header that claims 52428800 or 52,428,808 bytes"
    )


def test_what_packs_best_is_still_read() -> None:
    values = np.zeros(4 << 20, np.uint8)
    assert np.array_equal(read_idx(write("some.gz", encode_idx(values)), 1), values)


def test_a_wrong_checksum_is_found() -> None:
    path = write("some.gz", encode_idx(LABELS))
    whole = bytearray(path.read_bytes())
    (crc,) = struct.unpack("<I", whole[-8:-4])
    whole[-8:-4] = struct.pack("<I", crc ^ 1)
    path.write_bytes(whole)
    assert refusal(path).startswith("expected sound gzip data, got: CRC check failed")


@given(st.data())
def test_a_flipped_bit_is_found_or_does_not_matter(data: st.DataObject) -> None:
    path = write("some.gz", encode_idx(LABELS))
    whole = bytearray(path.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)
    with suppress(BadInput):
        assert np.array_equal(read_idx(path, 1), LABELS)  # the time in gzip's header, say


def test_what_is_not_compressed_is_no_gzip() -> None:
    path = Path("some.gz")
    path.write_bytes(encode_idx(LABELS))
    assert refusal(path) == r"expected sound gzip data, got: Not a gzipped file (b'\x00\x00')"


def test_gzip_that_is_cut_is_told() -> None:
    path = write("some.gz", encode_idx(LABELS))
    path.write_bytes(path.read_bytes()[:-4])
    assert refusal(path) == "expected whole gzip data, got a part of it"


@pytest.mark.parametrize("name", ["none", "none.gz", "folder", "folder.gz"])
def test_what_cannot_be_read(name: str) -> None:
    Path("folder").mkdir()
    Path("folder.gz").mkdir()
    with pytest.raises(MissingInput) as error:
        read_idx(Path(name), 1)
    reason = "No such file or directory" if name.startswith("none") else "Is a directory"
    assert error.value.message == f"{name}: expected a readable file, got: {reason}"
