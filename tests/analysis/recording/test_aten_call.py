"""One call of torch's, as rules look at it."""

import torch
from torch import Tensor

from mnistops.analysis.recording.aten_call import Call


def call(**arguments: object) -> Call:
    """A call of which the tensors of more than one dimension depend on the images."""

    def place(tensor: Tensor) -> int | None:
        return tensor.dim() if tensor.dim() > 1 else None

    return Call("name", False, False, arguments, [torch.zeros(2, 3)], place, lambda *_: 0)


IMAGES, VECTOR = torch.zeros(2, 1, 4, 4), torch.zeros(3)


def test_tensors_are_found_in_lists_too() -> None:
    found = call(self=IMAGES, tensors=[VECTOR, IMAGES], dim=1).tensors
    assert [id(tensor) for tensor in found] == [id(IMAGES), id(VECTOR), id(IMAGES)]


def test_sources_are_those_that_depend_on_the_images() -> None:
    assert call(self=IMAGES, other=VECTOR).sources == [4]
    assert call(self=VECTOR).sources == []


def test_shapes_are_tuples() -> None:
    one = call(self=IMAGES, weight=VECTOR)
    assert (one.given, one.taken(), one.taken("weight")) == ((2, 3), (2, 1, 4, 4), (3,))


def test_an_argument_depends_on_the_images_or_not() -> None:
    one = call(self=IMAGES, weight=VECTOR, dim=1)
    assert [one.depends(name) for name in ("self", "weight", "dim", "missing")] == [
        True,
        False,
        False,
        False,
    ]


def test_one_number_stands_for_all_axes() -> None:
    one = call(stride=[2], padding=[1, 3], kernel_size=[])
    assert one.sizes("stride", 2) == (2, 2)
    assert one.sizes("padding", 2) == (1, 3)
    assert one.sizes("kernel_size", 2, (5,)) == (5, 5)
    assert one.sizes("missing", 3, (0,)) == (0, 0, 0)
