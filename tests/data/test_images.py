"""Images and labels as tensors: what is in the files, and which of them are set aside."""

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mnistops.data.files import FILES
from mnistops.data.idx import encode_idx
from mnistops.data.images import Dataset, ImageSet, open_dataset, split
from mnistops.errors import BadInput, MissingInput, MnistopsError
from mnistops.events import result_of
from mnistops.settings.sections import DataSettings
from tests.made_data import made_arrays, made_set, write_dataset

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = (file.name for file in FILES)


def opened(folder: Path) -> Dataset:
    return result_of(open_dataset(DataSettings(dataset=str(folder))))


def numbered(num_images: int) -> Dataset:
    """Images that can be told apart: the label is the number."""
    labels = torch.arange(num_images)
    images = labels.to(torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 1, 2, 3)
    train = ImageSet(images.contiguous(), labels)
    return Dataset("numbered", Path("numbered"), train, made_set(5))


def refused(folder: Path) -> MnistopsError:
    """The error, after which the folder is as it was."""
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*")}
    with pytest.raises(MnistopsError) as error:
        opened(folder)
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*")}
    assert after == before
    return error.value


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "mine", num_train=30, num_test=20)
    dataset = opened(folder)
    assert (dataset.name, dataset.folder) == (str(folder), folder)
    for images, num_images, seed in ((dataset.train, 30, 0), (dataset.test, 20, 1)):
        pixels, labels = made_arrays(num_images, seed=seed)
        assert np.array_equal(images.images.numpy(), pixels[:, np.newaxis])
        assert np.array_equal(images.labels.numpy(), labels)
        assert (images.images.dtype, images.labels.dtype) == (torch.uint8, torch.int64)
        assert (len(images), images.image_size, images.num_classes) == (num_images, (1, 28, 28), 10)


def test_a_folder_is_only_read(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "mine")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    opened(folder)
    assert before == {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*")
    }


def test_a_folder_needs_no_network_and_is_no_cache(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "mine")
    settings = DataSettings(dataset=str(folder), dir=tmp_path / "elsewhere", offline=True)
    assert list(open_dataset(settings)) == []
    assert not (tmp_path / "elsewhere").exists()


def test_images_of_any_size_and_any_number_of_classes(tmp_path: Path) -> None:
    dataset = opened(write_dataset(tmp_path, num_train=8, num_test=9, size=5, num_classes=3))
    assert dataset.train.image_size == dataset.test.image_size == (1, 5, 5)
    assert dataset.train.num_classes == 3


def test_images_that_are_no_squares(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    tall = np.zeros((100, 7, 3), np.uint8)
    for name, images in ((TRAIN_IMAGES, tall.repeat(3, 0)), (TEST_IMAGES, tall)):
        (tmp_path / name).write_bytes(encode_idx(images))
    assert opened(tmp_path).train.image_size == (1, 7, 3)


def test_files_may_be_packed(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path)
    expected = opened(folder).train.images
    for path in list(folder.iterdir()):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert torch.equal(opened(folder).train.images, expected)


@pytest.mark.parametrize("name", [file.name for file in FILES])
def test_a_file_that_is_missing(tmp_path: Path, name: str) -> None:
    folder = write_dataset(tmp_path)
    (folder / name).unlink()
    error = refused(folder)
    assert isinstance(error, MissingInput)
    assert error.message == f"{folder / name}: expected it there, raw or .gz, got none"
    assert error.hint is not None
    assert error.hint.startswith(
        "--dataset takes mnist, fashion-mnist, kmnist, a folder with train"
    )


@pytest.mark.parametrize("name", ["none", "file"])
def test_a_folder_that_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / name
    with pytest.raises(MissingInput) as error:
        opened(folder)
    assert error.value.message == f"--dataset {folder}: expected a folder, got none there"


@pytest.mark.parametrize(
    ("num_images", "num_labels", "counts"),
    [(99, 100, "99, got 100"), (100, 99, "100, got 99"), (100, 1200, "100, got 1,200")],
)
def test_labels_that_are_not_as_many_as_images(
    tmp_path: Path, num_images: int, num_labels: int, counts: str
) -> None:
    folder = write_dataset(tmp_path, num_test=num_images)
    (folder / TEST_LABELS).write_bytes(encode_idx(np.zeros(num_labels, np.uint8)))
    error = refused(folder)
    assert isinstance(error, BadInput)
    assert error.message == f"{folder}: expected as many t10k labels as images, {counts}"


def test_test_images_of_another_size(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path)
    (folder / TEST_IMAGES).write_bytes(encode_idx(np.zeros((100, 28, 27), np.uint8)))
    error = refused(folder)
    assert isinstance(error, BadInput)
    assert error.message == (
        f"{folder}: expected test images of 28 x 28, as for training, got 28 x 27"
    )


def test_a_file_that_is_not_what_it_should_be(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path)
    (folder / TRAIN_LABELS).write_bytes(b"\0\0\x08")
    error = refused(folder)
    assert isinstance(error, BadInput)
    assert error.message.startswith(f"{folder / TRAIN_LABELS}: expected an IDX file")


@given(st.data())
def test_a_split_is_disjoint_and_complete(data: st.DataObject) -> None:
    num_images = data.draw(st.integers(2, 100))
    num_holdout = data.draw(st.integers(1, num_images - 1))
    dataset = numbered(num_images)
    splits = split(dataset, num_holdout)
    assert splits.holdout is not None
    train, holdout = splits.train.labels.tolist(), splits.holdout.labels.tolist()
    assert (len(train), len(holdout)) == (num_images - num_holdout, num_holdout)
    assert sorted(train + holdout) == list(range(num_images))
    assert splits.test is dataset.test
    for images in (splits.train, splits.holdout):  # the images go with their labels
        assert torch.equal(images.images[:, 0, 0, 0].long(), images.labels)


def test_a_split_is_always_the_same() -> None:
    first = split(numbered(100), 20)
    state = torch.get_rng_state()
    torch.manual_seed(7)
    second = split(numbered(100), 20)
    torch.set_rng_state(state)
    assert first.holdout is not None and second.holdout is not None
    assert torch.equal(first.holdout.labels, second.holdout.labels)
    assert torch.equal(first.train.labels, second.train.labels)


@given(st.data())
def test_folds_are_disjoint_and_go_with_the_first(data: st.DataObject) -> None:
    num_images = data.draw(st.integers(2, 100))
    num_holdout = data.draw(st.integers(1, num_images - 1))
    dataset, seen = numbered(num_images), []
    for fold in range(num_images // num_holdout):
        splits = split(dataset, num_holdout, fold)
        assert splits.holdout is not None
        aside = splits.holdout.labels.tolist()
        assert len(aside) == num_holdout
        assert sorted(aside + splits.train.labels.tolist()) == list(range(num_images))
        seen += aside
    assert len(set(seen)) == len(seen)


def test_the_first_fold_is_what_it_always_was() -> None:
    splits = split(numbered(20), 5)
    assert splits.holdout is not None
    order = torch.randperm(20, generator=torch.Generator().manual_seed(0))
    assert splits.holdout.labels.tolist() == sorted(order[:5].tolist())
    assert splits.train.labels.tolist() == sorted(order[5:].tolist())


def test_what_is_set_aside_comes_from_everywhere_and_not_from_chance_elsewhere() -> None:
    state = torch.get_rng_state()
    splits = split(numbered(200), 50)
    assert torch.equal(torch.get_rng_state(), state)
    assert splits.holdout is not None
    # Of 50 among 200 evenly drawn ones 25 are expected in either half, with a deviation of 3.
    assert 13 <= (splits.holdout.labels < 100).sum().item() <= 37


def test_nothing_is_set_aside_unless_asked() -> None:
    dataset = numbered(10)
    splits = split(dataset, 0)
    assert splits.holdout is None
    assert splits.train is dataset.train


@given(st.lists(st.integers(0, 255), min_size=1, max_size=60))
def test_statistics_are_those_of_torch(values: list[int]) -> None:
    images = torch.tensor(values, dtype=torch.uint8).reshape(-1, 1, 1, 1)
    normalization = ImageSet(images, torch.zeros(len(values))).normalization()
    pixels = images.double() / 255
    assert normalization.mean == pytest.approx(pixels.mean().item(), abs=1e-12)
    std = pixels.std(correction=0).item()
    # All of one grey: there is nothing to divide by.
    assert normalization.std == pytest.approx(std if len(set(values)) > 1 else 1.0)


def test_statistics_are_of_what_is_trained_on_alone() -> None:
    splits = split(numbered(100), 30)
    pixels = splits.train.labels.double() / 255
    assert splits.normalization.mean == pytest.approx(pixels.mean().item())
    assert splits.normalization.std == pytest.approx(pixels.std(correction=0).item())


@pytest.mark.gpu
@pytest.mark.parametrize("num_holdout", [0, 10])
def test_a_split_goes_to_a_device_whole(num_holdout: int) -> None:
    device = torch.device("cuda", 0)
    here = split(numbered(30), num_holdout)
    there = here.to(device)
    assert there.train.images.device == there.test.labels.device == device
    assert torch.equal(there.train.images.cpu(), here.train.images)
    assert (there.holdout is None) == (num_holdout == 0)
    assert there.train.normalization() == here.normalization == there.normalization


@pytest.mark.mnist
def test_mnist_itself() -> None:
    dataset = result_of(open_dataset(DataSettings(offline=True)))
    assert (len(dataset.train), len(dataset.test)) == (60_000, 10_000)
    assert dataset.train.image_size == dataset.test.image_size == (1, 28, 28)
    assert dataset.train.num_classes == dataset.test.num_classes == 10
    normalization = split(dataset, 0).normalization
    assert (round(normalization.mean, 4), round(normalization.std, 4)) == (0.1307, 0.3081)
    assert dataset.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]


def test_of_mnist_images_that_follow_each_other_are_held_out() -> None:
    dataset = replace(numbered(20), name="mnist")
    for fold in range(4):
        holdout = split(dataset, 5, fold).holdout
        assert holdout is not None
        assert holdout.labels.tolist() == list(range(5 * fold, 5 * fold + 5))
