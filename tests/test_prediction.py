"""Prediction: pictures of one's own are taken for what they show."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from mnistops.bundled import bundled_checkpoint
from mnistops.checkpoint import load_checkpoint
from mnistops.classifier import load_classifier
from mnistops.data.images import ImageSet
from mnistops.digest import digest
from mnistops.errors import BadInput, MissingInput, NotFinite
from mnistops.evaluation import BatchEvaluated, evaluate
from mnistops.events import result_of
from mnistops.networks.zoo import BEST
from mnistops.prediction import PictureRead, Prediction, predict
from mnistops.settings import Settings
from tests.drawn_digits import drawn, on_sheet, photographed, write_pictures
from tests.hostile_files import checkpoint as sound

DIGITS = range(10)
# Of 1,797.
UCI_RIGHT = {"separable": 1694, "reference": 1727}


def predicted(paths: list[Path], **sections: Any) -> tuple[Prediction, list[object]]:
    events: list[object] = []
    return result_of(predict(Settings(**sections), paths), events.append), events


def likeliest(paths: list[Path], **sections: Any) -> list[int]:
    outcome, _ = predicted(paths, **sections)
    assert outcome.failures == ()
    return [picture.ranking[0] for picture in outcome.pictures]


def write(name: str, digit: int = 3) -> Path:
    path = Path(name)
    Image.fromarray(photographed(on_sheet(drawn(digit), 300, 280, 30, 40), digit)).save(path)
    return path


def test_one_picture() -> None:
    outcome, events = predicted([write("three.png")])
    (picture,) = outcome.pictures
    assert (outcome.network, outcome.checkpoint.name) == (BEST.name, f"{BEST.name}.pt")
    assert picture.path == Path("three.png")
    assert picture.ranking[0] == 3 and sorted(picture.ranking) == list(DIGITS)
    assert sum(picture.probabilities) == pytest.approx(1)
    assert picture.probabilities[3] == max(picture.probabilities) > 0.9
    assert (picture.image.shape, picture.image.dtype.name) == ((1, 28, 28), "uint8")
    assert events == [PictureRead(1, 1), BatchEvaluated(1, 1)]


def test_probabilities_are_the_networks_own_for_the_image() -> None:
    outcome, _ = predicted([write("three.png")], validate={"checkpoint": "tiny"})
    (picture,) = outcome.pictures
    checkpoint = load_checkpoint(bundled_checkpoint("tiny"))
    module = load_classifier(checkpoint).module.eval()
    with torch.no_grad():
        images = checkpoint.normalization(torch.from_numpy(picture.image)[None] / 255)
        own = module(images).softmax(1)[0]
    assert picture.probabilities == pytest.approx(own.tolist(), abs=1e-6)


def test_bad_ones_do_not_keep_the_others_from_being_done() -> None:
    Path("text.png").write_text("no picture")
    Image.new("L", (50, 50), 255).save("blank.png")
    paths = [
        write("a.png", 4),
        *map(Path, ("text.png", "none.png", "blank.png")),
        write("b.png", 7),
    ]
    outcome, events = predicted(paths)
    assert [(done.path.name, done.ranking[0]) for done in outcome.pictures] == [
        ("a.png", 4),
        ("b.png", 7),
    ]
    assert [(failed.path.name, type(failed.error)) for failed in outcome.failures] == [
        ("text.png", BadInput),
        ("none.png", MissingInput),
        ("blank.png", BadInput),
    ]
    assert outcome.failures[2].error.message.startswith("blank.png: expected ink, ")
    assert events[:5] == [PictureRead(number, 5) for number in range(1, 6)]


def test_where_all_are_bad_no_network_is_run() -> None:
    outcome, events = predicted([Path("none.png")])
    assert (outcome.pictures, len(outcome.failures), events) == ((), 1, [PictureRead(1, 1)])


def test_a_network_of_larger_images_sees_larger_ones() -> None:
    settings = {"network": {"input_size": (1, 42, 42)}, "validate": {"checkpoint": "reference"}}
    outcome, _ = predicted([write("three.png")], **settings)
    (image,) = outcome.pictures[0].image
    assert image.shape == (42, 42)
    assert np.ptp(np.flatnonzero(image.any(1))) + 1 == 30  # 20 of 28, too


def test_names_of_classes_are_the_checkpoints() -> None:
    values = {**sound(), "class_names": [*"abcdefghij"]}
    del values["digest"]
    torch.save({**values, "digest": digest(values)}, "named.pt")
    outcome, _ = predicted([write("three.png")], validate={"checkpoint": "named.pt"})
    assert outcome.class_names == tuple("abcdefghij")
    assert (outcome.name_of(3), predicted([write("three.png")])[0].name_of(3)) == ("d", "3")


CODE = """
from torch import nn

class Colours(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(3 * 28 * 28, 10))

class Small(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(14 * 14, 10))

class NoNumber(Small):
    def forward(self, images):
        return super().forward(images) / 0
"""


def write_own(name: str, num_inputs: int) -> dict[str, Any]:
    """A checkpoint of a network in Python, and the settings that name both."""
    Path("nets.py").write_text(CODE)
    module = nn.Sequential(nn.Flatten(), nn.Linear(num_inputs, 10))
    values = {**sound(), "network": f"nets.py:{name}", "state_dict": module.state_dict()}
    del values["digest"]
    torch.save({**values, "digest": digest(values)}, "own.pt")
    return {"validate": {"checkpoint": "own.pt"}, "network": {"name": f"nets.py:{name}"}}


def test_a_network_of_colours_is_refused() -> None:
    settings = write_own("Colours", 3 * 784)
    settings["network"]["input_size"] = (3, 28, 28)
    with pytest.raises(BadInput, match="Colours: expected a network of images of one channel"):
        predicted([write("three.png")], **settings)


def test_a_network_in_python_has_the_size_that_is_said() -> None:
    settings = write_own("Small", 14 * 14)
    with pytest.raises(BadInput, match="Small"):
        predicted([write("three.png")], **settings)
    settings["network"]["input_size"] = (1, 14, 14)
    outcome, _ = predicted([write("three.png")], **settings)
    assert outcome.pictures[0].image.shape == (1, 14, 14)


def test_outputs_that_are_no_numbers() -> None:
    settings = write_own("NoNumber", 14 * 14)
    settings["network"]["input_size"] = (1, 14, 14)
    with pytest.raises(NotFinite, match="for 1 of 1 images"):
        predicted([write("three.png")], **settings)


def test_ten_digits_drawn_by_hand_on_a_screen() -> None:
    """As in a paint program: black on white, another pen for each."""
    paths = []
    for digit in DIGITS:
        ink = on_sheet(drawn(digit, 150, pen=4 + 3 * digit, seed=digit), 300, 300, 40, 60)
        paths.append(Path(f"{digit}.png"))
        Image.fromarray(np.round(255 * (1 - ink)).astype(np.uint8)).save(paths[-1])
    assert likeliest(paths) == list(DIGITS)


@pytest.mark.parametrize(
    ("pen", "slant", "light"),
    [(12, 0.1, {}), (3, -0.1, {"uneven": 0.8}), (26, 0.25, {"paper": 0.2, "pen": 0.9})],
)
def test_ten_digits_drawn_by_hand_in_photographs(
    pen: float, slant: float, light: dict[str, float]
) -> None:
    paths = []
    for digit in DIGITS:
        ink = drawn(digit, 200, pen, slant, seed=digit)
        row, column = (
            (320 - ink.shape[0]) * (digit % 3) // 2,
            (300 - ink.shape[1]) * (digit % 4) // 3,
        )
        photograph = photographed(on_sheet(ink, 320, 300, row, column), digit, **light)
        paths.append(Path(f"{digit}.jpg"))
        Image.fromarray(photograph).save(paths[-1])
    assert likeliest(paths) == list(DIGITS)


def test_a_photograph_a_blackboard_and_a_transparent_drawing() -> None:
    paths = write_pictures(Path("written"))
    assert sorted(paths) == sorted(Path("written").iterdir())
    assert likeliest(paths) == [int(path.stem[-1]) for path in paths] == [5, 3, 7]


@pytest.mark.slow
@pytest.mark.parametrize("is_dark_on_light", [True, False])
def test_other_peoples_digits(is_dark_on_light: bool) -> None:
    """Scikit-learn's, from the UCI: 8 x 8, enlarged to 200 x 200. The README has the figures."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    paths = []
    for number, image in enumerate(digits.images):
        shades = np.round(image * 255 / 16).astype(np.uint8)
        shades = 255 - shades if is_dark_on_light else shades
        paths.append(Path(f"{number}.png"))
        Image.fromarray(shades).resize((200, 200), Image.Resampling.BICUBIC).save(paths[-1])
    outcome, _ = predicted(paths)
    right = sum(
        picture.ranking[0] == label
        for picture, label in zip(outcome.pictures, digits.target, strict=True)
    )
    # Another processor may round in another way.
    assert right == pytest.approx(UCI_RIGHT[outcome.network], abs=2)
    images = torch.from_numpy(np.stack([picture.image for picture in outcome.pictures]))
    other = load_checkpoint(bundled_checkpoint("reference"))
    shown = ImageSet(images, torch.from_numpy(digits.target).long())
    result = evaluate(load_classifier(other).module, shown, other.normalization)
    assert len(images) - result.num_errors == pytest.approx(UCI_RIGHT["reference"], abs=2)
