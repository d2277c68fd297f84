"""Formats: what other tools read in the bytes, and what is read back."""

import importlib.util
import io
import json
import zipfile
from pathlib import Path

import onnx
import onnxruntime
import pytest
import safetensors
import torch

from mnistops.errors import UsageError
from mnistops.exports import formats
from mnistops.exports.formats import (
    expect_packages,
    open_onnx,
    open_pt2,
    open_safetensors,
    to_onnx,
    to_pt2,
    to_safetensors,
)
from mnistops.exports.program import trace
from mnistops.settings.export import ExportFormat
from tests.exports.made_originals import NORMALIZATION, made_original

IMAGES = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(1))
PLACES = (str(Path(torch.__file__).parents[1]).encode(), str(Path(__file__).parents[2]).encode())


def test_onnx_is_read_by_other_tools(capfd: pytest.CaptureFixture[str]) -> None:
    original = made_original(takes_pixels=True)
    data = to_onnx(trace(original), original.facts)
    assert capfd.readouterr().out == ""
    expected = original.classifier.module(NORMALIZATION(IMAGES))
    # onnxruntime as anybody would use it, and ONNX's own slow reference.
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    (image_input,), (output,) = session.get_inputs(), session.get_outputs()
    assert (image_input.name, image_input.shape) == ("images", ["batch", 1, 28, 28])
    assert (output.name, output.shape) == ("outputs", ["batch", 10])
    (computed,) = session.run(None, {"images": IMAGES.numpy()})
    assert torch.allclose(torch.from_numpy(computed), expected, atol=1e-5)
    reference = onnx.reference.ReferenceEvaluator(onnx.load_from_string(data))
    (computed,) = reference.run(None, {"images": IMAGES.numpy()})
    assert torch.allclose(torch.from_numpy(computed), expected, atol=1e-5)
    assert torch.allclose(open_onnx(data)(IMAGES), expected, atol=1e-5)
    assert session.get_modelmeta().custom_metadata_map == original.facts
    assert not any(place in data for place in PLACES) and b"pkg.torch" not in data


def test_pt2_is_read_by_torch() -> None:
    original = made_original()
    data = to_pt2(trace(original), original.facts)
    expected = original.module(IMAGES)
    extra = {"mnistops.json": ""}
    loaded = torch.export.load(io.BytesIO(data), extra_files=extra)
    assert torch.equal(loaded.module()(IMAGES), expected)
    assert json.loads(extra["mnistops.json"]) == original.facts
    for number in (1, 2, 5):
        assert torch.equal(open_pt2(data)(IMAGES[:number]), original.module(IMAGES[:number]))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = [archive.read(name) for name in archive.namelist()]
    assert not any(place in file for place in PLACES for file in files)


def test_safetensors_hold_the_weights(tmp_path: Path) -> None:
    original = made_original(takes_pixels=True)
    data = to_safetensors(original.weights, original.facts)
    (tmp_path / "a.safetensors").write_bytes(data)
    with safetensors.safe_open(tmp_path / "a.safetensors", "pt") as file:
        assert file.metadata() == {"format": "pt", **original.facts}
        held = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
    assert set(held) == set(original.weights)
    assert all(torch.equal(held[key], value) for key, value in original.weights.items())
    assert set(open_safetensors(data)) == set(held)


def test_weights_that_share_their_numbers_are_each_written() -> None:
    own = torch.rand(4, 3)
    weights = {"a": own, "b": own, "turned": own.T, "part": own[:2]}
    held = open_safetensors(to_safetensors(weights, {}))
    assert all(torch.equal(held[key], value) for key, value in weights.items())


@pytest.mark.parametrize(
    ("format_", "gone"),
    [("onnx", {"onnx", "onnxruntime"}), ("safetensors", {"safetensors"})],
)
def test_packages_that_are_not_there(
    monkeypatch: pytest.MonkeyPatch, format_: ExportFormat, gone: set[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(formats, "find_spec", lambda name: None if name in gone else find(name))
    with pytest.raises(UsageError) as error:
        expect_packages(format_)
    assert error.value.message == (
        f"--to {format_}: expected the packages of the extra `export`, got no "
        f"{', '.join(sorted(gone))}"
    )
    assert error.value.hint == 'pip install "mnistops[export]"'
    expect_packages("pt2")
