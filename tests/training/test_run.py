"""A run from settings to its folder."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import torch

import mnistops
from mnistops.checkpoint import find_checkpoint, load_checkpoint
from mnistops.classifier import load_classifier
from mnistops.data.images import open_dataset, split
from mnistops.errors import CannotCreate, NotFinite
from mnistops.evaluation import evaluate
from mnistops.events import result_of
from mnistops.networks.zoo import REFERENCE
from mnistops.settings import Settings, load_settings
from mnistops.settings.sections import DataSettings
from mnistops.training.events import EpochDone, RateFound, RunBegun, RunDone, RunResult
from mnistops.training.lr_range import RangeStep
from mnistops.training.preparation import EngineSought
from mnistops.training.run import train
from tests.made_data import write_dataset


@pytest.fixture(autouse=True)
def made() -> None:
    write_dataset(Path("made"), 120, 50)


def settings(**train_values: Any) -> Settings:
    values = {"epochs": 2, "batch_size": 30, "run_dir": "run", **train_values}
    return Settings(data={"dataset": "made"}, train=values)


def run(**train_values: Any) -> tuple[RunResult, list[object]]:
    events: list[object] = []
    return result_of(train(settings(**train_values)), events.append), events


def record() -> dict[str, Any]:
    values: dict[str, Any] = json.loads(Path("run/run.json").read_text())
    return values


def test_it_is_the_packages_train() -> None:
    assert mnistops.train is train


def test_events_come_in_order_and_the_result_last() -> None:
    result, events = run()
    begun = events[1]
    assert isinstance(begun, RunBegun) and events[-1] == RunDone(result)
    assert [type(event) for event in events if isinstance(event, EpochDone)] == [EpochDone] * 2
    assert begun.run_folder == result.run_folder == Path("run")
    assert (begun.num_params, begun.num_train, begun.num_test) == (5340, 120, 50)


def test_its_folder_tells_all() -> None:
    result, _ = run()
    names = {path.name for path in Path("run").iterdir()}
    assert names == {"config.toml", "run.json", "metrics.csv", "last.pt", "previous.pt"}
    rows = list(csv.DictReader(Path("run/metrics.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert float(rows[1]["test_accuracy"]) == result.final.metrics.test_accuracy
    values = record()
    assert (values["status"], values["compile_seconds"], values["best"]) == ("done", 0.0, None)
    assert values["final"]["test_errors"] == result.final.test_errors
    assert values["num_params"] == 5340 and values["seed"] == 0 and values["selection"] == "none"


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_it_tells_what_trained(engine: str) -> None:
    _, events = run(engine=engine, batch_size=32)
    begun = next(event for event in events if isinstance(event, RunBegun))
    assert (begun.engine, begun.precision, begun.threads) == (
        engine,
        "fp32",
        torch.get_num_threads(),
    )
    # There is nothing to build for torch's own operations.
    assert (begun.compile_seconds > 0) == (engine == "native")
    values = record()
    for name in ("engine", "precision", "threads", "compile_seconds", "batch_size", "device"):
        assert values[name] == getattr(begun, name), name
    assert torch.load("run/last.pt", weights_only=True)["engine"] == {
        "engine": engine,
        "precision": "fp32",
        "threads": torch.get_num_threads(),
    }


def test_it_tells_of_bf16() -> None:
    run(precision="bf16", engine="eager", epochs=1)
    assert (record()["engine"], record()["precision"]) == ("eager", "bf16")
    assert torch.load("run/last.pt", weights_only=True)["engine"]["precision"] == "bf16"


def test_that_an_engine_is_sought_is_told_first() -> None:
    events = run(epochs=1)[1]
    assert isinstance(events[0], EngineSought) and isinstance(events[1], RunBegun)


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_with_averaging_the_result_is_the_mean(engine: str) -> None:
    common = {"engine": engine, "batch_size": 16, "epochs": 3}
    averaged, _ = run(averaging=0.5, **common)
    plain, _ = run(run_dir="plain", **common)
    losses = {}
    for name, result in (("run", averaged), ("plain", plain)):
        checkpoint = load_checkpoint(Path(name) / "last.pt")
        images = result_of(open_dataset(DataSettings(dataset="made"))).test
        module = load_classifier(checkpoint).module
        found = evaluate(module, images, checkpoint.normalization)
        final = result.final
        assert final.metrics.test_loss == pytest.approx(found.loss, rel=1e-5)
        assert (final.metrics.test_accuracy, final.test_errors) == (
            found.accuracy,
            found.num_errors,
        )
        losses[name] = found.loss
    assert losses["run"] != pytest.approx(losses["plain"], rel=1e-3)
    pairs = zip(averaged.epochs, plain.epochs, strict=True)
    assert all(one.metrics.train_loss == other.metrics.train_loss for one, other in pairs)


def test_a_mean_is_chosen_by_the_hold_out_and_kept() -> None:
    result, _ = run(averaging=0.5, holdout=40, batch_size=16, epochs=4)
    assert result.best is not None
    checkpoint = load_checkpoint(Path("run/best.pt"))
    dataset = result_of(open_dataset(DataSettings(dataset="made")))
    aside = split(dataset, 40).holdout
    assert aside is not None
    found = evaluate(load_classifier(checkpoint).module, aside, checkpoint.normalization)
    assert result.best.holdout_accuracy == found.accuracy
    assert result.best.holdout_loss == pytest.approx(found.loss, rel=1e-5)


@pytest.mark.parametrize("recipe", ["one-cycle", "plateau"])
def test_eager_and_native_runs_come_to_nearly_the_same(recipe: str) -> None:
    """A made set of 112 images is 2 batches of 48 and, for plateau, one of 16."""
    write_dataset(Path("made"), 112, 50)
    values = {"recipe": recipe, "learning_rate": 0.05, "batch_size": 48}
    dropped = Settings(network={"dropout": 0.0}).network
    results = []
    for engine in ("eager", "native"):
        asked = settings(engine=engine, run_dir=engine, **values, interpolation="bilinear")
        asked = asked.model_copy(update={"network": dropped})
        results.append(result_of(train(asked)))
    for one, other in zip(results[0].epochs, results[1].epochs, strict=True):
        assert other.metrics.train_loss == pytest.approx(one.metrics.train_loss, rel=1e-3)
        assert other.metrics.test_loss == pytest.approx(one.metrics.test_loss, rel=1e-2)
        assert other.metrics.train_accuracy == pytest.approx(one.metrics.train_accuracy, abs=0.01)
        assert abs(other.test_errors - one.test_errors) <= 1


def test_a_checkpoint_is_an_ordinary_file_of_torch() -> None:
    run()
    values = torch.load("run/last.pt", weights_only=True)
    assert values["format_version"] == 2 and values["epoch"] == 1
    assert next(iter(values["state_dict"])) == "convblock1.0.weight"
    checkpoint = load_checkpoint(Path("run/last.pt"))
    assert checkpoint.network == REFERENCE.changed(dropout=0.0)
    assert checkpoint.settings["train"]["epochs"] == 2
    assert 0 < checkpoint.normalization.mean < 1


def test_last_is_there_from_the_first_epoch_on() -> None:
    for event in train(settings()):
        if isinstance(event, EpochDone):
            epoch = torch.load("run/last.pt", weights_only=True)["epoch"]
            assert epoch == event.metrics.epoch
            assert len(Path("run/metrics.csv").read_text().splitlines()) == epoch + 2
            assert record()["status"] == "running"


def test_with_a_hold_out_the_best_is_kept() -> None:
    result, _ = run(holdout=30, epochs=3)
    assert result.selection == "holdout" and result.best is not None
    values = torch.load("run/best.pt", weights_only=True)
    assert values["epoch"] == result.best.epoch
    assert find_checkpoint(Path("run")).name == "best.pt"
    assert record()["best"]["holdout_accuracy"] == result.best.holdout_accuracy


def test_plateau_keeps_the_models_that_its_rule_chooses() -> None:
    result, _ = run(recipe="plateau", epochs=6, learning_rate=0.1, target_accuracy=0.0)
    chosen = [
        f"modelbest_{epoch.metrics.test_accuracy:.4f}_epoch_{epoch.metrics.epoch}.pt"
        for epoch in result.epochs
        if epoch.is_best
    ]
    assert sorted(path.name for path in Path("run").glob("modelbest_*")) == sorted(chosen)
    assert result.selection == "test"
    assert (result.best is None) == (chosen == [])


def test_without_a_rate_plateau_tests_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnistops.training.lr_range.NUM_STEPS", 30)
    result, events = run(recipe="plateau", epochs=1)
    assert sum(isinstance(event, RangeStep) for event in events) <= 30
    (found,) = [event for event in events if isinstance(event, RateFound)]
    assert result.learning_rate == found.test.suggestion == result.epochs[0].metrics.learning_rate
    assert result.range_test == found.test


def test_the_range_test_leaves_the_run_as_it_would_have_been(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mnistops.training.lr_range.NUM_STEPS", 30)
    tested, _ = run(recipe="plateau", epochs=1)
    named, _ = run(recipe="plateau", epochs=1, learning_rate=tested.learning_rate, run_dir="other")
    losses = [result.final.metrics.train_loss for result in (tested, named)]
    assert losses[0] == losses[1]


def test_its_config_repeats_it() -> None:
    first, _ = run(holdout=20)
    again = load_settings({"train": {"run_dir": "again"}}, Path("run/config.toml")).settings
    second = result_of(train(again))
    pairs = zip(first.epochs, second.epochs, strict=True)
    assert all(one.metrics.train_loss == other.metrics.train_loss for one, other in pairs)
    weights = [torch.load(f"{name}/last.pt", weights_only=True) for name in ("run", "again")]
    keys = weights[0]["state_dict"]
    assert all(torch.equal(keys[key], weights[1]["state_dict"][key]) for key in keys)


def test_a_folder_that_is_not_empty_is_refused_and_left() -> None:
    Path("run").mkdir()
    Path("run/note").write_text("mine")
    with pytest.raises(CannotCreate, match="--run-dir run"):
        run()
    assert [path.name for path in Path("run").iterdir()] == ["note"]


def test_what_cannot_be_trained_makes_no_folder() -> None:
    with pytest.raises(mnistops.errors.UsageError):
        run(batch_size=1000)
    assert not Path("run").exists()


def test_a_run_that_fails_says_so() -> None:
    with pytest.raises(NotFinite):
        run(recipe="plateau", learning_rate=1e30)
    assert record()["status"] == "failed"


def test_a_run_that_is_given_up_says_so() -> None:
    for event in train(settings()):
        if isinstance(event, EpochDone):
            break
    del event
    assert record()["status"] == "interrupted"


def test_a_network_in_python_is_named_and_its_weights_are_its_own() -> None:
    Path("net.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Sequential):\n"
        "    def __init__(self):\n"
        "        super().__init__(nn.Flatten(), nn.Dropout(0.5), nn.Linear(784, 10))\n"
    )
    asked = settings().model_copy(
        update={"network": Settings(network={"name": "net.py:Net"}).network}
    )
    result = result_of(train(asked))
    assert result.network == "Net" and result.num_params == 7850
    values = torch.load("run/last.pt", weights_only=True)
    assert values["network"] == "net.py:Net"
    assert list(values["state_dict"]) == ["2.weight", "2.bias"]


@pytest.mark.mnist
@pytest.mark.slow
def test_an_epoch_on_mnist_reaches_98_percent() -> None:
    result = result_of(train(Settings(train={"epochs": 1})))
    assert result.final.metrics.test_accuracy > 0.98
