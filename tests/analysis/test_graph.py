"""Graphs: numbering, shapes, branches, calls, and errors that name the step."""

import pytest
import torch

from mnistops.analysis.graph import (
    INPUT,
    ITEMSIZES,
    Container,
    GraphBuilder,
    Parameter,
    Step,
    of_one_image,
)
from mnistops.analysis.operations import Convolution, Flatten, Identity, Linear, Pointwise
from mnistops.analysis.rearrangements import Concatenate
from mnistops.analysis.window import Shape, Window
from mnistops.errors import BadInput


def residual() -> GraphBuilder:
    """A 3 x 3 convolution of two channels, added to its own input."""
    builder = GraphBuilder("net", (2, 5, 5))
    window = Window((3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))
    builder.add(Step(Convolution(window, 2, 2), "Conv2d", "conv"))
    builder.add(Step(Pointwise(None), "add", "", is_module=False), (0, INPUT))
    return builder


def test_modules_are_numbered_and_functions_are_not() -> None:
    chain = GraphBuilder("net", (2, 3, 3))
    chain.add(Step(Flatten(), "flatten", "", is_module=False))
    chain.add(Step(Linear(18, 4), "Linear", "fc"))
    chain.add(Step(Pointwise("output"), "relu", "", is_module=False))
    chain.add(Step(Linear(4, 2), "Linear", "head"))
    graph = chain.build()
    assert [layer.name for layer in graph.layers] == ["flatten", "Linear-1", "relu", "Linear-2"]
    assert [layer.output_shape for layer in graph.layers] == [(18,), (4,), (4,), (2,)]
    assert [layer.given for layer in graph.layers] == [(2, 18), (2, 4), (2, 4), (2, 2)]
    assert [layer.inputs for layer in graph.layers] == [(INPUT,), (0,), (1,), (2,)]
    assert graph.outputs == (3,)
    assert chain.shape(chain.last) == (2, 2)


def test_places_count_from_the_input() -> None:
    builder = GraphBuilder("net", (2, 3, 3))
    assert builder.last == INPUT
    assert builder.shape(INPUT) == (2, 2, 3, 3)
    assert builder.add(Step(Flatten(), "flatten", "", is_module=False)) == 0
    assert builder.last == 0


def test_a_branch_takes_the_places_that_are_said() -> None:
    builder = residual()
    builder.add(Step(Concatenate(1, (None, None, 3)), "cat", "", is_module=False), (1, 0))
    graph = builder.build((2, 0))
    assert [layer.inputs for layer in graph.layers] == [(INPUT,), (0, INPUT), (1, 0)]
    assert graph.layers[1].taken == ((2, 2, 5, 5), (2, 2, 5, 5))
    assert graph.layers[2].output_shape == (7, 5, 5)
    assert graph.layers[2].input_shape == (2, 5, 5)
    assert graph.outputs == (2, 0)


def test_steps_of_one_call_stand_together_and_have_one_number() -> None:
    builder = GraphBuilder("net", (4,))
    for path in ("before", "both", "both", "after"):
        builder.add(Step(Identity(), "Identity", path))
    builder.join(1)  # everything from here on, the last one included
    graph = builder.build()
    assert list(graph.calls()) == [[0], [1, 2, 3]]
    assert [layer.ends_call for layer in graph.layers] == [True, False, False, True]
    assert [layer.name for layer in graph.layers] == [
        "Identity-1",
        "Identity-2",
        "Identity-2",
        "Identity-2",
    ]


def test_joining_the_last_step_alone_changes_nothing() -> None:
    builder = residual()
    before = builder.build()
    builder.join(1)
    assert builder.build() == before
    assert list(before.calls()) == [[0], [1]]


def test_a_misfit_names_network_and_step() -> None:
    chain = GraphBuilder("net", (2, 3, 3))
    with pytest.raises(BadInput, match=r"^net: fc \(Linear\): expected 9 features, got 2 x 3 x 3$"):
        chain.add(Step(Linear(9, 4), "Linear", "fc"))
    assert chain.last == INPUT


def test_a_misfit_between_branches_names_the_function() -> None:
    builder = GraphBuilder("net", (2, 5, 5))
    window = Window((3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1))
    builder.add(Step(Convolution(window, 2, 2), "Conv2d", "conv"))
    with pytest.raises(
        BadInput, match=r"^net: add: expected equal shapes, got 2 x 3 x 3 and 2 x 5"
    ):
        builder.add(Step(Pointwise(None), "add", "", is_module=False), (0, INPUT))


def test_containers_are_kept_in_the_order_they_return() -> None:
    builder = residual()
    inner = Container("Sequential", "block", 1, ((2, 2, 5, 5),), is_sequence=True)
    outer = Container("Net", "", 2, ((2, 2, 5, 5),))
    builder.close(inner)
    builder.close(outer)
    assert builder.build().containers == (inner, outer)


@pytest.mark.parametrize("name", ITEMSIZES)
def test_bytes_of_a_type_are_torchs(name: str) -> None:
    assert ITEMSIZES[name] == getattr(torch, name).itemsize


def test_bytes_of_a_number_are_kept() -> None:
    builder = GraphBuilder("net", (4,), dtype="bfloat16")
    builder.add(Step(Identity(), "Identity", ""), itemsize=8)
    graph = builder.build()
    assert (graph.dtype, graph.itemsize) == ("bfloat16", 2)
    assert graph.layers[0].itemsize == 8


@pytest.mark.parametrize(
    ("shape", "one"),
    [
        ((2, 3, 5), (3, 5)),
        ((2,), ()),
        ((8, 3), (4, 3)),  # images and heads in one dimension
        ((1, 3), (1, 3)),  # the same for all images
        ((3, 2), (3, 2)),
    ],
)
def test_a_shape_is_told_for_one_image(shape: Shape, one: Shape) -> None:
    assert of_one_image(shape) == one


def test_a_parameter_counts_its_numbers() -> None:
    assert Parameter("weight", "fc.weight", (4, 18)).count == 72
    assert Parameter("scale", "scale", ()).count == 1


def test_a_function_outside_any_module_is_named_by_its_type() -> None:
    assert Step(Flatten(), "flatten", "", is_module=False).label == "flatten"
    assert Step(Flatten(), "flatten", "head", is_module=False).label == "head (flatten)"
