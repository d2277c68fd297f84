"""Formats: a network as the bytes of a file, and the bytes read back.

N images of C x H x W pixels.
"""

import io
import json
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram

from mnistops.errors import UsageError
from mnistops.settings.export import ExportFormat
from mnistops.user_code import users_code

Compute = Callable[[Tensor], Tensor]
"""Images (N, C, H, W) to outputs (N, classes)."""

Tensors = Mapping[str, Tensor]

_NEEDED: Mapping[ExportFormat, tuple[str, ...]] = {
    "onnx": ("onnx", "onnxscript", "onnxruntime"),
    "pt2": (),
    "safetensors": ("safetensors",),
}


def expect_packages(format_: ExportFormat) -> None:
    """Raises UsageError where packages of the extra are not there."""
    missing = [name for name in _NEEDED[format_] if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"--to {format_}: expected the packages of the extra `export`, got no "
            f"{', '.join(missing)}",
            'pip install "mnistops[export]"',
        )


def to_onnx(program: ExportedProgram, facts: Mapping[str, str]) -> bytes:
    """An ONNX model with the input ``images`` and the output ``outputs``.

    Args:
        facts: of the network, for whoever opens the file.
    """
    import onnx

    with users_code("torch.onnx"):  # what it prints is no result of ours
        exported = torch.onnx.export(
            program,
            dynamo=True,
            input_names=["images"],
            output_names=["outputs"],
            external_data=False,
            verbose=False,
        )
    assert exported is not None
    model = exported.model_proto
    _tidy(model.graph)
    onnx.helper.set_model_props(model, dict(facts))
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data


def _tidy(graph: Any) -> None:
    """Take out what torch tells of its own graph, and let the first axis be the batch."""
    number = graph.input[0].type.tensor_type.shape.dim[0].dim_param
    values = (*graph.input, *graph.output, *graph.value_info)
    for item in (graph, *graph.node, *graph.initializer, *values):
        del item.metadata_props[:]
    for value in values:
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param == number:
                dim.dim_param = "batch"


def open_onnx(data: bytes) -> Compute:
    """The model in onnxruntime, on the CPU with as many threads as torch has."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])

    def compute(images: Tensor) -> Tensor:
        (outputs,) = session.run(None, {"images": images.numpy()})
        return torch.from_numpy(outputs)

    return compute


def to_pt2(program: ExportedProgram, facts: Mapping[str, str]) -> bytes:
    """A graph with its weights as torch has it; the facts are ``mnistops.json`` in it."""
    file = io.BytesIO()
    torch.export.save(program, file, extra_files={"mnistops.json": json.dumps(dict(facts))})
    return file.getvalue()


def open_pt2(data: bytes) -> Compute:
    """The graph, loaded back."""
    compute: Compute = torch.export.load(io.BytesIO(data)).module()
    return compute


def to_safetensors(weights: Tensors, facts: Mapping[str, str]) -> bytes:
    """The weights by name; those that share their numbers have them each."""
    from safetensors.torch import save

    own = {key: value.clone().contiguous() for key, value in weights.items()}
    return save(own, metadata={"format": "pt", **facts})


def open_safetensors(data: bytes) -> Tensors:
    """The weights, loaded back."""
    from safetensors.torch import load

    return load(data)
