"""Preparation: mistakes of any group are told before anything is trained."""

from pathlib import Path
from typing import Any

import pytest
import torch

from mnistops.errors import BadInput, UsageError
from mnistops.events import result_of
from mnistops.settings import Settings
from mnistops.studies.plan import plan_groups
from mnistops.studies.preparation import PreparedStudy, prepare_study
from tests.made_data import write_dataset


@pytest.fixture(autouse=True)
def made() -> None:
    write_dataset(Path("made"), 120, 50)


def prepared(*vary: str, **train: Any) -> PreparedStudy:
    values = {"batch_size": 30, "engine": "eager", **train}
    settings = Settings(data={"dataset": "made"}, train=values, study={"vary": list(vary)})
    return result_of(prepare_study(plan_groups(settings)))


def test_what_is_known_of_each_group() -> None:
    Path("net.py").write_text(
        "from torch import nn\ndef Net(): return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n"
    )
    threads = torch.get_num_threads()
    found = prepared("network.name=reference,net.py:Net", holdout=20)
    assert found.network == "reference" and found.num_train_images == 120
    assert found.num_params == {"reference": 5340, "net.py:Net": 7850}
    assert {choice.engine for choice in found.choices.values()} == {"eager"}
    assert torch.get_num_threads() == threads


def test_a_group_that_cannot_be_trained_is_found() -> None:
    with pytest.raises(UsageError, match="--batch-size: expected at most the 120 images"):
        prepared("train.batch_size=30,200")
    with pytest.raises(UsageError, match="network refrence: expected"):
        prepared("network.name=reference,refrence")
    write_dataset(Path("small"), 120, 50, size=16)
    with pytest.raises(BadInput, match="expected an input of at least 3 x 3 pixels"):
        prepared("data.dataset=made,small")


def test_groups_are_judged_on_the_same_images() -> None:
    """Twice as many to train on is a fair question; other images to judge by are not."""
    write_dataset(Path("more"), 240, 50)
    assert prepared("data.dataset=made,more").images == prepared().images
    with pytest.raises(UsageError, match="expected the same images to judge all groups on"):
        prepared("data.dataset=made,more", holdout=20)
    write_dataset(Path("other"), 120, 60)
    with pytest.raises(UsageError, match="got others for dataset=other than for dataset=made"):
        prepared("data.dataset=made,other")
