"""Checkpoints: ordinary torch.save files that say which network they hold.

At the top stand ``state_dict``, under the network's own keys, ``network`` (a NetworkSpec as plain
values, or the text ``file.py:NAME``), ``normalization`` (``mean``, ``std``), ``settings`` (sections
of plain values), ``epoch`` (from 0), ``format_version`` and ``digest``, of all the rest; where its
data set names them, ``class_names`` (texts). A run's ``last.pt`` also has ``training``: all that
the run needs to go on. The original code's checkpoints and bare state_dicts hold ``reference``.
Nothing in a file is ever run: it is read with ``weights_only=True`` or not at all.
"""

import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistops.bundled import bundled_checkpoint
from mnistops.checkpoint_parts import class_names_of, normalization_of, section_of
from mnistops.data.normalization import Normalization
from mnistops.digest import digest
from mnistops.disk import keep_predecessor, replace_file
from mnistops.errors import BadInput, MissingInput, suggestion
from mnistops.networks.load import load_builtin, load_python, load_toml
from mnistops.networks.spec import NetworkSpec
from mnistops.networks.zoo import REFERENCE, ZOO
from mnistops.torch_file import are_tensors, expect_whole, read_torch_file

if TYPE_CHECKING:
    from torch import Tensor, nn

FORMAT_VERSION = 2
"""1 had no digest, and nothing to go on with."""

LAST, PREVIOUS = "last.pt", "previous.pt"
"""A run's newest checkpoint, and the one before it."""

SUFFIXES = (".pt", ".pth")


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint file holds.

    Attributes:
        network: the spec, or ``file.py:NAME`` for a network in Python.
        state_dict: the weights, on the CPU.
        normalization: what the network's images were normalised with in training.
        settings: of the run, as plain values by section; empty where the file has none.
        engine: what trained it: its name, precision and number of threads; empty as well.
        training: what `mnistops.training.state.Training` goes on from; None as well.
        class_names: by output; None where the numbers are the names.
    """

    path: Path
    network: NetworkSpec | str
    state_dict: Mapping[str, "Tensor"]
    normalization: Normalization
    settings: Mapping[str, Any]
    engine: Mapping[str, Any]
    training: dict[str, Any] | None
    class_names: tuple[str, ...] | None = None

    def names_of(self, num_classes: int) -> tuple[str, ...] | None:
        """The names of the classes of its network, which has so many outputs.

        Raises:
            BadInput: there are more names, or fewer.
        """
        if self.class_names is not None and len(self.class_names) != num_classes:
            raise BadInput(
                f"{self.path}: expected {num_classes} names of classes, one for each output, "
                f"got {len(self.class_names)}"
            )
        return self.class_names

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
    training: Mapping[str, Any] | None = None,
    class_names: Sequence[str] | None = None,
) -> None:
    """Write a checkpoint in one step; its tensors are on the CPU, wherever the module is.

    Args:
        settings: that the run was asked for.
        engine: what ran it: its name, precision and number of threads.
        training: what the run needs to go on. With it the file that was there before stays, under
            the name of `PREVIOUS`.
        class_names: by output, where they are more than numbers.

    Raises:
        CannotCreate, CannotWrite: the file cannot be made.
    """
    import torch

    values: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "network": network if isinstance(network, str) else network.to_values(),
        "normalization": asdict(normalization),
        "settings": dict(settings),
        "epoch": epoch,
        "engine": dict(engine),
        "state_dict": module.state_dict(),
    }
    if training is not None:
        values["training"] = training
    if class_names is not None:
        values["class_names"] = list(class_names)
    values = _on_cpu(values)
    values["digest"] = digest(values)
    file = io.BytesIO()
    torch.save(values, file)
    if training is not None:
        keep_predecessor(path, path.with_name(PREVIOUS))
    replace_file(path, file.getvalue())


def _on_cpu(value: Any) -> Any:
    """The same values in plain dictionaries and lists, with their tensors on the CPU."""
    import torch

    if isinstance(value, torch.Tensor):
        return value.detach().cpu()
    if isinstance(value, Mapping):
        return {key: _on_cpu(held) for key, held in value.items()}
    return [_on_cpu(held) for held in value] if isinstance(value, list | tuple) else value


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

    A built-in network's name is that of its bundled checkpoint where no file has it. A run's best
    is ``best.pt``, else the ``modelbest_ACCURACY_epoch_N.pt`` of the highest accuracy; a run
    without a best has ``last.pt``.

    Raises:
        MissingInput: there is none.
    """
    if path.is_file():
        return path
    if str(path) in ZOO and not path.exists():
        return bundled_checkpoint(str(path))
    if not path.is_dir():
        raise MissingInput(
            f"{path}: expected a checkpoint or a run folder, got no such file",
            suggestion(str(path), ZOO),
        )
    for candidate in (path / "best.pt", *_by_accuracy(path), path / LAST):
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
    _expect_known(path, values)
    held = values.get("network", REFERENCE)
    network = (
        held if isinstance(held, NetworkSpec | str) else NetworkSpec.from_values(held, str(path))
    )
    normalization = normalization_of(path, values.get("normalization"))
    settings, engine, training = (
        section_of(path, values, name) for name in ("settings", "engine", "training")
    )
    names = class_names_of(path, values.get("class_names"))
    return Checkpoint(
        path, network, state_dict, normalization, settings or {}, engine or {}, training, names
    )


def _expect_known(path: Path, values: dict[Any, Any]) -> None:
    """Raises BadInput unless the file is of a format that is known here, and as it was written."""
    version = values.get("format_version", 1)
    if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
        raise BadInput(
            f"{path}: expected format version {FORMAT_VERSION} or an older one, "
            f"got {version!r:.20}",
            "a newer mnistops wrote it; upgrade this one",
        )
    if version == 1:
        return
    written = values.pop("digest", None)
    try:
        found = digest(values)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{path}: {error}") from None
    if written != found:
        raise BadInput(f"{path}: expected values of digest {written!s:.64}, got {found}")


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
