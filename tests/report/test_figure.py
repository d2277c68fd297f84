"""Files that matplotlib's figures become."""

from pathlib import Path

import pytest
from matplotlib import rc_context
from PIL import Image

from mnistops.errors import CannotCreate
from mnistops.report.figure import logarithmic, new_figure, save_figure


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return picture.size


def test_a_figure_becomes_a_png_of_100_dots_to_the_inch(tmp_path: Path) -> None:
    path = save_figure(new_figure(3, 2), tmp_path / "a.png")
    assert path == tmp_path / "a.png"
    assert size_of(path) == (300, 200)


def test_folders_are_made_and_an_older_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.png"
    for width in (3, 4):
        save_figure(new_figure(width, 2), path)
        assert size_of(path) == (100 * width, 200)
    assert list(path.parent.iterdir()) == [path]  # nothing temporary is left


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(CannotCreate, match="expected to make a folder"):
        save_figure(new_figure(3, 2), tmp_path / "a" / "b.png")


@pytest.mark.parametrize("theirs", ["savefig.dpi: 200", "savefig.bbox: tight"])
def test_the_users_own_matplotlibrc_changes_no_size(theirs: str, tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text(theirs)
    with rc_context(fname=tmp_path / "matplotlibrc"):  # tiles of mistakes are placed by dots
        path = save_figure(new_figure(3, 2), tmp_path / "a.png")
    assert size_of(path) == (300, 200)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((0.58, 1.48), ["0.6", "0.8", "1", "1.5"]),
        ((0.3, 30), ["0.5", "1", "2", "5", "10", "20"]),
    ],
)
def test_a_logarithmic_axis_has_numbers_to_read_by(values: list[float], shown: list[str]) -> None:
    figure = new_figure(3, 3)
    axes = figure.subplots()
    axes.plot([1, 2], values)
    logarithmic(axes, "y")
    figure.draw_without_rendering()
    low, high = axes.get_ylim()
    labels = zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    assert [label.get_text() for place, label in labels if low <= place <= high] == shown
