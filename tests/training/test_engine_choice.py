"""Which engine is taken: asked for, remembered, or the fastest of those that can."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import nn

from mnistops.disk import cache_folder
from mnistops.errors import ExitCode, UsageError
from mnistops.events import result_of
from mnistops.native.compiler import CannotBuild
from mnistops.networks.spec import NetworkSpec
from mnistops.settings.sections import TrainSettings
from mnistops.training.engine_choice import EngineMissed, choose_engine
from mnistops.training.engines import EngineChoice, Workbench
from tests.training.benches import PLAIN, made_bench

AUTO = TrainSettings()
SHORT, LONG = 100, 1_000_000


class Stopwatch:
    """In place of `Workbench.try_steps`: so many seconds for a step of each engine.

    Attributes:
        tried: the engines of each call.
    """

    def __init__(self, **seconds: float) -> None:
        self.seconds, self.tried = seconds, list[tuple[str, ...]]()
        self.precisions = set[str]()

    def __call__(self, choices: Sequence[EngineChoice], num_steps: int) -> list[list[float]]:
        self.tried.append(tuple(choice.engine for choice in choices))
        self.precisions |= {choice.precision for choice in choices}
        if any(choice.engine not in self.seconds for choice in choices):
            raise UsageError("--engine compiled: expected torch to compile it, got nothing")
        # Other programs make some steps slow; the fastest one counts.
        return [
            [self.seconds[choice.engine] * (1 + i % 3) for i in range(num_steps)]
            for choice in choices
        ]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    stopwatch = Stopwatch(eager=0.01, compiled=0.005, native=0.001)
    monkeypatch.setattr(
        Workbench, "try_steps", lambda _, choices, num_steps: stopwatch(choices, num_steps)
    )
    return stopwatch


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> int:
        raise CannotBuild("--engine native: expected a C++ compiler, got none", "install one")

    monkeypatch.setattr("mnistops.training.engines.lanes", fail)


def chosen(bench: Workbench, settings: TrainSettings, num_steps: int, *missed: str) -> EngineChoice:
    """The choice, where exactly these engines are said to be missing."""
    told: list[EngineMissed] = []
    choice = result_of(choose_engine(bench, settings, num_steps), told.append)
    assert [event.engine for event in told] == list(missed)
    return choice


def kept() -> list[Path]:
    return sorted((cache_folder() / "engines").glob("*"))


def test_the_fastest_is_found_once_and_recalled(watch: Stopwatch) -> None:
    first = chosen(made_bench(), AUTO, SHORT)
    assert first == EngineChoice("native")
    assert watch.tried == [("eager", "native")]
    assert chosen(made_bench(), AUTO, LONG) == first
    assert len(watch.tried) == 1
    (path,) = kept()
    assert json.loads(path.read_text()) == {
        "engine": "native",
        "seconds_per_step": {"eager": 0.01, "native": 0.001},
    }


def test_the_faster_one_is_taken_though_it_is_not_native(watch: Stopwatch) -> None:
    watch.seconds["eager"] = 0.0001
    assert chosen(made_bench(), AUTO, LONG) == EngineChoice("eager")
    assert chosen(made_bench(), AUTO, LONG) == EngineChoice("eager")
    assert watch.tried == [("eager", "native")]


def test_another_network_batch_or_number_of_threads_is_another_choice(watch: Stopwatch) -> None:
    conv = PLAIN.blocks[0].model_copy(update={"out_channels": 8})
    wider = PLAIN.model_copy(update={"blocks": (conv, *PLAIN.blocks[1:])})
    benches = [made_bench(), made_bench(wider), made_bench(batch_size=64)]
    for bench in benches:
        chosen(bench, AUTO, SHORT)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(threads + 1)
        chosen(made_bench(), AUTO, SHORT)
    finally:
        torch.set_num_threads(threads)
    assert len(watch.tried) == len(kept()) == 4


@pytest.mark.usefixtures("watch")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b'"native"',
        b"{}",
        b'{"engine": null}',
        b'{"engine": "warp drive"}',
        b'{"engine": ["native"]}',
    ],
)
def test_a_broken_or_foreign_file_is_ignored(content: bytes, watch: Stopwatch) -> None:
    chosen(made_bench(), AUTO, SHORT)
    (path,) = kept()
    path.write_bytes(content)
    watch.seconds["eager"] = 0.0001
    assert chosen(made_bench(), AUTO, SHORT) == EngineChoice("eager")
    assert len(watch.tried) == 2
    assert json.loads(path.read_text())["engine"] == "eager"


def test_a_folder_in_the_files_place_is_ignored(watch: Stopwatch) -> None:
    chosen(made_bench(), AUTO, SHORT)
    (path,) = kept()
    path.unlink()
    path.mkdir()
    assert chosen(made_bench(), AUTO, SHORT) == EngineChoice("native")
    assert len(watch.tried) == 2
    assert kept() == [path]


def test_a_memory_that_cannot_be_written_is_no_error(
    watch: Stopwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_bench().native_obstacle()  # the kernels are there already
    Path("cache").mkdir()
    Path("cache/mnistops").write_text("a file in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path("cache").absolute()))
    for tried in (1, 2):
        assert chosen(made_bench(), AUTO, SHORT) == EngineChoice("native")
        assert len(watch.tried) == tried


def test_a_cache_in_which_nothing_can_be_built_is_no_error(
    watch: Stopwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mnistops.native import network

    monkeypatch.setattr(network, "kernels", network.kernels.__wrapped__)
    Path("cache").mkdir()
    Path("cache/mnistops").write_text("a file in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path("cache").absolute()))
    assert chosen(made_bench(), AUTO, SHORT, "native") == EngineChoice("eager")
    assert watch.tried == [("eager",)]


@pytest.mark.parametrize("engine", ["eager", "compiled", "native"])
def test_what_is_asked_for_is_taken_untried(engine: str, watch: Stopwatch) -> None:
    settings = TrainSettings.model_validate({"engine": engine})
    choice = chosen(made_bench(), settings, SHORT)
    assert (choice.engine, choice.precision) == (engine, "fp32")
    assert watch.tried == [] and kept() == []


@pytest.mark.parametrize(
    ("network", "batch_size", "precision", "words"),
    [
        (nn.Linear(28, 10), 32, "auto", "a network in Python"),
        (PLAIN, 30, "fp32", "batches of 30 images, no multiple of"),
        (PLAIN, 32, "bf16", "precision bf16"),
    ],
    ids=["python", "batch", "bf16"],
)
def test_native_is_refused_with_a_hint_where_it_cannot_be(
    network: NetworkSpec | nn.Module, batch_size: int, precision: str, words: str
) -> None:
    bench = made_bench(network, batch_size=batch_size)
    settings = TrainSettings.model_validate({"engine": "native", "precision": precision})
    with pytest.raises(UsageError) as error:
        chosen(bench, settings, SHORT)
    assert error.value.message.startswith(
        f"--engine native: expected a network and a batch that it has code for, got {words}"
    )
    assert error.value.hint == "--engine auto takes the fastest engine that can train it"
    assert error.value.exit_code == ExitCode.USAGE


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_native_cannot_be_had() -> None:
    with pytest.raises(CannotBuild):
        chosen(made_bench(), TrainSettings(engine="native"), SHORT)


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_a_short_training_is_eager(watch: Stopwatch) -> None:
    assert chosen(made_bench(), AUTO, SHORT, "native") == EngineChoice("eager")
    assert watch.tried == [("eager",)]
    # Of a longer training more could be said.
    assert kept() == []


@pytest.mark.usefixtures("no_compiler")
def test_what_is_missing_is_said_once(watch: Stopwatch) -> None:
    del watch.seconds["compiled"]
    assert chosen(made_bench(), AUTO, LONG, "native") == EngineChoice("eager")
    assert watch.tried == [("eager",), ("eager", "compiled")]


def test_a_compiler_that_went_away_is_noticed(
    watch: Stopwatch, request: pytest.FixtureRequest
) -> None:
    assert chosen(made_bench(), AUTO, SHORT) == EngineChoice("native")
    request.getfixturevalue("no_compiler")
    assert chosen(made_bench(), AUTO, SHORT, "native") == EngineChoice("eager")
    assert watch.tried[-1] == ("eager",)


@pytest.mark.parametrize(("num_steps", "is_tried"), [(11_999, False), (12_001, True)])
def test_only_a_training_of_two_minutes_is_worth_compiling_for(
    num_steps: int, is_tried: bool, watch: Stopwatch
) -> None:
    choice = chosen(made_bench(batch_size=30), AUTO, num_steps)
    assert choice.engine == ("compiled" if is_tried else "eager")
    assert (("eager", "compiled") in watch.tried) == is_tried
    assert len(kept()) == is_tried


def test_a_compiled_one_that_is_no_faster_is_not_taken(watch: Stopwatch) -> None:
    watch.seconds["compiled"] = 0.02
    assert chosen(made_bench(batch_size=30), AUTO, LONG) == EngineChoice("eager")
    assert len(kept()) == 1


def test_where_compiling_fails_it_is_eager(watch: Stopwatch) -> None:
    del watch.seconds["compiled"]
    assert chosen(made_bench(batch_size=30), AUTO, LONG, "compiled") == EngineChoice("eager")
    assert watch.tried == [("eager",), ("eager", "compiled")]


@pytest.mark.parametrize("num_steps", [SHORT, LONG])
def test_bf16_is_never_native(num_steps: int, watch: Stopwatch) -> None:
    chosen(made_bench(), AUTO, num_steps)  # what is remembered of fp32 is not taken
    watch.tried.clear()
    choice = chosen(made_bench(), TrainSettings(precision="bf16"), num_steps)
    assert choice == EngineChoice("compiled" if num_steps == LONG else "eager", "bf16")
    assert not any("native" in engines for engines in watch.tried)
    assert watch.precisions == {"fp32", "bf16"}


def test_of_itself_it_is_fp32(watch: Stopwatch) -> None:
    chosen(made_bench(), AUTO, SHORT)
    assert watch.precisions == {"fp32"}
