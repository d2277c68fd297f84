"""Export: a checkpoint to files of other formats, each held against the network it is of."""

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from mnistops.checkpoint import find_checkpoint, load_checkpoint
from mnistops.data.normalization import Normalization
from mnistops.disk import make_folder, replace_file
from mnistops.exports.formats import (
    Compute,
    expect_packages,
    open_onnx,
    open_pt2,
    open_safetensors,
    to_onnx,
    to_pt2,
    to_safetensors,
)
from mnistops.exports.latency import measure_latency
from mnistops.exports.original import Original, Trial, open_original
from mnistops.exports.program import trace
from mnistops.exports.proof import Proof, compare_outputs, compare_weights
from mnistops.networks.spec import ImageSize
from mnistops.settings.export import ExportFormat
from mnistops.settings.tree import Settings
from mnistops.user_code import users_code
from mnistops.validation import results_folder

# Images at once.
_TIMED = (1, 128)


@dataclass(frozen=True)
class FormatBegun:
    """The network is written in this format, and read back, next."""

    format: ExportFormat


@dataclass(frozen=True)
class TimingBegun:
    """The network and its files are timed next."""


ExportEvent = FormatBegun | TimingBegun


@dataclass(frozen=True)
class ExportedFile:
    """A network in one format.

    Attributes:
        path: None where it is something else than the network, and so was not written.
        proof: of its outputs and the network's; of the weights, where it holds them alone.
        milliseconds: of a call, by the images at once; None where there is nothing to call.
    """

    format: ExportFormat
    path: Path | None
    num_bytes: int
    proof: Proof
    milliseconds: Mapping[int, float] | None


@dataclass(frozen=True)
class ExportResult:
    """A network in other formats.

    Attributes:
        takes_pixels: in 0..1, which the files' graphs normalise; else they take normalised ones.
        milliseconds: of a call in torch, by the images at once.
        threads: that all were timed with.
    """

    network: str
    num_params: int
    checkpoint: Path
    image_size: ImageSize
    num_classes: int
    normalization: Normalization
    takes_pixels: bool
    milliseconds: Mapping[int, float]
    threads: int
    files: tuple[ExportedFile, ...]

    @property
    def is_proven(self) -> bool:
        """Whether all formats compute what the network does."""
        return all(file.path is not None for file in self.files)


def export(settings: Settings, named: Path) -> Generator[ExportEvent, None, ExportResult]:
    """Write a trained network in other formats.

    A file appears when what is in it, read back, has computed the network's outputs for several
    numbers of images, and not otherwise.

    Args:
        named: a checkpoint, a run folder or a built-in network.

    Raises:
        UsageError: a format's packages are not there.
        BadInput: the checkpoint is not sound, or torch cannot take the network as a graph.
        NotFinite: an output of the network is no number.
        MnistopsError: the checkpoint cannot be had, or a file not be made.
    """
    formats = tuple(dict.fromkeys(settings.export.to or ("onnx",)))
    for format_ in formats:
        expect_packages(format_)
    path = find_checkpoint(named)
    checkpoint = load_checkpoint(path)
    original = open_original(checkpoint, settings.network, settings.export.normalize)
    trials = list(original.trials())
    folder = results_folder(settings, path, "export")
    make_folder(folder)
    written = []
    for format_ in formats:
        yield FormatBegun(format_)
        written.append(_write(format_, original, trials, folder))
    yield TimingBegun()
    networks: dict[str, Compute] = {"torch": original.module}
    networks |= {file.format: compute for file, compute in written if compute is not None}
    timed = [trial.images for trial in trials if len(trial.images) in _TIMED]
    with users_code(original.classifier.name):
        milliseconds = measure_latency(networks, timed)
    return ExportResult(
        original.classifier.name,
        original.classifier.num_params,
        path,
        original.image_size,
        original.num_classes,
        original.normalization,
        original.takes_pixels,
        milliseconds["torch"],
        torch.get_num_threads(),
        tuple(replace(file, milliseconds=milliseconds.get(file.format)) for file, _ in written),
    )


def _write(
    format_: ExportFormat, original: Original, trials: list[Trial], folder: Path
) -> tuple[ExportedFile, Compute | None]:
    """The file, if it holds what it should, and what computes its outputs."""
    compute: Compute | None = None
    if format_ == "safetensors":
        data = to_safetensors(original.weights, original.facts)
        proof = compare_weights(open_safetensors(data), original.weights)
    else:
        data, compute = _to_graph(format_, original)
        proof = compare_outputs(compute, trials)
    if not proof.holds:
        return ExportedFile(format_, None, len(data), proof, None), None
    stem = re.sub(r"[^A-Za-z0-9._]+", "-", original.classifier.name).strip(".-") or "network"
    path = folder / f"{stem}.{format_}"
    replace_file(path, data)
    return ExportedFile(format_, path, len(data), proof, None), compute


def _to_graph(format_: ExportFormat, original: Original) -> tuple[bytes, Compute]:
    # Traced for each: torch may change a graph that it makes another of.
    program = trace(original)
    if format_ == "onnx":
        data = to_onnx(program, original.facts)
        return data, open_onnx(data)
    data = to_pt2(program, original.facts)
    return data, open_pt2(data)
