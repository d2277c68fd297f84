"""Any torch module to LayerGraph, by forward passes on the meta device.

Nothing is computed, no weight is touched, and mode, hooks and random numbers come back as they
were; what the user's own forward stores on the module stays there. What runs inside a module of
torch's that has a rule here is that rule; everything else is read from torch's own operations as
they are called, whoever calls them.
"""

import re
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.parameter import is_lazy

from mnistops.analysis.graph import IMAGES, LayerGraph
from mnistops.analysis.recording.borrowing import (
    image_dtype,
    in_mode,
    looked_into,
    meta_images,
)
from mnistops.analysis.recording.recorder import Recorder
from mnistops.analysis.recording.weightless import weightless
from mnistops.analysis.window import Shape, times
from mnistops.errors import BadInput
from mnistops.user_code import missing_arguments, users_code, users_line


def capture(
    module: nn.Module,
    input_size: Shape,
    name: str,
    dropout: float | None = None,
    tries_training: bool = True,
) -> LayerGraph:
    """The layer graph of a module, as it runs in eval mode.

    Args:
        input_size: channels, height and width of one image, in pixels; more axes or fewer too.
        name: what the network is called.
        dropout: the probability to give every dropout layer; None keeps each its own.
        tries_training: whether to see what a step of training keeps too.

    Raises:
        BadInput: it cannot take this input, or what it does depends on the values of the images.
    """
    if len(input_size) < 2 or min(input_size) < 1:
        raise BadInput(
            f"{name}: input size: expected channels and sizes from 1, got {times(input_size)}"
        )
    _expect_shapes(module, name)
    _expect_images_only(module, name)
    recorder = Recorder(module, input_size, image_dtype(module), name)
    with _borrowed(module, name, input_size, dropout), in_mode(module, training=False):
        with weightless(module) as weights, torch.no_grad(), _without_values(recorder, name):
            outputs = recorder.run(weights, meta_images(module, input_size, IMAGES))
        saved = _saved_bytes(module, input_size) if tries_training else None
    return replace(recorder.graph(outputs), saved_bytes=saved)


def _saved_bytes(module: nn.Module, input_size: Shape) -> int | None:
    """What autograd saves of one image in a step of training; None where none can be tried."""
    counts = []
    for num_images in (IMAGES, IMAGES + 1):
        images = meta_images(module, input_size, num_images)
        try:
            with weightless(module) as weights, in_mode(module, training=True):
                own = {tensor.untyped_storage()._cdata for tensor in weights.values()}
                counts.append(_bytes_saved(module, images, own))
        except Exception:  # whatever the user's code does in training is no error here
            return None
    return counts[1] - counts[0]


def _bytes_saved(module: nn.Module, images: Tensor, own: set[int]) -> int:
    """Bytes of the memory that the backward pass will need, the module's own left out."""
    saved: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()._cdata
        if storage not in own:
            saved[storage] = tensor
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
    with torch.enable_grad(), hooks:
        module(images)
    return sum(tensor.untyped_storage().nbytes() for tensor in saved.values())


def _expect_shapes(module: nn.Module, name: str) -> None:
    for part in module.modules():
        if any(map(is_lazy, part.parameters(recurse=False))):
            raise BadInput(
                f"{name}: expected weights with shapes, got a lazy {type(part).__name__}",
                "run one batch through the network before handing it over",
            )


def _expect_images_only(module: nn.Module, name: str) -> None:
    missing = missing_arguments(module.forward, given=1)
    if missing:
        raise BadInput(
            f"{name}: expected a forward pass of images alone, got one that needs {missing} too",
            "hand over a module that takes the images and calls it with the rest",
        )


@contextmanager
def _borrowed(
    module: nn.Module, name: str, input_size: Shape, dropout: float | None
) -> Iterator[None]:
    """The user's code, with this dropout, in a state of torch's that is given back."""
    layers = [part for part in module.modules() if isinstance(part, _DropoutNd)]
    advice = "give its own input size (--input-size C,H,W), or mend"
    with ExitStack() as stack:
        stack.enter_context(users_code(f"{name} with input {times(input_size)}", advice))
        stack.enter_context(looked_into())
        for layer in layers:
            stack.callback(setattr, layer, "p", layer.p)
            layer.p = layer.p if dropout is None else dropout
        yield


@contextmanager
def _without_values(recorder: Recorder, name: str) -> Iterator[None]:
    """Say it where the user's code wants to know what images show: there are none."""
    try:
        yield
    except (RuntimeError, TypeError) as error:
        if not re.search(r"\bmeta\b|register_meta", str(error), re.IGNORECASE):
            raise
        place = users_line(traceback.extract_tb(error.__traceback__))
        raise BadInput(
            f"{name}: expected a network that does the same whatever the images show, got "
            f"torch's {recorder.calls.latest} that asks for their values"
            + (f" ({place})" if place else ""),
            "take that step out of the forward pass, or hand over the part without it",
        ) from error
