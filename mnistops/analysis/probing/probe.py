"""Probe: receptive fields held against the gradients of the module itself.

The module runs as it is, on tensors without memory. Beside each tensor that depends on the images
stands its shadow: what the same calls give where each weight is positive and each function linear.
No gradient of a shadow cancels, so a pixel counts as seen where its gradient is not zero. Nothing
of the arithmetic of `mnistops.analysis.receptive_field` is used but its results.
"""

from collections.abc import Sequence
from contextlib import suppress

import torch
from torch import nn

from mnistops.analysis.probing.event import places
from mnistops.analysis.probing.growth import grown_sizes, margins
from mnistops.analysis.probing.run import Run
from mnistops.analysis.probing.verdict import Judge, Verdict
from mnistops.analysis.receptive_field import ReceptiveField
from mnistops.analysis.recording.borrowing import in_mode, looked_into
from mnistops.analysis.window import Shape, times
from mnistops.errors import BadInput, OutOfResources
from mnistops.user_code import users_code


def probe(
    module: nn.Module, input_size: Shape, name: str, rows: Sequence[ReceptiveField]
) -> tuple[Verdict, ...]:
    """Check rows against the module: one verdict for each, in their order.

    An ``exact`` field is compared at an input grown so far that nothing of it is clipped: first and
    last pixel, and coverage. The size of a ``bound`` one must lie within its bounds there. A
    ``whole`` one must reach all corners of the given input. What cannot be grown is probed at the
    given size, where it must lie inside its clipped field.

    Args:
        input_size: channels, height and width of one image, in pixels; more axes or fewer too.
        rows: what `receptive_fields` says of the module, as it is captured at this size.

    Raises:
        BadInput: the module cannot take this input.
    """
    sizes = tuple(input_size[1:])
    margin = margins(sizes, rows)
    large = grown_sizes(sizes, rows, margin)
    given = Run(module, input_size)
    grown = Run(module, (input_size[0], *large), given)
    with looked_into(), torch.enable_grad(), in_mode(module, training=False):
        with users_code(f"{name} with input {times(input_size)}"):
            given.go()
        # Where it cannot take a larger input, what was seen before it failed counts.
        with suppress(BadInput, OutOfResources), users_code(f"{name} with input {times(large)}"):
            if large != sizes:
                grown.go()
        judge = Judge(given, grown, margin)
        found = places(given.events, rows)
        return tuple(judge.verdict(row, place) for row, place in zip(rows, found, strict=True))
