"""A folder of one's own: which kind it is, EMNIST's names and its way to store images."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from mnistops.data.files import FILES
from mnistops.data.own import is_there, read_own
from mnistops.errors import MissingInput
from mnistops.events import result_of
from tests.data.test_class_folders import lay_out
from tests.made_data import made_arrays, write_dataset


def emnist() -> None:
    """As NIST has them: packed, with the name of the part in front."""
    write_dataset(Path("gzip"), 30, 20)
    for file in FILES:
        path = Path("gzip", file.name)
        name = f"emnist-digits-{file.name.replace('t10k', 'test')}.gz"
        Path("gzip", name).write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()


def test_emnists_files_as_they_are() -> None:
    emnist()
    own = result_of(read_own("gzip/emnist-digits", is_transposed=True))
    pixels, labels = made_arrays(30)
    assert np.array_equal(own.train.images, pixels.swapaxes(1, 2))
    assert np.array_equal(own.train.labels, labels)
    assert (len(own.test.labels), own.class_names) == (20, None)


def test_transposed_twice_is_as_it_was() -> None:
    write_dataset(Path("own"))
    plain, turned = (result_of(read_own("own", turn)) for turn in (False, True))
    for one, other in ((plain.train, turned.train), (plain.test, turned.test)):
        assert np.array_equal(one.images, other.images.swapaxes(1, 2))
        assert not np.array_equal(one.images, other.images)
        assert np.array_equal(one.labels, other.labels)


def test_pictures_can_be_transposed_as_well() -> None:
    lay_out()
    own = result_of(read_own("own", is_transposed=True))
    assert own.train.images.shape == (4, 3, 4)
    assert own.class_names == ("C", "a", "b")


def test_what_is_there() -> None:
    emnist()
    assert is_there("gzip") and is_there("gzip/emnist-digits")
    assert not any(map(is_there, ("gzip/emnist", "none", "nul\0", "long" * 100)))


def test_of_emnist_a_file_is_missing() -> None:
    emnist()
    Path("gzip/emnist-digits-test-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(MissingInput, match="t10k-labels-idx1-ubyte: expected it there"):
        result_of(read_own("gzip/emnist-digits", is_transposed=False))


def test_a_slip_in_the_name_of_a_known_set() -> None:
    with pytest.raises(MissingInput) as error:
        result_of(read_own("fashon-mnist", is_transposed=False))
    assert error.value.hint == "did you mean 'fashion-mnist'?"


@pytest.mark.parametrize(
    ("folders", "got"), [((), "neither"), (("train",), "train alone"), (("test",), "test alone")]
)
def test_which_pictures_are_for_testing_is_not_guessed(folders: tuple[str, ...], got: str) -> None:
    for name in ("cats", *folders):
        Path("own", name).mkdir(parents=True)
    with pytest.raises(MissingInput) as error:
        result_of(read_own("own", is_transposed=False))
    assert error.value.message == (
        f"own: expected four IDX files, or the folders train and test, got {got}"
    )
    assert error.value.hint is not None
    assert error.value.hint.startswith("pictures go into train/CLASS and test/CLASS: ")
