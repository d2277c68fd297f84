"""Checkpoints: ordinary torch.save files that say which network they hold.

At the top stand ``state_dict``, under the network's own keys, ``network`` (a NetworkSpec as plain
values, or the text ``file.py:NAME``), ``normalization`` (``mean``, ``std``), ``settings`` (sections
of plain values), ``epoch`` (from 0) and ``format_version``. The original code's checkpoints
(``epoch``, ``valid_loss_min``, ``state_dict``, ``optimizer``) and bare state_dicts hold
``reference``. Nothing in a file is ever run: it is read with ``weights_only=True`` or not at all.
"""

import io
import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistops.data.normalization import SEED_NORMALIZATION, Normalization
from mnistops.disk import replace_file
from mnistops.errors import BadInput, MissingInput
from mnistops.networks.load import load_builtin, load_python, load_toml
from mnistops.networks.spec import NetworkSpec
from mnistops.networks.zoo import REFERENCE, ZOO
from mnistops.torch_file import are_tensors, expect_whole, read_torch_file

if TYPE_CHECKING:
    from torch import Tensor, nn

FORMAT_VERSION = 1
SUFFIXES = (".pt", ".pth")


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint file holds.

    Attributes:
        network: the spec, or ``file.py:NAME`` for a network in Python.
        state_dict: the weights, on the CPU.
        normalization: what the network's images were normalised with in training.
        settings: of the run, as plain values by section; empty where the file has none.
    """

    path: Path
    network: NetworkSpec | str
    state_dict: Mapping[str, "Tensor"]
    normalization: Normalization
    settings: Mapping[str, Any]

    def own_spec(self, advice: str) -> NetworkSpec:
        """The network, if it is one of our blocks.

        Args:
            advice: the hint's beginning, before ``file.py:NAME``.

        Raises:
            BadInput: it is in Python.
        """
        if isinstance(self.network, NetworkSpec):
            return self.network
        raise BadInput(
            f"{self.path}: expected a network of our blocks, got one in Python, "
            "whose code a checkpoint never runs",
            f"{advice}{self.network}",
        )


def save_checkpoint(
    path: Path,
    network: NetworkSpec | str,
    module: "nn.Module",
    normalization: Normalization,
    settings: Mapping[str, Any],
    epoch: int,
    engine: Mapping[str, Any],
) -> None:
    """Write a checkpoint in one step; its tensors are on the CPU, wherever the module is.

    Args:
        settings: that the run was asked for.
        engine: what ran it: its name, precision and number of threads.

    Raises:
        CannotCreate, CannotWrite: the file cannot be made.
    """
    import torch

    values = {
        "format_version": FORMAT_VERSION,
        "network": network if isinstance(network, str) else network.to_values(),
        "normalization": asdict(normalization),
        "settings": dict(settings),
        "epoch": epoch,
        "engine": dict(engine),
        "state_dict": {key: value.cpu() for key, value in module.state_dict().items()},
    }
    file = io.BytesIO()
    torch.save(values, file)
    replace_file(path, file.getvalue())


def open_network(source: str, channels: int | None = None) -> "NetworkSpec | nn.Module":
    """The network that the user names.

    Args:
        channels: of the input it is wanted for; trained weights take one number of them only.
        source: a built-in name, ``file.toml``, ``file.py:NAME`` (its code is run), a checkpoint,
            or a run folder (its best checkpoint, else its last).

    Raises:
        UsageError: an unknown built-in name.
        MissingInput: the file that is named does not exist.
        BadInput: the file holds no network.
    """
    path = Path(source)
    file, colon, name = source.rpartition(":")
    if source in ZOO:
        return ZOO[source]
    if colon and file.endswith(".py"):
        return load_python(Path(file), name)
    if path.suffix == ".toml":
        return load_toml(path)
    if path.suffix == ".py":
        raise BadInput(f"{source}: expected file.py:NAME, got no name", f"try {source}:Net")
    if path.exists() or path.suffix in SUFFIXES or os.sep in source:
        return _network_of(load_checkpoint(find_checkpoint(path)), channels)
    return load_builtin(source)


def _network_of(checkpoint: Checkpoint, channels: int | None) -> NetworkSpec:
    expect_weights_fit(checkpoint)
    spec = checkpoint.own_spec("name the code itself: ")
    if channels not in (None, spec.input_size[0]):
        raise BadInput(
            f"{checkpoint.path}: expected an input of {spec.input_size[0]} channels, as its "
            f"weights have, got {channels}"
        )
    return spec


def find_checkpoint(path: Path) -> Path:
    """The checkpoint at ``path``, or in it if it is a run folder.

    A run's best is ``best.pt``, else the ``modelbest_ACCURACY_epoch_N.pt`` of the highest accuracy;
    a run without a best has ``last.pt``.

    Raises:
        MissingInput: there is none.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise MissingInput(f"{path}: expected a checkpoint or a run folder, got no such file")
    for candidate in (path / "best.pt", *_by_accuracy(path), path / "last.pt"):
        if candidate.is_file():
            return candidate
    raise MissingInput(f"{path}: expected a run folder with best.pt or last.pt, got neither")


def _by_accuracy(folder: Path) -> list[Path]:
    """The ``modelbest_ACCURACY_epoch_N.pt`` files in a folder, the best first.

    A later one is better than an earlier one: only a better epoch is saved, by less than the four
    digits show, maybe.
    """
    name = re.compile(r"modelbest_([01]\.\d+)_epoch_(\d+)\.pt")
    named = [(name.fullmatch(file.name), file) for file in folder.iterdir()]
    found = [(float(match[1]), int(match[2]), file) for match, file in named if match]
    return [file for _, _, file in sorted(found, reverse=True)]


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint, whichever of the known forms it has.

    Raises:
        MissingInput: there is no such file, or it cannot be read.
        BadInput: it is no checkpoint, or of a newer format.
    """
    values = read_torch_file(path)
    state_dict = values.get("state_dict", values)
    if not isinstance(state_dict, dict) or not state_dict or not are_tensors(state_dict):
        raise BadInput(f"{path}: expected a checkpoint with tensors by name, got something else")
    expect_whole(path, state_dict)
    if state_dict is values:
        values = {}
    version = values.get("format_version", FORMAT_VERSION)
    if type(version) is not int or version != FORMAT_VERSION:
        raise BadInput(
            f"{path}: expected format version {FORMAT_VERSION}, got {version!r:.20}",
            "a newer mnistops wrote it; upgrade this one",
        )
    held = values.get("network", REFERENCE)
    network = (
        held if isinstance(held, NetworkSpec | str) else NetworkSpec.from_values(held, str(path))
    )
    settings = values.get("settings", {})
    if not isinstance(settings, dict):
        raise BadInput(f"{path}: expected settings by section, got {settings!r:.80}")
    normalization = _normalization(path, values.get("normalization"))
    return Checkpoint(path, network, state_dict, normalization, settings)


def _normalization(path: Path, held: object) -> Normalization:
    if held is None:
        return SEED_NORMALIZATION
    if isinstance(held, dict) and set(held) == {"mean", "std"}:
        mean, std = held["mean"], held["std"]
        are_floats = isinstance(mean, float) and isinstance(std, float)
        if are_floats and math.isfinite(mean) and 0 < std < math.inf:
            return Normalization(mean, std)
    raise BadInput(f"{path}: expected a mean and a positive std of pixels, got {held!r:.80}")


def expect_weights_fit(checkpoint: Checkpoint, module: "nn.Module | None" = None) -> None:
    """Hold the weights against the network.

    Args:
        module: None takes the checkpoint's own network, unless that is in Python.

    Raises:
        BadInput: a weight is missing, too many or of another shape; the first five are listed.
    """
    if module is None:
        if isinstance(checkpoint.network, str):
            return
        module = _on_meta(checkpoint.path, checkpoint.network)
    expected = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    got = {key: tuple(value.shape) for key, value in checkpoint.state_dict.items()}
    differences = [
        f"{key:.80} {got.get(key, 'missing')} for {expected.get(key, 'none')}"
        for key in {**expected, **got}
        if got.get(key) != expected.get(key)
    ]
    if differences:
        network = checkpoint.network
        name = network.name if isinstance(network, NetworkSpec) else network
        raise BadInput(
            f"{checkpoint.path}: expected the weights of {name}, "
            f"got {len(differences)} that differ: " + "; ".join(differences[:5])
        )


def _on_meta(path: Path, spec: NetworkSpec) -> "nn.Module":
    """The network without any numbers in it."""
    import torch

    from mnistops.networks.build import build

    try:
        with torch.device("meta"):
            return build(spec)
    except RuntimeError:
        raise BadInput(
            f"{path}: expected a network that torch can hold, got one too large"
        ) from None
