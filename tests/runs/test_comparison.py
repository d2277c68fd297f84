"""A comparison: the mistakes of each run, from where they stand, on the same images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from mnistops.checkpoint import load_checkpoint, save_checkpoint
from mnistops.classifier import load_classifier
from mnistops.data.normalization import Normalization
from mnistops.errors import BadInput, MissingInput, MnistopsError, UsageError
from mnistops.evaluation import evaluate
from mnistops.events import result_of
from mnistops.networks.build import build
from mnistops.networks.zoo import ZOO
from mnistops.runs.comparison import CompareEvent, Comparison, RunEvaluating, compare_runs
from mnistops.runs.mcnemar import compare_mistakes
from mnistops.settings import Settings
from tests.made_data import made_set, write_dataset
from tests.runs.made_runs import made_run

RUNS = Path("runs")
PYTHON = """
from torch import nn

def Net():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
"""


def trained_run(name: str, seed: int, network: str = "tiny", file: str = "last.pt") -> None:
    """A run whose weights are random ones, always the same."""
    folder = made_run(RUNS / name, num_test=40)
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        module = build(ZOO[network])
    settings = {"data": {"dataset": "made"}}
    normalization = Normalization(0.3, 0.2)
    save_checkpoint(folder / file, ZOO[network], module, normalization, settings, 1, {})


def compared(*names: str, told: list[CompareEvent] | None = None, **sections: Any) -> Comparison:
    settings = Settings(device="cpu", **sections)
    return result_of(compare_runs(settings, names), None if told is None else told.append)


def refused(*names: str, **sections: Any) -> MnistopsError:
    with pytest.raises(MnistopsError) as error:
        compared(*names, **sections)
    return error.value


@pytest.fixture(autouse=True)
def made() -> None:
    write_dataset(Path("made"), 30, 40)


def wrong(path: Path) -> set[int]:
    """The mistakes of a checkpoint, found without a comparison."""
    checkpoint = load_checkpoint(path)
    module = load_classifier(checkpoint).module
    result = evaluate(module, made_set(40, seed=1), checkpoint.normalization)
    return {mistake.index for mistake in result.mistakes}


def test_checkpoints_are_run_over_the_test_images() -> None:
    trained_run("a", 0)
    trained_run("b", 1)
    trained_run("b2", 2, file="best.pt")
    told: list[CompareEvent] = []
    result = compared("a", "runs/b", "b2", told=told)
    expected = [wrong(RUNS / "a/last.pt"), wrong(RUNS / "b/last.pt"), wrong(RUNS / "b2/best.pt")]
    assert [set(run.mistakes) for run in result.runs] == expected
    assert [run.source for run in result.runs] == ["last.pt", "last.pt", "best.pt"]
    assert result.pairs == compare_mistakes(expected)
    assert result.runs[0].accuracy == (40 - len(expected[0])) / 40
    assert (result.dataset, len(result.runs[0].metrics)) == ("made", 2)
    begun = [event for event in told if isinstance(event, RunEvaluating)]
    assert [(event.place, event.num_runs) for event in begun] == [(0, 3), (1, 3), (2, 3)]


def test_a_study_has_written_its_mistakes_down() -> None:
    for name, mistakes in (("a", [1, 2]), ("b", [2, 3])):
        made_run(RUNS / name, wrong=mistakes, dataset="gone")
    told: list[CompareEvent] = []
    result = compared("a", "b", told=told)
    assert [run.mistakes for run in result.runs] == [(1, 2), (2, 3)]
    assert {run.source for run in result.runs} == {"result.json"}
    assert told == []


def test_a_data_set_that_is_named_is_what_all_are_run_over() -> None:
    for name in ("a", "b"):
        trained_run(name, 0)
    (RUNS / "b" / "run.json").write_text('{"dataset": "gone"}')
    write_dataset(Path("other"), 30, 25)
    result = compared("a", "b", data={"dataset": "other"})
    assert [run.num_test for run in result.runs] == [25, 25]
    assert result.dataset == "other"


def test_a_network_in_python_is_told_its_code() -> None:
    Path("net.py").write_text(PYTHON)
    for name in ("a", "b"):
        folder = made_run(RUNS / name, num_test=40)
        normalization = Normalization(0.3, 0.2)
        module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
        data = {"data": {"dataset": "made"}}
        save_checkpoint(folder / "last.pt", "net.py:Net", module, normalization, data, 1, {})
    trained_run("c", 0)
    error = refused("a", "b")
    assert isinstance(error, BadInput) and error.hint == "name the code: --network net.py:Net"
    result = compared("a", "b", "c", network={"name": "net.py:Net"})
    assert len(result.pairs) == 3


@pytest.mark.parametrize("names", [(), ("a",), ("a", "a"), ("a", "runs/a"), ("a", "b", "./runs/b")])
def test_two_runs_are_needed_each_once(names: Sequence[str]) -> None:
    for name in ("a", "b"):
        made_run(RUNS / name, wrong=[1])
    assert isinstance(refused(*names), UsageError)


def test_runs_on_other_images_are_refused() -> None:
    made_run(RUNS / "a", wrong=[1], dataset="mnist")
    made_run(RUNS / "b", wrong=[1], dataset="made")
    error = refused("a", "b")
    assert isinstance(error, BadInput)
    assert error.message.startswith(
        "runs compare: expected the same data set in all runs, got mnist"
    )
    made_run(RUNS / "c", wrong=[1], dataset=None)
    assert refused("a", "c").message == (
        "runs/c: expected a run that tells its data set, got none told"
    )


def test_runs_on_another_number_of_images_are_refused() -> None:
    made_run(RUNS / "a", wrong=[1])
    trained_run("b", 0)
    error = refused("a", "b")
    assert error.message == (
        "runs compare: expected as many test images in all runs, got 1000 in a and 40 in b"
    )


def test_the_same_folder_by_another_name_is_the_same_data_set() -> None:
    made_run(RUNS / "a", wrong=[1], dataset="made")
    made_run(RUNS / "b", wrong=[1], dataset=str(Path("made").absolute()))
    assert len(compared("a", "b").pairs) == 1


def test_a_run_without_weights_cannot_be_judged() -> None:
    made_run(RUNS / "a", wrong=[1])
    made_run(RUNS / "b", status="running")
    assert isinstance(refused("a", "b"), MissingInput)
    (RUNS / "c").mkdir()
    assert isinstance(refused("a", "c"), MissingInput)
    (RUNS / "c" / "run.json").write_text("{")
    assert isinstance(refused("a", "c"), BadInput)
