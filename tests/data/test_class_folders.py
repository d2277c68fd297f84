"""Folders of pictures: what is in them, in which order, and what must not be."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mnistops.data import class_folders
from mnistops.data.class_folders import PicturesRead, read_class_folders
from mnistops.errors import BadInput, MissingInput, MnistopsError
from mnistops.events import result_of


def draw(path: Path | str, value: int = 0, size: tuple[int, int] = (4, 3)) -> None:
    """A picture of one grey, ``size`` its height and width."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(size, value, np.uint8)).save(path)


def lay_out() -> None:
    for number, name in enumerate(("b/2.png", "b/10.png", "a/z.bmp", "C/x.PNG")):
        draw(f"own/train/{name}", 10 * number)
    draw("own/test/b/1.png", 200)
    draw("own/test/C/1.png", 210)


def refused() -> MnistopsError:
    with pytest.raises(MnistopsError) as error:
        result_of(read_class_folders(Path("own")))
    return error.value


def test_classes_and_pictures_stand_in_the_order_of_their_names() -> None:
    lay_out()
    events: list[object] = []
    train, test, names = result_of(read_class_folders(Path("own")), events.append)
    assert names == ("C", "a", "b")
    assert train.images[:, 0, 0].tolist() == [30, 20, 10, 0]
    assert train.labels.tolist() == [0, 1, 2, 2]
    assert (test.images[:, 0, 0].tolist(), test.labels.tolist()) == ([210, 200], [0, 2])
    assert train.images.shape == (4, 4, 3)
    assert events == [PicturesRead(0, 6), PicturesRead(6, 6)]


def test_of_sixteen_bits_the_higher_eight_are_kept() -> None:
    lay_out()
    Image.fromarray(np.full((4, 3), 0x12FF, np.uint16)).save("own/train/C/x.PNG")
    train = result_of(read_class_folders(Path("own")))[0]
    assert train.images[0, 0, 0] == 0x12


def test_the_order_is_not_that_of_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out()
    usual = result_of(read_class_folders(Path("own")))[0].images
    scan = os.scandir

    class Backwards:
        def __init__(self, path: Path) -> None:
            with scan(path) as found:
                self.found = sorted(found, key=lambda item: item.name, reverse=True)

        def __enter__(self) -> "list[os.DirEntry[str]]":
            return self.found

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(os, "scandir", Backwards)
    assert np.array_equal(result_of(read_class_folders(Path("own")))[0].images, usual)


def test_what_nobody_put_there_is_passed_over() -> None:
    lay_out()
    for name in (".DS_Store", "train/.DS_Store", "train/a/.hidden.png", "test/b/Thumbs.db"):
        Path("own", name).touch()
    Path("own/train/.git").mkdir()
    assert len(result_of(read_class_folders(Path("own")))[0].labels) == 4


def test_a_folder_may_be_elsewhere() -> None:
    lay_out()
    Path("own/train/a").rename("elsewhere")
    Path("own/train/a").symlink_to("../../elsewhere")
    assert result_of(read_class_folders(Path("own")))[2] == ("C", "a", "b")


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_split_that_is_missing(split: str) -> None:
    lay_out()
    Path("own", split).rename("gone")
    error = refused()
    assert isinstance(error, MissingInput)
    assert error.message == f"own/{split}: expected a folder, got: No such file or directory"


def test_a_class_to_test_on_that_is_not_trained_on() -> None:
    lay_out()
    draw("own/test/d/1.png")
    error = refused()
    assert isinstance(error, BadInput)
    assert error.message == "own/test/d: expected one of the classes in own/train, got another"


def test_a_class_without_pictures() -> None:
    lay_out()
    Path("own/train/none").mkdir()
    assert refused().message == "own/train/none: expected a picture or more, got none"


def test_no_pictures_to_test_on() -> None:
    lay_out()
    for path in Path("own/test").rglob("*.png"):
        path.unlink()
    assert refused().message == "own/test: expected a picture or more, got none"


def test_one_class_is_none() -> None:
    draw("own/train/a/1.png")
    draw("own/test/a/1.png")
    assert refused().message == "own/train: expected folders of two classes or more, got 1"


@pytest.mark.parametrize("name", ["notes.txt", "x.tif", "png"])
def test_a_file_that_is_no_picture(name: str) -> None:
    lay_out()
    Path("own/train/a", name).touch()
    error = refused()
    assert isinstance(error, BadInput)
    assert error.message.startswith(f"own/train/a/{name}: expected a picture (.png, .jpg, ")


def test_a_folder_within_a_class() -> None:
    lay_out()
    Path("own/train/a/more.png").mkdir()
    assert refused().message.startswith("own/train/a/more.png: expected a picture (.png, ")


def test_a_picture_beside_the_classes() -> None:
    lay_out()
    draw("own/train/1.png")
    assert refused().message == (
        "own/train/1.png: expected a folder for each class, got a file beside them"
    )


def test_a_name_that_would_not_be_seen() -> None:
    lay_out()
    draw("own/train/a\x1b[31m/1.png")
    assert refused().message == "own/train: expected printable names, got 'a\\x1b[31m'"


@pytest.mark.parametrize("name", ["train/b/2.png", "test/C/1.png"])
def test_pictures_of_another_size(name: str) -> None:
    lay_out()
    draw(f"own/{name}", size=(3, 4))
    error = refused()
    assert isinstance(error, BadInput)
    assert error.message == (
        f"own/{name}: expected a picture of 4 x 3 (height x width), as own/train/C/x.PNG, got 3 x 4"
    )
    assert error.hint == "pictures are not resized here: bring all to one size"


def test_a_broken_picture_is_named() -> None:
    lay_out()
    data = Path("own/train/a/z.bmp").read_bytes()
    Path("own/train/a/z.bmp").write_bytes(data[: len(data) // 2])
    assert refused().message.startswith("own/train/a/z.bmp: expected a whole picture, got a broken")


def test_more_than_memory_should_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out()
    monkeypatch.setattr(class_folders, "LARGEST", 6 * 12 - 1)
    assert refused().message == (
        "own/train/C/x.PNG: expected 6 pictures of at most 71 pixels in all, got 4 x 3, or 72"
    )


NAME = st.text("abc01_ é", min_size=1, max_size=3).filter(lambda name: name.strip())


@given(st.dictionaries(NAME, st.integers(1, 3), min_size=2, max_size=4), st.data())
def test_each_picture_has_the_label_of_its_folder(
    tmp_path_factory: pytest.TempPathFactory, counts: dict[str, int], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("own")
    shades = dict(zip(counts, data.draw(st.permutations(range(len(counts)))), strict=True))
    for name, count in counts.items():
        for number in range(count):
            draw(folder / "train" / name / f"{number}.png", 50 * shades[name])
        draw(folder / "test" / name / "1.png", 50 * shades[name])
    train, test, names = result_of(read_class_folders(folder))
    assert names == tuple(sorted(counts))
    for held in (train, test):
        for image, label in zip(held.images, held.labels, strict=True):
            assert image[0, 0] == 50 * shades[names[label]]
    assert len(train.labels) == sum(counts.values())
