"""Program: a network as a graph of torch's operations, for any number of images at once."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import torch
from torch.export import Dim, ExportedProgram

from mnistops.exports.original import Original
from mnistops.user_code import users_code

# What tells of the code that the graph was made of: names of this machine's folders among it.
_TRACES = ("stack_trace", "nn_module_stack", "source_fn_stack", "torch_fn", "from_node")


def trace(original: Original) -> ExportedProgram:
    """The network's graph.

    Raises:
        BadInput: torch cannot take it.
    """
    images = torch.zeros(2, *original.image_size)
    what = f"{original.classifier.name} as a graph"
    advice = "it must run alike for all images, and for any number of them: see"
    with users_code(what, advice), _quiet():
        program = torch.export.export(
            original.module, (images,), dynamic_shapes=({0: Dim("batch")},)
        )
    for node in program.graph.nodes:
        for key in _TRACES:
            node.meta.pop(key, None)
    return program


@contextmanager
def _quiet() -> Iterator[None]:
    """Inside, torch tells of a failure by its error alone, not by the graph so far as well."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(before)
