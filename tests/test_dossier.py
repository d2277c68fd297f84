"""A dossier: what is put together of a validation, its checkpoint and its run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnistops.analysis.lower import lower
from mnistops.analysis.summary import summarize_graph
from mnistops.bundled import bundled_checkpoint
from mnistops.checkpoint import load_checkpoint
from mnistops.classifier import load_classifier
from mnistops.dossier import Dossier, compile_dossier
from mnistops.errors import MnistopsError
from mnistops.events import result_of
from mnistops.field_pictures import field_picture
from mnistops.networks.zoo import TINY
from mnistops.settings import Settings
from mnistops.settings.inspection import RfSettings
from mnistops.settings.sections import NetworkSettings
from mnistops.training.events import EpochMetrics
from mnistops.training.run import train
from mnistops.training.run_folder import write_table
from mnistops.validation import Validation, validate
from tests.dossiers import made_split
from tests.made_data import write_dataset

OWN = """\
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(4, 10))

class Moody(Net):
    def forward(self, images):
        if images.mean() > 1:
            images = -images
        return super().forward(images)
"""


@pytest.fixture(autouse=True)
def made() -> None:
    write_dataset(Path("made"), 120, 50)
    Path("own.py").write_text(OWN)


def settings(**train_values: object) -> Settings:
    values = {"epochs": 2, "batch_size": 30, "engine": "eager", "run_dir": Path("run")}
    return Settings(data={"dataset": "made"}, train={**values, **train_values})


def dossier_of(trained: Settings, checkpoint: Path = Path("run")) -> Dossier:
    asked = {"validate": {"checkpoint": checkpoint, "split": "test"}}
    return compile_dossier(result_of(validate(trained.changed(asked))))


def test_a_run_of_a_built_in_network_is_known_whole() -> None:
    asked = settings(learning_rate=0.1).changed({"network": {"name": "tiny"}})
    result = result_of(train(asked))
    dossier = dossier_of(asked)
    assert dossier.validation.splits[0].result.num_errors == result.final.test_errors
    assert dossier.summary == summarize_graph(lower(TINY.changed(dropout=0.0)))
    assert dossier.epochs == tuple(done.metrics for done in result.epochs)
    assert dossier.run["network"] == "tiny"
    assert dossier.is_augmented
    assert dossier.notes == ()
    assert set(dossier.versions) == {"mnistops", "torch", "python", "platform"}


def test_a_run_that_warps_nothing_says_so() -> None:
    asked = settings(learning_rate=0.1, rotation=0.0, distortion=0.0)
    assert not result_of(train(asked)).is_augmented
    assert not dossier_of(asked).is_augmented


def test_settings_that_nobody_sets_come_last() -> None:
    asked = settings(learning_rate=0.1)
    result_of(train(asked))
    choices = dossier_of(asked).choices
    chosen = {choice.key: choice.value for choice in choices if not choice.is_default}
    assert chosen == {
        "data.dataset": "made",
        "train.epochs": 2,
        "train.batch_size": 30,
        "train.learning_rate": 0.1,
        "train.engine": "eager",
    }
    assert [choice.is_default for choice in choices] == [False] * 5 + [True] * (len(choices) - 5)


def test_what_a_recipe_sets_is_not_chosen_but_the_recipe_is() -> None:
    asked = settings(recipe="plateau", learning_rate=0.1)
    result_of(train(asked))
    chosen = {choice.key for choice in dossier_of(asked).choices if not choice.is_default}
    assert "train.recipe" in chosen and "network.dropout" not in chosen


def test_gradients_are_of_the_weights_that_were_validated() -> None:
    dossier = dossier_of(Settings(data={"dataset": "made"}), Path("tiny"))
    expected = field_picture(NetworkSettings(name="tiny"), RfSettings())
    assert dossier.picture is not None
    assert dossier.picture.weights == "trained weights"
    pairs = zip(dossier.picture.variants[0].layers, expected.variants[0].layers, strict=True)
    for layer, other in pairs:
        assert layer.effective is not None and other.effective is not None
        assert np.allclose(layer.effective, other.effective, atol=1e-6)
    assert (dossier.run, dossier.epochs) == ({}, ())


def test_a_network_in_python_is_looked_at_with_its_weights() -> None:
    asked = settings().changed({"network": {"name": "own.py:Net"}})
    result_of(train(asked))
    dossier = dossier_of(asked)
    assert dossier.summary is not None and dossier.picture is not None
    assert (dossier.summary.network, dossier.summary.total_params) == ("Net", 4 * 10 + 50)


def test_a_network_that_cannot_be_looked_at_is_told_of_all_the_same() -> None:
    asked = settings().changed({"network": {"name": "own.py:Moody"}})
    result_of(train(asked))
    dossier = dossier_of(asked)
    assert (dossier.summary, dossier.picture) == (None, None)
    (note,) = dossier.notes
    assert note.startswith("the network's layers cannot be shown: ")
    assert dossier.validation.classifier.num_params == 90


def test_a_checkpoint_that_says_nothing_of_its_settings_has_none() -> None:
    import torch

    result_of(train(settings()))
    values = torch.load("run/last.pt", weights_only=True)
    torch.save(values["state_dict"], "bare.pt")
    assert dossier_of(settings(), Path("bare.pt")).choices == ()


def test_settings_of_any_form_are_no_error() -> None:
    import torch

    result_of(train(settings()))
    values = torch.load("run/last.pt", weights_only=True)
    del values["digest"]
    values["format_version"] = 1  # which had none
    values["settings"] = {"train": {"recipe": ["x"], "odd": None}, "data": "text", "new": {"a": 1}}
    torch.save(values, "odd.pt")
    choices = dossier_of(settings(), Path("odd.pt")).choices
    assert {choice.key: choice.is_default for choice in choices} == {
        "train.recipe": False,
        "train.odd": False,
        "data": False,
        "new.a": False,
    }


HEAD = "epoch,train_loss,train_accuracy,test_loss,test_accuracy,learning_rate,time_seconds"
SOUND = "1,0.3,0.9,0.1,0.99,0.1,2.5"
ROW = EpochMetrics(1, 0.3, 0.9, 0.1, 0.99, 0.1, 2.5)


@pytest.fixture(scope="module")
def bundled() -> Validation:
    """A validation of our own checkpoint, on a made split."""
    checkpoint = load_checkpoint(bundled_checkpoint("tiny"))
    return Validation(checkpoint.path, load_classifier(checkpoint), "made", (made_split(),))


def epochs_in(validation: Validation) -> tuple[EpochMetrics, ...]:
    """Those of a run folder here that the checkpoint is in."""
    path = Path("tiny.pt")
    path.write_bytes(validation.checkpoint.read_bytes())
    return compile_dossier(replace(validation, checkpoint=path)).epochs


@pytest.mark.parametrize("row", [ROW, replace(ROW, holdout_loss=0.2, holdout_accuracy=0.97)])
def test_epochs_are_read_as_they_were_written(bundled: Validation, row: EpochMetrics) -> None:
    write_table(Path("metrics.csv"), [replace(row, epoch=0), row])
    assert epochs_in(bundled) == ()  # nobody's
    Path("run.json").write_text('{"seed": 3}')
    assert epochs_in(bundled) == (replace(row, epoch=0), row)


@pytest.mark.parametrize(
    ("text", "epochs"),
    [
        (f"new,{HEAD},newer\nx,{SOUND},\n", (ROW,)),  # a later version's
        ("", ()),
        (HEAD, ()),
        ("epoch,train_loss\n0,0.5\n", ()),
        (f"{HEAD}\n{SOUND}\nx{SOUND[1:]}\n", ()),
        (f"{HEAD}\n{SOUND}\n{SOUND[1:]}\n", ()),
        (f"{HEAD}\n{SOUND.replace('0.99', 'nan')}\n", ()),
        (f"{HEAD}\n{SOUND.replace('2.5', 'inf')}\n", ()),
        (f"{HEAD}\n{SOUND.replace('0.99', '')}\n", ()),
    ],
)
def test_a_table_that_lacks_a_number_tells_no_epochs(
    bundled: Validation, text: str, epochs: tuple[EpochMetrics, ...]
) -> None:
    Path("run.json").write_text('{"seed": 3}')
    Path("metrics.csv").write_text(text)
    assert epochs_in(bundled) == epochs


def test_a_checkpoint_that_is_gone_is_an_error() -> None:
    result_of(train(settings()))
    outcome = result_of(validate(settings().changed({"validate": {"checkpoint": "run/last.pt"}})))
    Path("run/last.pt").unlink()
    with pytest.raises(MnistopsError):
        compile_dossier(outcome)
