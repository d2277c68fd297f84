"""Seen: what rows say of tensors."""

from fractions import Fraction

from mnistops.analysis.fields.propagation import behind
from mnistops.analysis.fields.seen import Seen, number, number_or_none, units_of
from mnistops.analysis.fields.sight import Sight
from mnistops.analysis.graph import IMAGES
from mnistops.analysis.operations import AdaptivePool, Pointwise, Pool
from mnistops.analysis.window import Window

INPUT = Sight.of_input((IMAGES, 1, 6, 9))
POOL = Pool(Window((2, 3), (2, 3), ((0, 0), (0, 0)), (1, 1)), "max")
POOLED = behind(POOL, [INPUT])


def test_a_tensor_in_numbers() -> None:
    assert POOLED is not None
    seen = Seen.by(POOLED, (6, 9))
    assert units_of(POOLED) == (3, 3)
    assert (seen.status, seen.sizes) == ("exact", ((2, 2), (3, 3)))
    assert seen.jumps == (Fraction(2), Fraction(3))
    columns = seen.columns((2, 0))
    assert columns["center_field"] == ((2, 3), (3, 5))
    assert columns["corner_field"] == ((0, 1), (0, 2))
    assert columns["unit_field"] == ((4, 5), (0, 2))
    assert columns["center_share"] == columns["corner_share"] == 6 / 54
    assert "unit_field" not in seen.columns((3, 0))


def test_a_mean_over_all_sees_the_whole() -> None:
    joined = behind(AdaptivePool((1, 1), "avg"), [INPUT])
    assert joined is not None
    assert Seen.by(joined, (6, 9)).status == "whole"
    assert Seen.by(INPUT, (6, 9)).differs(Seen.by(joined, (6, 9)))


def test_a_union_is_written_out() -> None:
    padded = Pool(Window((3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)), "avg")
    wide = behind(padded, [INPUT])
    assert wide is not None
    together = behind(Pointwise(None), [wide, INPUT])
    assert together is not None
    seen = Seen.by(together, (6, 9))
    others = [Seen.by(wide, (6, 9)), Seen.by(INPUT, (6, 9))]
    assert seen.union_of(others) == "union of 3 and 1 = 3"
    assert seen.union_of(others[:1]) == "unchanged"


def test_whole_numbers_are_whole() -> None:
    assert repr(number(Fraction(4, 2))) == "2"
    assert number(Fraction(1, 2)) == 0.5
    assert number_or_none(None) is None
