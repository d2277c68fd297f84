"""What must be there, and fit together, before the first step."""

from collections.abc import Generator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from mnistops.data.files import FILES
from mnistops.errors import BadInput, MissingInput, MnistopsError, UsageError
from mnistops.events import result_of
from mnistops.networks.spec import NetworkSpec
from mnistops.networks.task import Task
from mnistops.networks.zoo import REFERENCE, ZOO
from mnistops.settings import Settings
from mnistops.settings.tree import deep_merge
from mnistops.training import preparation
from mnistops.training.engine_choice import EngineMissed
from mnistops.training.engines import EngineChoice, Workbench
from mnistops.training.preparation import Prepared, prepare
from tests.data.test_class_folders import draw
from tests.made_data import write_dataset

SMALL = """
name = "small"
input_size = [1, 16, 16]
blocks = [
    { name = "a", type = "conv", out_channels = 4 },
    { name = "b", type = "conv", out_channels = 4, activation = "none" },
    { name = "gap", type = "global_avg_pool" },
]
"""


def prepared(**sections: Any) -> Prepared:
    given: dict[str, Any] = {"data": {"dataset": "made"}, "train": {"batch_size": 50}}
    return result_of(prepare(Settings(**deep_merge(given, sections))))


@pytest.fixture(autouse=True)
def made() -> None:
    write_dataset(Path("made"))
    write_dataset(Path("small"), size=16, num_classes=4)
    write_dataset(Path("few"), num_classes=4)
    write_dataset(Path("one"), num_classes=1)
    write_dataset(Path("gap"))
    labels = Path("gap", FILES[1].name)
    labels.write_bytes(labels.read_bytes()[:-1] + bytes([12]))
    Path("small.toml").write_text(SMALL)
    Path("own.toml").write_text(REFERENCE.to_toml())


def test_network_and_images_are_there() -> None:
    result = prepared(train={"holdout": 60})
    assert result.bench.classifier.name == "reference"
    assert (len(result.splits.train), len(result.splits.test)) == (240, 100)
    assert result.splits.holdout is not None and len(result.splits.holdout) == 60
    assert result.bench.device.type == "cpu"


def test_the_fold_says_which_images_are_held_out() -> None:
    first, second = (
        prepared(train={"holdout": 60, "holdout_fold": fold}).splits.holdout for fold in (0, 1)
    )
    assert first is not None and second is not None
    pairs = (first.images.flatten(1)[:, None] == second.images.flatten(1)[None]).all(2)
    assert not pairs.any()


def test_a_seed_says_which_weights_it_begins_with() -> None:
    weights = [
        torch.cat([p.flatten() for p in prepared(seed=seed).bench.classifier.module.parameters()])
        for seed in (0, 0, 1)
    ]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_the_recipes_dropout_is_the_networks() -> None:
    for recipe, probability in (("one-cycle", 0.0), ("plateau", 0.03)):
        module = prepared(train={"recipe": recipe}).bench.classifier.module
        layers = [layer for layer in module.modules() if isinstance(layer, torch.nn.Dropout)]
        assert {layer.p for layer in layers} == {probability}


def test_size_and_classes_follow_a_network_of_ones_own() -> None:
    result = prepared(data={"dataset": "small"}, network={"name": "small.toml"})
    assert result.splits.train.image_size == result.bench.classifier.image_size == (1, 16, 16)


def test_a_built_in_network_becomes_one_for_the_data() -> None:
    write_dataset(Path("large"), size=32, num_classes=47)
    for name, spec in ZOO.items():
        result = prepared(data={"dataset": "large"}, network={"name": name, "dropout": 0.0})
        network = result.bench.classifier.network
        assert isinstance(network, NetworkSpec)
        assert network == spec.changed((1, 32, 32), 0.0).with_outputs(47)
        assert result.task == Task((1, 32, 32), 47)


def test_the_size_that_is_asked_for_counts() -> None:
    write_dataset(Path("large"), size=32)
    with pytest.raises(BadInput, match="channels,height,width 1,28,28, as the network takes them"):
        prepared(data={"dataset": "large"}, network={"input_size": (1, 28, 28)})


def test_labels_may_count_from_one() -> None:
    """As those of EMNIST's letters do."""
    path = Path("few", FILES[1].name)
    values = path.read_bytes()
    path.write_bytes(values[:8] + bytes(label + 1 for label in values[8:]))
    network = prepared(data={"dataset": "few"}).bench.classifier.network
    assert isinstance(network, NetworkSpec)
    assert network == ZOO["reference"].changed(dropout=0.0).with_outputs(5)


def test_classes_have_the_names_of_their_folders() -> None:
    for place, value in product(("train/up", "train/down", "test/up", "test/down"), (10, 200)):
        draw(f"own/{place}/{value}.png", value, (28, 28))
    result = prepared(data={"dataset": "own"}, train={"batch_size": 2})
    assert result.splits.class_names == ("down", "up")
    assert result.task == Task((1, 28, 28), 2)


def test_a_network_in_python_takes_the_size_of_the_data() -> None:
    Path("net.py").write_text(
        "from torch import nn\ndef Net(): return nn.Sequential(nn.Flatten(), nn.Linear(256, 4))\n"
    )
    assert prepared(data={"dataset": "small"}, network={"name": "net.py:Net"})
    with pytest.raises(BadInput, match=r"net.py:Net|Net: expected it to run"):
        prepared(network={"name": "net.py:Net"})


@pytest.mark.parametrize(
    ("sections", "kind", "message"),
    [
        ({"device": "cuda:9"}, UsageError, "--device cuda:9: expected a CUDA device"),
        ({"network": {"name": "refrence"}}, UsageError, "network refrence"),
        ({"data": {"dataset": "none"}}, MissingInput, "--dataset none: expected a folder"),
        (
            {"data": {"dataset": "small"}, "network": {"name": "own.toml"}},
            BadInput,
            "small: expected images of channels,height,width 1,28,28, as the network takes them, "
            "got 1,16,16",
        ),
        (
            {"network": {"name": "small.toml", "input_size": (1, 28, 28)}},
            BadInput,
            "made: expected train labels from 0 to 3, one for each output of the network, got 9",
        ),
        (
            {"data": {"dataset": "few"}, "network": {"name": "own.toml"}},
            BadInput,
            "few: expected 10 classes, one for each output of the network, got 4",
        ),
        (
            {"data": {"dataset": "one"}},
            BadInput,
            "one: expected images of two classes or more, got one",
        ),
        (
            {"data": {"dataset": "gap"}},
            BadInput,
            "gap: expected training images of each label up to the highest, 12, got none of 10, 11",
        ),
        (
            {"data": {"dataset": "small"}},
            BadInput,
            "reference: convblock7.0 (Conv2d): expected an input of at least 3 x 3 pixels",
        ),
        (
            {"train": {"batch_size": 301}},
            UsageError,
            "--batch-size: expected at most the 300 images to train on, got 301",
        ),
        (
            {"train": {"batch_size": 201, "holdout": 100}},
            UsageError,
            "--batch-size: expected at most the 200 images",
        ),
        (
            {"train": {"holdout": 300}},
            UsageError,
            "--holdout: expected fewer than the 300 training images, got 300",
        ),
        (
            {"train": {"holdout": 100, "holdout_fold": 3}},
            UsageError,
            "--holdout-fold: expected one of the 3 folds, from 0, got 3",
        ),
        (
            {"train": {"holdout_fold": 1}},
            UsageError,
            "--holdout-fold: expected the one fold, 0, got 1",
        ),
        (
            {"network": {"input_size": (3, 28, 28)}},
            BadInput,
            "expected images of channels,height,width 3,28,28",
        ),
    ],
)
def test_what_does_not_fit(
    sections: dict[str, Any], kind: type[MnistopsError], message: str
) -> None:
    with pytest.raises(kind) as error:
        prepared(**sections)
    assert message in error.value.message


def test_another_size_can_be_asked_for_as_the_hint_says() -> None:
    with pytest.raises(BadInput) as error:
        prepared(data={"dataset": "small"}, network={"name": "own.toml"})
    assert error.value.hint == "--input-size 1,16,16 asks for the network at that size"


BAD_NETWORKS = {
    "vector": "lambda: nn.Sequential(nn.Flatten(0), nn.Linear(1568, 10))",
    "image": "lambda: nn.Conv2d(1, 10, 3)",
    "nothing": "lambda: nn.Flatten()",
    "broken": "lambda: nn.Sequential(nn.Flatten(), nn.Linear(7, 10))",
    "stateful": "Stateful",
    "frozen": "lambda: nn.Linear(28, 10).requires_grad_(False)",
}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vector", "expected outputs (N, classes), (2, 10) say, for 2 images of 1 x 28 x 28"),
        ("image", "got the shape (2, 10, 26, 26)"),
        ("nothing", "expected something to train in it"),
        ("broken", "expected it to run, got RuntimeError"),
        ("stateful", "expected a state_dict of tensors, which is all that checkpoints hold, got"),
        ("frozen", "expected something to train in it"),
    ],
)
def test_a_network_is_tried_before_data_is_looked_for(name: str, message: str) -> None:
    lines = [f"{key} = {code}" for key, code in BAD_NETWORKS.items()]
    stateful = "class Stateful(nn.Linear):\n def get_extra_state(self): return {}"
    head = f"from torch import nn\n{stateful}\n def __init__(self): super().__init__(28, 10)"
    Path("nets.py").write_text("\n".join([head, *lines]))
    settings = Settings(
        network={"name": f"nets.py:{name}"}, data={"dir": "nowhere", "offline": True}
    )
    with pytest.raises(BadInput) as error:
        result_of(prepare(settings))
    assert message in error.value.message


BAD_IN_TRAINING = """
import sys
import torch
from torch import nn

class Exits(nn.Linear):
    def __init__(self):
        super().__init__(28, 10)
    def forward(self, images):
        if self.training:
            sys.exit(3)
        return super().forward(images.mean((1, 2)))

class Pair(Exits):
    def forward(self, images):
        outputs = nn.Linear.forward(self, images.mean((1, 2)))
        return (outputs, outputs) if self.training else outputs

class Detached(Exits):
    def forward(self, images):
        return nn.Linear.forward(self, images.mean((1, 2))).detach()

class Single(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(784, 10), nn.BatchNorm1d(10))
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Exits", "expected it to run, got SystemExit: 3"),
        ("Pair", "expected outputs (N, classes), (50, 10) say, for 50 images of 1 x 28 x 28, got"),
        ("Detached", "expected outputs that its parameters can learn from, got ones without"),
    ],
)
def test_a_batch_is_trained_on_before_data_is_looked_for(name: str, message: str) -> None:
    Path("bad.py").write_text(BAD_IN_TRAINING)
    nowhere = {"dataset": "mnist", "dir": "nowhere", "offline": True}
    with pytest.raises(BadInput) as error:
        prepared(network={"name": f"bad.py:{name}"}, data=nowhere)
    assert error.value.message.startswith(f"{name}: {message}")


@pytest.mark.parametrize(
    "train", [{"batch_size": 1}, {"batch_size": 23, "recipe": "plateau", "learning_rate": 0.1}]
)
def test_a_batch_too_small_to_normalise_is_found_before_training(train: dict[str, Any]) -> None:
    """300 images are 13 batches of 23 and one of a single image, which only plateau keeps."""
    Path("bad.py").write_text(BAD_IN_TRAINING)
    with pytest.raises(BadInput, match="Expected more than 1 value per channel"):
        prepared(network={"name": "bad.py:Single"}, train=train)
    assert prepared(network={"name": "bad.py:Single"}, train={"batch_size": 23})


@pytest.mark.parametrize("asked", ["auto", "compiled"])
def test_an_engine_that_went_away_is_missed_only_where_it_was_not_asked_for(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chosen(*_: object) -> Generator[None, None, EngineChoice]:
        yield from ()
        return EngineChoice("compiled", "bf16")

    def fail(*_: object) -> float:
        raise UsageError("--engine compiled: expected torch to compile it, got: no compiler")

    monkeypatch.setattr(preparation, "choose_engine", chosen)
    monkeypatch.setattr(Workbench, "build", fail)
    told: list[object] = []
    train = {"batch_size": 50, "engine": asked}
    steps = prepare(Settings(data={"dataset": "made"}, train=train))
    if asked == "compiled":
        with pytest.raises(UsageError, match="no compiler"):
            result_of(steps, told.append)
        return
    assert result_of(steps, told.append).choice == EngineChoice("eager", "bf16")
    assert isinstance(told[-1], EngineMissed) and "no compiler" in told[-1].reason


def test_trying_a_step_changes_nothing() -> None:
    first, second = (
        prepared(train={"batch_size": size}).bench.classifier.module.state_dict()
        for size in (10, 50)
    )
    assert all(torch.equal(value, second[key]) for key, value in first.items())
    assert int(first["convblock1.1.num_batches_tracked"]) == 0
    module = prepared().bench.classifier.module
    assert all(parameter.grad is None for parameter in module.parameters())
