"""A bench's result: which is best, and by how much."""

from dataclasses import replace

from mnistops.benchmark.events import BenchResult, LeftOut, Measured
from mnistops.benchmark.machine import Machine
from mnistops.benchmark.work import Work


def measured(name: str, rate: float, is_reference: bool = False) -> Measured:
    return Measured(name, is_reference, rate, 60_000 / rate, 0.0, rate / 20_000)


RESULT = BenchResult(
    network="net",
    num_params=5340,
    device="cpu (2 threads)",
    num_images=60_000,
    batch_size=128,
    dropout=(0.0, 0.03),
    machine=Machine(2e11, 4e10),
    work=Work(10_000_000, 400_000),
    pipelines=(
        measured("reference (0 workers)", 1000, True),
        measured("reference (2 workers)", 1250, True),
        measured("eager", 2000),
        measured("native", 12_500),
        measured("compiled", 4000),
    ),
    left_out=(LeftOut("compiled bf16", "it does not work"),),
)


def test_the_best_engine_is_held_against_the_better_reference() -> None:
    assert RESULT.reference is not None and RESULT.reference.name == "reference (2 workers)"
    assert RESULT.best is not None and RESULT.best.name == "native"
    assert RESULT.ratio_best_to_reference == 10
    assert [RESULT.ratio(pipeline) for pipeline in RESULT.pipelines] == [0.8, 1, 1.6, 10, 3.2]


def test_without_a_reference_there_is_no_ratio() -> None:
    alone = replace(RESULT, pipelines=RESULT.pipelines[2:])
    assert (alone.reference, alone.ratio_best_to_reference) == (None, None)
    assert alone.ratio(alone.pipelines[0]) is None


def test_without_an_engine_there_is_no_ratio() -> None:
    alone = replace(RESULT, pipelines=RESULT.pipelines[:2])
    assert (alone.best, alone.ratio_best_to_reference) == (None, None)
