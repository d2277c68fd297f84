"""Settings of an export: formats as people write them."""

import pytest
from pydantic import ValidationError

from mnistops.settings import Settings


def test_formats_are_a_list() -> None:
    assert Settings().export.to == ()
    assert Settings(export={"to": "onnx, pt2"}).export.to == ("onnx", "pt2")
    assert Settings(export={"to": ["onnx", "safetensors"]}).export.to == ("onnx", "safetensors")
    with pytest.raises(ValidationError):
        Settings.model_validate({"export": {"to": "onxx"}})
