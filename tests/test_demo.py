"""Demo: what is put together of a checkpoint, and what no page can compute."""

import json
from pathlib import Path

import pytest
import torch

from mnistops.checkpoint import load_checkpoint
from mnistops.classifier import load_classifier
from mnistops.demo import Demo, demo, demo_path
from mnistops.errors import BadInput, CannotCreate, NotFinite
from mnistops.networks.spec import Conv, NetworkSpec
from mnistops.networks.zoo import TINY
from mnistops.settings import Settings
from tests.exports.made_originals import CODE, NORMALIZATION, write_checkpoint
from tests.training.benches import PLAIN


def made(checkpoint: str | Path, network: str | None = None) -> Demo:
    named = {"network": {"name": network}} if network else {}
    return demo(Settings.model_validate({"validate": {"checkpoint": checkpoint}, **named}))


def test_it_holds_the_network_and_what_it_makes_of_an_image() -> None:
    found = made(write_checkpoint(Path("a.pt")))
    classifier = load_classifier(load_checkpoint(Path("a.pt")))
    assert (found.spec, found.num_params, found.normalization) == (PLAIN, 712, NORMALIZATION)
    state = classifier.module.state_dict()
    assert {key for key in state if "num_batches" not in key} == set(found.weights)
    assert all(value.equal(state[key]) for key, value in found.weights.items())
    assert (found.check.image.shape, found.check.image.dtype) == ((1, 28, 28), torch.uint8)
    with torch.no_grad():
        outputs = classifier.module.eval()(NORMALIZATION(found.check.image / 255)[None])[0]
    torch.testing.assert_close(found.check.outputs, outputs)
    assert found.class_names == tuple("0123456789") and found.accuracy is None


def test_classes_and_sizes_are_the_networks_own() -> None:
    head = Conv(name="only", out_channels=3, kernel_size=(9, 12), norm="none")
    spec = NetworkSpec(name="odd", input_size=(1, 9, 12), blocks=(head,))
    found = made(write_checkpoint(Path("odd.pt"), spec))
    assert found.class_names == ("0", "1", "2")
    assert found.check.image.shape == (1, 9, 12)


def test_without_a_checkpoint_it_is_our_best_network() -> None:
    assert demo(Settings()).spec.name == "separable"


@pytest.mark.parametrize(
    ("names", "values", "shown"),
    [
        (("last.pt",), {"final": {"test_accuracy": 0.91}}, 0.91),
        (("best.pt",), {"best": {"test_accuracy": 0.93}}, 0.93),
        (("last.pt", "best.pt"), {"best": {"test_accuracy": 0.93}}, None),
        (("other.pt", "last.pt"), {"final": {"test_accuracy": 0.91}}, None),
        (("other.pt",), {"final": {"test_accuracy": 0.91}}, None),
        (("last.pt",), {"final": {"test_accuracy": "high"}}, None),
    ],
)
def test_its_accuracy_is_that_of_the_run_whose_result_it_is(
    names: tuple[str, ...], values: dict[str, object], shown: float | None
) -> None:
    Path("run").mkdir()
    for name in names:
        write_checkpoint(Path("run", name))
    record = {"status": "done", "dataset": "somewhere/digits", **values}
    Path("run/run.json").write_text(json.dumps(record))
    accuracy = made(Path("run", names[0])).accuracy
    assert (accuracy and accuracy.share) == shown
    assert accuracy is None or accuracy.dataset == "digits"
    Path("other.toml").write_text(PLAIN.changed((1, 31, 28)).to_toml())
    assert made(Path("run", names[0]), "other.toml").accuracy is None


@pytest.mark.parametrize(
    ("network", "named", "message"),
    [
        ("net.py:Net", None, "net.py:Net: expected a network of our blocks"),
        ("net.py:Net", "net.py:Net", "net.py:Net: expected a network of our blocks"),
        (TINY.changed((3, 28, 28)), None, "tiny: expected a network of images of one"),
    ],
)
def test_what_no_page_can_compute_is_refused(
    network: NetworkSpec | str, named: str | None, message: str
) -> None:
    Path("net.py").write_text(CODE)
    with pytest.raises(BadInput, match=message):
        made(write_checkpoint(Path("a.pt"), network), named)


def test_outputs_that_are_no_numbers_are_said() -> None:
    write_checkpoint(Path("a.pt"))
    weights = load_checkpoint(Path("a.pt")).state_dict
    torch.save({key: value.float() * torch.nan for key, value in weights.items()}, "nan.pt")
    Path("plain.toml").write_text(PLAIN.to_toml())
    with pytest.raises(NotFinite, match="plain: expected numbers as outputs"):
        made("nan.pt", "plain.toml")


def test_the_page_goes_where_it_is_told_to_or_beside_its_run() -> None:
    def path(file: str | None, checkpoint: str) -> Path:
        settings = Settings.model_validate({"output": {"out": file}})
        return demo_path(settings, Path(checkpoint))

    assert path("new/a.html", "x.pt") == Path("new/a.html") and Path("new").is_dir()
    assert path("new", "x.pt") == Path("new/demo.html")
    assert path("newer/", "x.pt") == Path("newer/demo.html") and Path("newer").is_dir()
    Path("run").mkdir()
    Path("run/run.json").write_text("{}")
    assert path(None, "run/last.pt") == Path("run/demo/demo.html")
    alone = path(None, "x.pt")
    assert alone.parent.parent == Path("runs") and alone.parent.name.endswith("-demo")
    Path("file").touch()
    with pytest.raises(CannotCreate):
        path("file/a.html", "x.pt")
