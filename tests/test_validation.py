"""Validation: which checkpoint, which network, which data, and where results go."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mnistops.bundled import bundled_checkpoint
from mnistops.checkpoint import load_checkpoint
from mnistops.classifier import load_classifier
from mnistops.errors import BadInput, MissingInput
from mnistops.evaluation import EvaluationResult, evaluate
from mnistops.events import result_of
from mnistops.native.network import NativeNetwork, kernels
from mnistops.networks.zoo import BEST
from mnistops.settings import Settings
from mnistops.training.run import train
from mnistops.validation import (
    DeviceOpened,
    ModelFound,
    ModelLoaded,
    SplitBegun,
    SplitDone,
    Validation,
    checkpoint_path,
    results_folder,
    validate,
)
from tests.data.test_class_folders import draw
from tests.made_data import write_dataset
from tests.seed_network import SeedNetwork

QUICK = {"recipe": "one-cycle", "epochs": 1, "batch_size": 30}


@pytest.fixture(autouse=True)
def made() -> None:
    write_dataset(Path("made"), 120, 50)


def make_run(name: str = "runs/first", **train_values: Any) -> Path:
    values = {**QUICK, "run_dir": name, **train_values}
    result_of(train(Settings(data={"dataset": "made"}, train=values)))
    return Path(name)


def checked(**sections: Any) -> tuple[Validation, list[object]]:
    events: list[object] = []
    return result_of(validate(Settings(**sections)), events.append), events


def test_both_splits_train_first() -> None:
    run = make_run()
    outcome, events = checked()
    assert outcome.checkpoint == run / "last.pt"
    assert [done.split for done in outcome.splits] == ["train", "test"]
    assert [done.result.num_images for done in outcome.splits] == [120, 50]
    kinds = [type(event) for event in events]
    assert kinds[:4] == [DeviceOpened, ModelFound, ModelLoaded, SplitBegun]
    assert kinds.count(SplitDone) == 2


@pytest.mark.parametrize("split", ["train", "test"])
def test_one_split(split: str) -> None:
    make_run()
    outcome, _ = checked(validate={"split": split})
    assert [done.split for done in outcome.splits] == [split]


def test_it_finds_what_evaluate_finds_with_the_runs_normalization() -> None:
    run = make_run()
    (done,) = checked(validate={"split": "test"})[0].splits
    checkpoint = load_checkpoint(run / "last.pt")
    module = load_classifier(checkpoint).module
    expect_same(done.result, evaluate(module, done.images, checkpoint.normalization))


def expect_same(result: EvaluationResult, other: EvaluationResult) -> None:
    """That both are of the same outputs but for rounding."""
    assert result.confusion == other.confusion
    places = [{mistake.index: mistake for mistake in of.mistakes} for of in (result, other)]
    assert places[0].keys() == places[1].keys()
    for index, mistake in places[0].items():
        assert mistake.predicted == places[1][index].predicted
        assert mistake.confidence == pytest.approx(places[1][index].confidence, rel=1e-3)
    assert result.loss == pytest.approx(other.loss, rel=1e-4)


@pytest.mark.parametrize("name", ["reference", "separable"])
def test_kernels_of_our_own_find_what_torch_finds_without_a_compiler(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    compute = NativeNetwork.__call__

    def noted(network: NativeNetwork, images: torch.Tensor) -> torch.Tensor:
        batches.append(len(images))
        return compute(network, images)

    monkeypatch.setattr(NativeNetwork, "__call__", noted)
    named = {"data": {"dataset": "made"}, "validate": {"checkpoint": name}}
    native = checked(**named)[0]
    assert batches == [120, 50]
    kernels.cache_clear()
    monkeypatch.setenv("CXX", "no-such-compiler")
    plain = checked(**named)[0]
    assert batches == [120, 50]
    for done, other in zip(native.splits, plain.splits, strict=True):
        expect_same(done.result, other.result)


def test_the_data_is_what_the_network_was_trained_on_unless_named() -> None:
    make_run()
    write_dataset(Path("other"), 60, 20)
    assert checked()[0].splits[0].result.num_images == 120
    assert checked(data={"dataset": "other"})[0].splits[0].result.num_images == 60


def test_the_newest_runs_best_else_its_last_else_ours() -> None:
    assert checkpoint_path(Settings()) == bundled_checkpoint(BEST.name)
    first = make_run()
    second = make_run("runs/second", holdout=30)
    assert checkpoint_path(Settings()) == second / "best.pt"
    os.utime(first / "run.json")  # what counts is when it was begun
    assert checkpoint_path(Settings()) == second / "best.pt"
    (second / "best.pt").unlink()
    assert checkpoint_path(Settings()) == second / "last.pt"
    named = Settings(validate={"checkpoint": str(first)})
    assert checkpoint_path(named) == first / "last.pt"


def test_a_built_in_is_a_checkpoint_unless_there_is_one_of_its_name() -> None:
    named = Settings(validate={"checkpoint": "reference"})
    assert checkpoint_path(named) == bundled_checkpoint("reference")
    run = make_run("reference")
    assert checkpoint_path(named) == Path("reference/last.pt") == run / "last.pt"


def test_a_missing_checkpoint_is_an_error() -> None:
    with pytest.raises(MissingInput, match=r"nothing\.pt: expected a checkpoint"):
        checked(validate={"checkpoint": "nothing.pt"})


@pytest.mark.parametrize("form", ["the seed's", "bare"])
def test_files_of_the_original_code(form: str) -> None:
    weights = SeedNetwork().state_dict()
    seeds = {"epoch": 12, "valid_loss_min": 0.1, "state_dict": weights, "optimizer": {}}
    torch.save(seeds if form == "the seed's" else weights, "modelbest.pt")
    outcome, events = checked(validate={"checkpoint": "modelbest.pt"}, data={"dataset": "made"})
    assert ModelLoaded("reference") in events
    assert load_checkpoint(Path("modelbest.pt")).normalization.mean == 0.1309
    assert len(outcome.splits) == 2


def test_a_network_in_python_is_named_again() -> None:
    Path("net.py").write_text(
        "from torch import nn\ndef Net(): return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n"
    )
    values = {**QUICK, "run_dir": "runs/own"}
    asked = Settings(data={"dataset": "made"}, train=values, network={"name": "net.py:Net"})
    result_of(train(asked))
    with pytest.raises(BadInput) as error:
        checked()
    assert error.value.hint == "name the code: --network net.py:Net"
    assert len(checked(network={"name": "net.py:Net"})[0].splits) == 2


def test_images_that_do_not_fit_are_refused() -> None:
    make_run()
    write_dataset(Path("small"), size=16)
    with pytest.raises(BadInput, match="expected images of channels,height,width 1,28,28"):
        checked(data={"dataset": "small"})


def draw_own(folder: str, shades: dict[str, int], size: int = 28) -> None:
    """A folder of pictures, each class of its own shade."""
    for name, shade in shades.items():
        for number in range(6):
            draw(f"{folder}/train/{name}/{number}.png", shade + number, (size, size))
            draw(f"{folder}/test/{name}/{number}.png", shade + number, (size, size))


def names_and_labels(outcome: Validation) -> tuple[object, list[int]]:
    (done,) = outcome.splits
    assert [sum(row) for row in done.result.confusion] == [
        int((done.images.labels == label).sum()) for label in range(len(done.result.confusion))
    ]
    return done.class_names, sorted(set(done.images.labels.tolist()))


def test_names_of_classes_go_with_the_network() -> None:
    """Whatever the order, or the choice, of the folders of the images that it is shown."""
    draw_own("own", {"light": 200, "dark": 10, "middle": 100})
    settings = {"epochs": 1, "batch_size": 6, "run_dir": "runs/own"}
    result_of(train(Settings(data={"dataset": "own"}, train=settings)))
    checkpoint = load_checkpoint(Path("runs/own/last.pt"))
    assert checkpoint.class_names == ("dark", "light", "middle")
    test = {"split": "test"}
    assert names_and_labels(checked(validate=test)[0]) == (checkpoint.class_names, [0, 1, 2])
    draw_own("fewer", {"middle": 100, "light": 200})
    outcome, _ = checked(validate=test, data={"dataset": "fewer"})
    assert names_and_labels(outcome) == (checkpoint.class_names, [1, 2])
    # The lighter ones have the label of the light class.
    (done,) = outcome.splits
    light = done.images.images[:, 0, 0, 0] >= 200
    assert done.images.labels[light].tolist() == [1] * 6
    draw_own("others", {"dark": 10, "red": 50})
    with pytest.raises(BadInput) as error:
        checked(data={"dataset": "others"})
    assert error.value.message == (
        "others: expected images of the network's classes, dark, light, middle, got red"
    )


def test_a_network_of_digits_knows_folders_of_digits() -> None:
    draw_own("own", {"7": 10, "3": 200})
    test = {"split": "test", "checkpoint": "tiny"}
    outcome, _ = checked(validate=test, data={"dataset": "own"})
    assert names_and_labels(outcome) == (None, [3, 7])


def test_a_network_without_names_takes_those_of_the_images() -> None:
    draw_own("own", {"up": 10, "down": 200})
    test = {"split": "test", "checkpoint": "tiny"}
    outcome, _ = checked(validate=test, data={"dataset": "own"})
    assert names_and_labels(outcome) == (("down", "up", *map(str, range(2, 10))), [0, 1])


def test_a_built_in_network_is_named_as_it_became() -> None:
    write_dataset(Path("large"), 60, 20, size=32, num_classes=26)
    named = {"name": "separable"}
    values = {**QUICK, "run_dir": "runs/large"}
    result_of(train(Settings(data={"dataset": "large"}, network=named, train=values)))
    outcome, _ = checked(network=named)
    assert len(outcome.splits[0].result.confusion) == 26


def test_more_names_than_outputs_are_refused() -> None:
    run = make_run()
    checkpoint = replace(load_checkpoint(run / "last.pt"), class_names=("a", "b"))
    with pytest.raises(BadInput, match="expected 10 names of classes, one for each output, got 2"):
        checkpoint.names_of(10)


def test_transposed_images_are_transposed_here_too() -> None:
    values = {**QUICK, "run_dir": "runs/turned"}
    turned = {"dataset": "made", "transpose": True}
    result_of(train(Settings(data=turned, train=values)))
    plain, _ = checked(data={"transpose": False, "dataset": "made"})
    for data in ({}, {"dataset": "made"}, turned):
        images = checked(data=data)[0].splits[0].images.images
        assert torch.equal(images, plain.splits[0].images.images.mT)


def test_results_go_to_the_run_or_where_they_are_wanted() -> None:
    run = make_run()
    path = run / "last.pt"
    assert results_folder(Settings(), path) == run / "validate"
    assert results_folder(Settings(output={"out": "here"}), path) == Path("here")
    assert not Path("here").exists()
    elsewhere = results_folder(Settings(), bundled_checkpoint("reference"))
    assert elsewhere.parent == Path("runs") and elsewhere.name.endswith("-reference-validate")
    # And it is no run: the newest is still the same.
    assert checkpoint_path(Settings()) == path


def test_a_folder_that_is_not_here_any_more_is_said_to_be_the_checkpoints() -> None:
    make_run()
    Path("made").rename("moved")
    with pytest.raises(MissingInput, match="expected the images it was trained on in 'made'"):
        checked()


def test_another_size_can_be_asked_for() -> None:
    make_run()
    write_dataset(Path("large"), 40, 20, size=32)
    outcome, _ = checked(data={"dataset": "large"}, network={"input_size": (1, 32, 32)})
    assert outcome.splits[0].images.image_size == (1, 32, 32)


def test_nobody_elses_random_numbers_are_used_up() -> None:
    make_run()
    before = torch.get_rng_state()
    checked()
    assert torch.equal(torch.get_rng_state(), before)
