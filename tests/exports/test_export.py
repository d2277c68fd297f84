"""Export: files that are proven, and none that are not."""

from pathlib import Path

import onnxruntime
import pytest

from mnistops.bundled import bundled_checkpoint
from mnistops.checkpoint import load_checkpoint
from mnistops.classifier import load_classifier
from mnistops.data.images import open_dataset
from mnistops.errors import BadInput, MissingInput, UsageError
from mnistops.evaluation import evaluate
from mnistops.events import result_of
from mnistops.exports import export as module
from mnistops.exports import latency
from mnistops.exports.export import (
    ExportEvent,
    ExportResult,
    FormatBegun,
    TimingBegun,
    export,
)
from mnistops.networks.zoo import ZOO
from mnistops.settings import Settings
from tests.exports.made_originals import CODE, NORMALIZATION, write_checkpoint
from tests.runs.made_runs import made_run
from tests.training.benches import PLAIN

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "SECONDS", 0.001)
    monkeypatch.setattr(latency, "NUM_ROUNDS", 1)
    Path("net.py").write_text(CODE)


def exported(
    to: str, named: Path | str, told: list[ExportEvent] | None = None, **sections: object
) -> ExportResult:
    sections = {"output": {"out": "out"}, **sections}
    settings = Settings(export={"to": to}, **sections)
    return result_of(export(settings, Path(named)), None if told is None else told.append)


def names() -> set[str]:
    return {path.name for path in Path("out").iterdir()}


def test_every_format_of_a_network_of_our_blocks() -> None:
    path = write_checkpoint(Path("made.pt"))
    told: list[ExportEvent] = []
    result = exported("onnx,pt2,safetensors,onnx", path, told)
    assert result.is_proven
    assert [file.format for file in result.files] == ["onnx", "pt2", "safetensors"]
    assert names() == {"plain.onnx", "plain.pt2", "plain.safetensors"}
    for file in result.files:
        assert file.path is not None and file.path.stat().st_size == file.num_bytes
        assert file.proof.difference <= file.proof.limit
        assert (file.milliseconds is None) == (file.format == "safetensors")
    assert (result.network, result.checkpoint, result.normalization) == (
        "plain", path, NORMALIZATION,
    )  # fmt: skip
    assert all(value > 0 for value in result.milliseconds.values())
    formats = [FormatBegun("onnx"), FormatBegun("pt2"), FormatBegun("safetensors")]
    assert told == [*formats, TimingBegun()]


def test_a_network_in_python_is_named_its_code() -> None:
    path = write_checkpoint(Path("net.pt"), "net.py:Net")
    with pytest.raises(BadInput, match="expected a network of our blocks") as error:
        exported("safetensors", path)
    assert error.value.hint == "name the code: --network net.py:Net"
    result = exported("pt2,safetensors", path, network={"name": "net.py:Net"})
    assert result.is_proven and names() == {"Net.pt2", "Net.safetensors"}


def test_what_computes_something_else_is_not_written() -> None:
    path = write_checkpoint(Path("net.pt"), "net.py:Random")
    Path("out").mkdir()
    Path("out/Random.pt2").write_text("older")
    result = exported("pt2,safetensors", path, network={"name": "net.py:Random"})
    assert not result.is_proven
    failed, weights = result.files
    assert (failed.path, failed.milliseconds) == (None, None)
    assert failed.proof.difference > failed.proof.limit
    assert weights.path == Path("out/Random.safetensors")
    assert names() == {"Random.pt2", "Random.safetensors"}
    assert Path("out/Random.pt2").read_text() == "older"


def test_files_go_into_the_run_or_a_new_folder() -> None:
    run = made_run(Path("runs/a"))
    write_checkpoint(run / "last.pt")
    (file,) = exported("safetensors", run, output={}).files
    assert file.path == Path("runs/a/export/plain.safetensors")
    (file,) = exported("safetensors", write_checkpoint(Path("made.pt")), output={}).files
    assert file.path is not None and file.path.parent.name.endswith("-made-export")


def test_a_built_in_network_is_named() -> None:
    result = exported("safetensors", "tiny")
    assert (result.network, result.num_params) == ("tiny", 940)


@pytest.mark.slow
@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("normalize", [False, True])
def test_every_built_in_network_in_every_format(name: str, normalize: bool) -> None:
    settings = Settings(
        export={"to": "onnx,pt2,safetensors", "normalize": normalize}, output={"out": "out"}
    )
    result = result_of(export(settings, Path(name)))
    assert result.is_proven and result.takes_pixels == normalize
    assert len(names()) == 3


@pytest.mark.mnist
def test_the_exported_network_makes_the_same_mistakes() -> None:
    settings = Settings(export={"normalize": True}, output={"out": "out"})
    (file,) = result_of(export(settings, Path("reference"))).files
    session = onnxruntime.InferenceSession(file.path, providers=["CPUExecutionProvider"])
    test = result_of(open_dataset(settings.data)).test
    (outputs,) = session.run(None, {"images": (test.images.float() / 255).numpy()})
    wrong = (outputs.argmax(1) != test.labels.numpy()).nonzero()[0].tolist()
    checkpoint = load_checkpoint(bundled_checkpoint("reference"))
    found = evaluate(load_classifier(checkpoint).module, test, checkpoint.normalization)
    assert wrong == sorted(mistake.index for mistake in found.mistakes)
    assert f"these are the {len(wrong)} mistakes" in README.read_text()


def test_names_of_files_are_plain() -> None:
    spec = PLAIN.model_copy(update={"name": "../[red] é/x"})
    (file,) = exported("safetensors", write_checkpoint(Path("made.pt"), spec)).files
    assert file.path == Path("out/red-x.safetensors")


def test_nothing_is_begun_without_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(format_: str) -> None:
        raise UsageError(f"--to {format_}: expected")

    with pytest.raises(MissingInput):
        exported("pt2", "none.pt")
    monkeypatch.setattr(module, "expect_packages", missing)
    with pytest.raises(UsageError, match="--to onnx"):
        exported("onnx", "none.pt")
    assert not Path("out").exists()
