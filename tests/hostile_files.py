"""Files that mean harm, or are broken, in the place of a checkpoint."""

import io
import os
import pickle
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mnistops.digest import digest
from mnistops.networks.build import build
from mnistops.networks.zoo import REFERENCE

CANARY = Path("canary")


class Canary:
    """A pickle of this makes a folder when it is read without care."""

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(CANARY),))


def checkpoint() -> dict[str, Any]:
    """A sound one of ours, as plain values."""
    values: dict[str, Any] = {
        "format_version": 2,
        "network": REFERENCE.to_values(),
        "normalization": {"mean": 0.13, "std": 0.31},
        "settings": {},
        "epoch": 0,
        "engine": {},
        "state_dict": dict(build(REFERENCE).state_dict()),
        "training": {"epoch": 1, "step": 0},
    }
    return {**values, "digest": digest(values)}


def saved(values: object) -> bytes:
    """As torch.save writes it."""
    file = io.BytesIO()
    torch.save(values, file)
    return file.getvalue()


def repacked(change: Callable[[str, bytes], bytes], packing: int = zipfile.ZIP_STORED) -> bytes:
    """A sound checkpoint whose records were changed, with right checksums."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved(checkpoint()))) as old,
        zipfile.ZipFile(out, "w", packing) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return out.getvalue()


def _with_canary(*place: str) -> bytes:
    values = checkpoint()
    inner: Any = values
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = Canary()
    return saved(values)


def _pickled(name: str, data: bytes) -> bytes:
    return pickle.dumps(Canary()) if name.endswith("data.pkl") else data


def _larger(name: str, data: bytes) -> bytes:
    """The first storage's claim of its size; the record stays as small as it is."""
    return data.replace(b"K\x5a", b"J\xff\xff\xff\x7f", 1) if name.endswith("data.pkl") else data


def _script() -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):  # torch wants nobody to write these any more
        torch.jit.save(torch.jit.script(nn.Linear(2, 2)), file)
    return file.getvalue()


def _legacy() -> bytes:
    file = io.BytesIO()
    torch.save(checkpoint(), file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def _tar() -> bytes:
    """The oldest format: torch reads its pickles one after the other."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name in ("storages", "tensors", "pickle"):
            data = pickle.dumps(Canary())
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
        with archive.open("archive/data/0", "w") as record:
            for _ in range(1024):
                record.write(bytes(1 << 20))
    return out.getvalue()


def _some_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("hello.txt", "hello")
    return out.getvalue()


def _huge_network() -> bytes:
    block = {"name": "c", "type": "conv", "out_channels": 65536, "kernel_size": 65536}
    network = {"name": "huge", "input_size": [65536, 65536, 65536], "blocks": [block]}
    values = {**checkpoint(), "network": network}
    del values["digest"]
    return saved({**values, "digest": digest(values)})


def _huge_tensor() -> bytes:
    values = checkpoint()
    values["state_dict"]["convblock1.0.weight"] = torch.zeros(1).expand(1 << 20, 1 << 20)
    return saved(values)


def _nested() -> bytes:
    """A pickle of lists in one another, deeper than Python's stack."""
    deep = b"\x80\x02" + b"]" * 50_000 + b"a" * 49_999 + b"."
    return repacked(lambda name, data: deep if name.endswith("data.pkl") else data)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "canary at the top": lambda: saved(Canary()),
    "canary in state_dict": lambda: _with_canary("state_dict"),
    "canary as a weight": lambda: _with_canary("state_dict", "convblock1.0.weight"),
    "canary in network": lambda: _with_canary("network", "name"),
    "canary in settings": lambda: _with_canary("settings", "train"),
    "canary in training": lambda: _with_canary("training", "optimizer"),
    "canary beside": lambda: _with_canary("more"),
    "canary as the digest": lambda: _with_canary("digest"),
    "canary for the whole pickle": lambda: repacked(_pickled),
    "bare pickle": lambda: pickle.dumps(Canary()),
    "TorchScript": _script,
    "legacy": _legacy,
    "tar": _tar,
    "another zip": _some_zip,
    "bomb": _bomb,
    "packed": lambda: repacked(lambda _, data: data, zipfile.ZIP_DEFLATED),
    "a storage larger than its record": lambda: repacked(_larger),
    "huge network": _huge_network,
    "huge tensor": _huge_tensor,
    "nested": _nested,
    "empty": lambda: b"",
    "text": lambda: b"<html>503</html>",
    "half": lambda: saved(checkpoint())[:20_000],
    "newer format": lambda: saved({**checkpoint(), "format_version": 3}),
}
