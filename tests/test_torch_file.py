"""Files of torch: what is read, and what is sound. Hostile ones are in test_checkpoint.py."""

import zipfile
from pathlib import Path

import pytest
import torch

from mnistops.errors import BadInput
from mnistops.torch_file import are_tensors, expect_whole, read_torch_file

PLAIN = Path("plain.pt")


def test_plain_values_come_back() -> None:
    torch.save({"a": torch.arange(3), "b": [1.5, "text"]}, PLAIN)
    values = read_torch_file(PLAIN)
    assert values["a"].tolist() == [0, 1, 2] and values["b"] == [1.5, "text"]


def test_packed_records_are_refused() -> None:
    """A few bytes could be gigabytes when they are unpacked."""
    torch.save({"a": torch.zeros(3)}, PLAIN)
    packed = Path("packed.pt")
    with zipfile.ZipFile(PLAIN) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(BadInput, match=r"expected records as torch.save stores them, got packed"):
        read_torch_file(packed)


def test_parts_of_a_storage_and_shared_ones_are_whole() -> None:
    storage = torch.zeros(10)
    expect_whole(PLAIN, {"part": storage[2:5], "same": storage, "turned": torch.ones(2, 3).T})


def test_names_are_text_and_values_tensors() -> None:
    assert are_tensors({"a": torch.zeros(1)})
    assert not are_tensors({"a": 1}) and not are_tensors({1: torch.zeros(1)})
