"""Formulas in numbers: each says what it computes."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistops.analysis.fields.footprint import Footprint, footprints, sliding
from mnistops.analysis.fields.formulas import output_formula, size_formula
from mnistops.analysis.lower import lower
from mnistops.analysis.operations import (
    AdaptivePool,
    Convolution,
    Flatten,
    Interpolate,
    Operation,
    Pointwise,
    Pool,
    TransposedConvolution,
    Unsupported,
)
from mnistops.analysis.receptive_field import receptive_fields
from mnistops.analysis.window import Sizes, Window
from mnistops.networks.spec import NetworkSpec
from tests.strategies import specs


def results(formula: str) -> list[tuple[Fraction, int]]:
    """(computed, claimed) for each ``expression = number`` in a formula."""
    pairs = []
    for part in re.sub(r"\b(depth|height|width): ", "", formula).split("; "):
        expression, claimed = part.split(" = ")
        expression = re.sub(r"floor\((.*)/(\d+)\)", r"((\1)//\2)", expression)
        expression = re.sub(r"ceil\((.*)/(\d+)\)", r"(-(-(\1)//\2))", expression)
        assert re.fullmatch(r"[-+*/() \d]+", expression)
        exact = re.sub(r"(?<!/)/(?!/)", " * Fraction(1, 1) / ", expression)
        pairs.append((Fraction(eval(exact)), int(claimed)))
    return pairs


def expect_right(formula: str, values: Sizes) -> None:
    """One number per axis, or one for all that agree; where it is computed, computed right."""
    if " = " in formula:
        pairs = results(formula)
        assert all(computed == claimed for computed, claimed in pairs)
        claimed = [number for _, number in pairs]
    else:
        claimed = [int(part.split()[-1]) for part in formula.split("; ")]
    assert claimed == list(values) or (claimed == [values[0]] and len(set(values)) == 1)


@given(specs())
def test_formulas_compute_what_they_claim(spec: NetworkSpec) -> None:
    for row in receptive_fields(lower(spec)):
        assert row.size is not None
        if row.formula != "unchanged":
            expect_right(row.formula, row.size)
        if row.output_formula == "unchanged":
            assert row.output_size == row.input_size
        else:
            expect_right(row.output_formula, row.output_size)


def window(kernel: int, stride: int, before: int, after: int, dilation: int) -> Window:
    return Window((kernel,), (stride,), ((before, after),), (dilation,))


@given(
    size=st.integers(1, 40),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 3),
    before=st.integers(0, 2),
    after=st.integers(0, 2),
    dilation=st.integers(1, 3),
    more=st.integers(0, 1),
)
def test_transposed_convolutions_compute_what_they_claim(
    size: int, kernel: int, stride: int, before: int, after: int, dilation: int, more: int
) -> None:
    sliding_window = window(kernel, stride, before, after, dilation)
    operation = TransposedConvolution(sliding_window, (more,), 1, 1)
    units = (size - 1) * stride - before - after + dilation * (kernel - 1) + more + 1
    taken = list(footprints(operation, (2, 1, size)).values())
    formula = output_formula(operation, taken, (size,), (units,))
    assert results(formula) == [(Fraction(units), units)]


@pytest.mark.parametrize(
    ("operation", "sizes", "expected"),
    [
        (
            Convolution(window(3, 1, 1, 1, 2), 1, 1),
            (11,),
            "floor((11 + 2*1 - 2*(3-1) - 1)/1) + 1 = 9",
        ),
        (
            Convolution(window(4, 1, 1, 2, 1), 1, 1),
            (28,),
            "floor((28 + 1 + 2 - 1*(4-1) - 1)/1) + 1 = 28",
        ),
        (
            Pool(Window((2,), (2,), ((0, 0),), (1,), ceil_mode=True), "max"),
            (5,),
            "ceil((5 + 2*0 - 1*(2-1) - 1)/2) + 1 = 3",
        ),
        (
            # The third window would begin in the padding behind the input.
            Pool(Window((2,), (2,), ((1, 1),), (1,), ceil_mode=True), "max"),
            (3,),
            "ceil((3 + 2*1 - 1*(2-1) - 1)/2) + 1 - 1 = 2",
        ),
        (
            TransposedConvolution(window(3, 2, 1, 1, 1), (1,), 1, 1),
            (7,),
            "(7-1)*2 - 2*1 + 1*(3-1) + 1 + 1 = 14",
        ),
        (AdaptivePool((4,), "avg"), (10,), "set to 4"),
        (
            AdaptivePool((4, 3, 4), "avg"),
            (9, 9, 9),
            "depth: set to 4; height: set to 3; width: set to 4",
        ),
        (Interpolate("linear", (9,), (None,)), (5,), "5 to 9"),
        (Interpolate("nearest", (9, 4), (None, None)), (5, 2), "height: 5 to 9; width: 2 to 4"),
        (Pointwise(None), (5, 2), "unchanged"),
        (Unsupported(((2, 1, 5),), (2, 1, 5)), (5,), "unsupported"),
    ],
)
def test_output_sizes_are_said_in_numbers(
    operation: Operation, sizes: Sizes, expected: str
) -> None:
    shape = (2, 1, *sizes)
    taken = list(footprints(operation, shape).values())
    units = operation.output_shape(shape)[2:]
    assert output_formula(operation, taken, sizes, units) == expected


def test_lost_axes_are_said_in_sizes() -> None:
    assert output_formula(Flatten(), (), (5, 4), (1, 1)) == "5 x 4 to 1 x 1"


@pytest.mark.parametrize(
    ("taken", "sizes_in", "jumps", "sizes", "expected"),
    [
        ([sliding(3, dilation=2)], (8,), [Fraction(2)], [(16, 16)], "8 + (3-1)*2*2 = 16"),
        ([sliding(3)], (3,), [Fraction(1, 2)], [(4, 4)], "3 + (3-1)*1*1/2 = 4"),
        # Behind fields that differ from unit to unit the sum is not theirs.
        ([sliding(3)], (2,), [Fraction(1, 2)], [(2, 3)], "2 to 3"),
        ([sliding(2)], (1,), [Fraction(1, 2)], [(2, 2)], "2"),
        ([Footprint(((0, 1), (1, 2)), 2)], (1,), [Fraction(1)], [(2, 2)], "2"),
        ([sliding(3)] * 2, (1, 1), [Fraction(1)] * 2, [(3, 3)] * 2, "1 + (3-1)*1*1 = 3"),
        (
            [sliding(3), sliding(1)],
            (1, 1),
            [Fraction(1)] * 2,
            [(3, 3), (1, 1)],
            "height: 1 + (3-1)*1*1 = 3; width: 1 + (1-1)*1*1 = 1",
        ),
    ],
)
def test_fields_are_said_in_numbers(
    taken: list[Footprint],
    sizes_in: Sizes,
    jumps: list[Fraction],
    sizes: list[tuple[int, int]],
    expected: str,
) -> None:
    assert size_formula(taken, sizes_in, jumps, sizes) == expected
