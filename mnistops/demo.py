"""Demo: all that a page needs to be a trained network."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnistops.checkpoint import LAST, find_checkpoint, load_checkpoint
from mnistops.classifier import expect_one_channel, expect_outputs, load_classifier
from mnistops.data.normalization import Normalization
from mnistops.disk import make_folder
from mnistops.errors import BadInput, MissingInput, NotFinite
from mnistops.networks.spec import NetworkSpec
from mnistops.runs.run import read_run
from mnistops.settings.tree import Settings
from mnistops.validation import checkpoint_path, results_folder

if TYPE_CHECKING:
    from torch import Tensor, nn

PAGE = "demo.html"


@dataclass(frozen=True)
class Check:
    """What the page has to compute, for it to be the same network.

    Attributes:
        image: of noise, (1, H, W), uint8.
        outputs: of the network for it, (classes,).
    """

    image: "Tensor"
    outputs: "Tensor"


@dataclass(frozen=True)
class Accuracy:
    """Of a network, on test images, as its run has it.

    Attributes:
        dataset: whose they are: its name, without its folder.
    """

    share: float
    dataset: str | None


@dataclass(frozen=True)
class Demo:
    """A trained network, with all that tells what it makes of a drawing.

    Attributes:
        weights: float32, on the CPU, by their names in the network.
        normalization: what its images are to be normalised with.
        class_names: as many as it has outputs.
        accuracy: None where no run tells it.
    """

    checkpoint: Path
    spec: NetworkSpec
    num_params: int
    weights: Mapping[str, "Tensor"]
    normalization: Normalization
    class_names: tuple[str, ...]
    accuracy: Accuracy | None
    check: Check


def demo(settings: Settings) -> Demo:
    """Put together what a page needs of a checkpoint, which is `validate`'s.

    Raises:
        BadInput: the network is in Python, or of images of several channels.
        MnistopsError: the checkpoint or the network cannot be had.
        NotFinite: an output of the network is no number.
    """
    checkpoint = load_checkpoint(checkpoint_path(settings))
    if "name" not in settings.network.model_fields_set:
        _expect_blocks(checkpoint.network)
    classifier = load_classifier(checkpoint, settings.network)
    spec = _expect_blocks(classifier.network)
    expect_one_channel(spec.name, spec.input_size)
    module = classifier.module.eval()
    check = _check(module, spec, checkpoint.normalization)
    num_classes = len(check.outputs)
    return Demo(
        checkpoint.path,
        spec,
        classifier.num_params,
        {key: value for key, value in module.state_dict().items() if value.is_floating_point()},
        checkpoint.normalization,
        checkpoint.names_of(num_classes) or tuple(map(str, range(num_classes))),
        _accuracy(checkpoint.path) if spec == checkpoint.network else None,
        check,
    )


def demo_path(settings: Settings, checkpoint: Path) -> Path:
    """Where the page goes, in a folder that is made if need be.

    Raises:
        CannotCreate: it cannot be made.
    """
    path = results_folder(settings, checkpoint, "demo")
    if path.suffix.lower() not in (".html", ".htm"):
        path = path / PAGE
    make_folder(path.parent)
    return path


def _expect_blocks(network: NetworkSpec | str) -> NetworkSpec:
    if isinstance(network, NetworkSpec):
        return network
    raise BadInput(
        f"{network:.200}: expected a network of our blocks, which a page can compute, got one in "
        "Python",
        "`mnistops export` writes it for other tools",
    )


def _check(module: "nn.Module", spec: NetworkSpec, normalization: Normalization) -> Check:
    """Always the same image."""
    import torch

    generator = torch.Generator().manual_seed(0)
    image = torch.randint(256, spec.input_size, generator=generator, dtype=torch.uint8)
    with torch.inference_mode():
        outputs = expect_outputs(spec.name, module(normalization(image[None] / 255)), image[None])
    if not outputs.isfinite().all():
        raise NotFinite(f"{spec.name}: expected numbers as outputs, got nan or infinite ones")
    return Check(image, outputs[0])


def _accuracy(checkpoint: Path) -> Accuracy | None:
    """Of the run whose result this checkpoint is."""
    folder = checkpoint.parent
    run = read_run(folder, folder.name)
    with suppress(MissingInput):
        is_last, is_result = checkpoint.name == LAST, checkpoint == find_checkpoint(folder)
        if run.accuracy is not None and is_result and is_last == (run.result == "last"):
            return Accuracy(run.accuracy, run.dataset and Path(run.dataset).name)
    return None
