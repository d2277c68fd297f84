"""The bench: what is measured, in which order, and what is left out."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from mnistops.benchmark import bench as benches
from mnistops.benchmark.bench import NUM_ROUNDS, bench
from mnistops.benchmark.events import (
    BenchBegun,
    BenchResult,
    LeftOut,
    PipelineOpened,
    PipelineOpening,
    RoundDone,
)
from mnistops.benchmark.machine import Machine
from mnistops.benchmark.pipelines import Pipeline
from mnistops.benchmark.reference import ReferencePipeline
from mnistops.classifier import open_classifier
from mnistops.errors import BadInput, NotFinite
from mnistops.events import result_of
from mnistops.settings import Settings
from mnistops.settings.tree import deep_merge
from mnistops.training.engines import Workbench
from tests.made_data import write_dataset

PYTHON = """
import torch
from torch import nn
def Net():
    return nn.Sequential(nn.Conv2d(1, 4, 5, stride=3), nn.Dropout(0.5), nn.Flatten(),
        nn.Linear(256, 10))
class Odd(nn.Sequential):
    def forward(self, images):
        return super().forward(torch.fft.fft2(images).abs())
def Uncounted():
    return Odd(nn.Flatten(), nn.Linear(784, 10))
"""
REFERENCES = ["reference (0 workers)", "reference (2 workers)"]


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset(Path("made"), 120, 50)
    Path("net.py").write_text(PYTHON)
    monkeypatch.setattr(benches, "measure_machine", lambda _: Machine(1e9, 1e9))


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What is measured from now on, turn by turn."""
    given: list[float] = []
    monkeypatch.setattr(benches, "measure_rate", lambda *_: given.pop(0))
    return given


def run(*engines: str, events: list[Any] | None = None, **sections: Any) -> BenchResult:
    values: dict[str, Any] = {
        "data": {"dataset": "made"},
        "train": {"batch_size": 16},
        "bench": {"seconds": 0.01, "engines": engines},
    }
    steps = bench(Settings(**deep_merge(values, sections)))
    return result_of(steps, None if events is None else events.append)


def names(result: BenchResult) -> list[str]:
    return [pipeline.name for pipeline in result.pipelines]


def test_the_reference_stands_beside_each_engine() -> None:
    result = run("eager", "native")
    assert names(result) == [*REFERENCES, "eager", "native"]
    assert [pipeline.is_reference for pipeline in result.pipelines] == [True, True, False, False]
    for pipeline in result.pipelines:
        assert pipeline.images_per_second > 0
        assert pipeline.seconds_per_epoch == 120 / pipeline.images_per_second
    assert [pipeline.compile_seconds == 0 for pipeline in result.pipelines] == [True] * 3 + [False]
    assert (result.network, result.num_params, result.batch_size) == ("reference", 5340, 16)
    assert result.dropout == (0.0, 0.03)
    assert result.left_out == ()


def test_pipelines_take_turns_and_medians_count(rates: list[float]) -> None:
    rates += [100.0, 10.0, 1.0, 300.0, 30.0, 3.0, 200.0, 20.0, 2.0]
    rates += [400.0, 40.0, 4.0, 500.0, 50.0, 5.0]
    events: list[Any] = []
    result = run("eager", events=events)
    assert [pipeline.images_per_second for pipeline in result.pipelines] == [300, 30, 3]
    turns = [event for event in events if isinstance(event, RoundDone)]
    assert [turn.name for turn in turns] == [*REFERENCES, "eager"] * NUM_ROUNDS
    assert [turn.number for turn in turns] == list(range(1, 16))
    assert {turn.num_rounds for turn in turns} == {15}
    assert turns[3].images_per_second == 300


def test_what_is_done_is_told_in_order(rates: list[float]) -> None:
    rates += [1.0] * 15
    events: list[Any] = []
    run("eager", events=events)
    told = [event for event in events if not isinstance(event, RoundDone)]
    assert told[1:] == [
        BenchBegun("reference", 5340, told[1].device, 120),
        PipelineOpening("reference"),
        PipelineOpened("reference (0 workers)", 0.0),
        PipelineOpened("reference (2 workers)", 0.0),
        PipelineOpening("eager"),
        PipelineOpened("eager", 0.0),
    ]


def test_the_share_is_of_what_the_machine_could_do(rates: list[float]) -> None:
    rates += [12.0] * 15
    result = run("eager")
    assert result.work is not None and result.work.flop == 8_220_060
    assert result.pipelines[0].share_of_limit == pytest.approx(12 * 8_220_060 / 1e9)


def test_all_engines_are_measured_unless_some_are_named(
    monkeypatch: pytest.MonkeyPatch, rates: list[float]
) -> None:
    monkeypatch.setattr(Workbench, "build", lambda *_: 0.0)
    rates += [1.0] * 30
    assert names(run()) == [*REFERENCES, "eager", "compiled", "compiled bf16", "native"]


def test_without_torchvision_the_rest_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    events: list[Any] = []
    result = run("eager", events=events)
    assert names(result) == ["eager"]
    (left_out,) = result.left_out
    assert left_out.name == "reference"
    assert left_out.reason.startswith("torchvision: expected to import it, got: ")
    assert left_out in events
    assert result.ratio_best_to_reference is None


def test_without_a_compiler_native_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from mnistops.native.network import kernels

    kernels.cache_clear()
    monkeypatch.setenv("CXX", "no-such-compiler")
    result = run("eager", "native")
    assert names(result) == [*REFERENCES, "eager"]
    reason = "expected a C++ compiler, got none (no-such-compiler)"
    assert result.left_out == (LeftOut("native", reason),)


def test_an_engine_that_fails_is_left_out(
    monkeypatch: pytest.MonkeyPatch, rates: list[float]
) -> None:
    def fail(*_: object) -> float:
        raise BadInput("--engine compiled: expected torch to compile it, got: no")

    monkeypatch.setattr(Workbench, "build", fail)
    rates += [1.0] * 10
    result = run("compiled", "compiled-bf16")
    assert [one.name for one in result.left_out] == ["compiled", "compiled bf16"]
    assert {one.reason for one in result.left_out} == {"expected torch to compile it, got: no"}
    assert result.ratio_best_to_reference is None


def test_a_network_in_python_is_measured_where_it_can_be() -> None:
    result = run("eager", "native", network={"name": "net.py:Net"})
    assert names(result) == [*REFERENCES, "eager"]
    (left_out,) = result.left_out
    assert left_out.reason == "expected what the kernels have code for, got a network in Python"
    # 64 outputs of 25 multiply-adds in 4 channels, no gradient of the images; 2560 thrice.
    assert result.work is not None and result.work.flop == 2 * (2 * 4 * 64 * 25 + 3 * 2560)


def test_work_that_cannot_be_counted_has_no_share() -> None:
    result = run("eager", network={"name": "net.py:Uncounted"})
    assert result.work is None
    assert {pipeline.share_of_limit for pipeline in result.pipelines} == {None}
    assert result.ratio_best_to_reference is not None


def test_what_is_asked_for_holds_for_all(
    monkeypatch: pytest.MonkeyPatch, rates: list[float]
) -> None:
    rates += [1.0] * 15
    probabilities: list[float] = []

    def keep(pipeline: ReferencePipeline, classifier: Any, *others: Any) -> None:
        layers = classifier.module.modules()
        probabilities.extend(one.p for one in layers if isinstance(one, torch.nn.Dropout))
        made(pipeline, classifier, *others)

    made = ReferencePipeline.__init__
    monkeypatch.setattr(ReferencePipeline, "__init__", keep)
    assert run("eager", network={"dropout": 0.25}).dropout == (0.25, 0.25)
    assert set(probabilities) == {0.25}


def test_the_references_dropout_is_the_seeds(
    monkeypatch: pytest.MonkeyPatch, rates: list[float]
) -> None:
    rates += [1.0] * 15
    opened: list[float | None] = []

    def keep(settings: Any, task: Any) -> Any:
        opened.append(settings.dropout)
        return open_classifier(settings, task)

    monkeypatch.setattr(benches, "open_classifier", keep)
    run("eager", train={"recipe": "one-cycle"})
    assert opened == [0.03, 0.03]


def test_the_global_random_numbers_are_left_alone() -> None:
    state = torch.get_rng_state()
    run("eager")
    assert torch.equal(torch.get_rng_state(), state)


def test_a_loss_that_is_no_number_says_whose(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Pipeline, __: float) -> float:
        raise FloatingPointError(float("nan"))

    monkeypatch.setattr(benches, "measure_rate", fail)
    words = r"reference \(0 workers\): expected a number as the loss, got nan"
    with pytest.raises(NotFinite, match=words):
        run("eager")


@pytest.mark.slow
def test_compiled_engines_are_measured() -> None:
    result = run("compiled", "compiled-bf16")
    assert names(result) == [*REFERENCES, "compiled", "compiled bf16"]
    assert all(pipeline.compile_seconds > 0 for pipeline in result.pipelines[2:])


@pytest.mark.gpu
def test_it_runs_on_a_gpu() -> None:
    result = run("eager", device="cuda:0")
    assert names(result) == [*REFERENCES, "eager"]
    assert result.device.startswith("cuda:0 (")
