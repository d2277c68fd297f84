"""Sights: how what two tensors see is put into one."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from mnistops.analysis.fields.extent import Extent, Field
from mnistops.analysis.fields.footprint import sliding
from mnistops.analysis.fields.grid import Grid
from mnistops.analysis.fields.reach import Reach
from mnistops.analysis.fields.sight import Part, Sight, Trace, all_of


def trace(field: Field, jump: int = 1, span: tuple[int, int] | None = (0, 0)) -> Trace:
    """Fields this far apart, and one reach for all units."""
    return Trace((Extent((field,), jump),), Reach((Grid.of(span, 1),)))


def fields() -> st.SearchStrategy[Field]:
    def build(lo: int, bits: int) -> Field:
        # The first and the last pixel of a field are touched.
        touched = bits << 1 | 1
        return Field(lo, lo + touched.bit_length() - 1, touched)

    return st.builds(build, st.integers(-5, 5), st.integers(0, 63))


def pixels(field: Field | None) -> set[int]:
    """Every pixel that is touched."""
    assert field is not None
    assert field.touched is not None
    return {field.lo + i for i in range(field.size) if field.touched >> i & 1}


def test_a_pixel_of_the_input_sees_itself() -> None:
    sight = Sight.of_input((2, 3, 4, 5))
    (part,) = sight.parts
    for axis in (0, 1):
        reach = part.traces[axis].reach
        assert reach
        assert reach.at((1, 2, 3, 4)) == ((3, 3), (4, 4))[axis]
        assert part.traces[axis].terms == (Extent(),)
    assert sight.layout.where(0) == 2
    assert sight.layout.where(1) == 3


@given(fields(), fields())
def test_a_unit_touches_what_either_of_its_parts_touches(first: Field, second: Field) -> None:
    joined = Part((trace(first),)).joined_with(Part((trace(second),)))
    (term,) = joined.traces[0].terms or ()
    assert pixels(term.at(0)) == pixels(first) | pixels(second)


@given(fields(), fields())
def test_a_trace_contains_another_as_its_pixels_do(first: Field, second: Field) -> None:
    assert trace(first).contains(trace(second)) == (pixels(first) >= pixels(second))


@given(st.lists(fields(), min_size=1, max_size=4))
def test_many_parts_touch_what_any_of_them_touches(several: list[Field]) -> None:
    (term,) = all_of(Part((trace(field),)) for field in several).traces[0].terms or ()
    assert pixels(term.at(0)) == set().union(*map(pixels, several))


def test_fields_at_two_jumps_stay_two_terms() -> None:
    joined = Part((trace(Field()),)).joined_with(Part((trace(Field(), 2),)))
    assert {term.jump for term in joined.traces[0].terms or ()} == {Fraction(1), Fraction(2)}


def test_no_rule_for_one_part_is_none_for_both() -> None:
    unknown = Trace(None, Reach((Grid.of((0, 0), 1),)))
    joined = Part((trace(Field(), span=(4, 5)),)).joined_with(Part((unknown,)))
    assert joined.traces[0].terms is None
    assert joined.traces[0].reach
    assert joined.traces[0].reach.at((0,)) == (0, 5)
    assert not trace(Field()).contains(unknown)


def test_rows_and_columns_that_differ_are_not_crossed() -> None:
    small, wide = trace(Field()), trace(Field(0, 2, 0b111))
    upright, flat = Part((wide, small)), Part((small, wide))
    assert not upright.joined_with(flat).is_separable
    assert upright.joined_with(Part((small, small))).is_separable


def test_a_constant_sees_everywhere_what_its_one_unit_saw() -> None:
    seen = trace(Field(2, 4, 0b111), 3).constant()
    (term,) = seen.terms or ()
    assert [term.at(unit) for unit in (0, 1, 7)] == [Field(2, 4, 0b111)] * 3


def test_mixed_channels_see_what_all_of_them_saw() -> None:
    sight = Sight.of_input((2, 2, 3, 3))
    moved = Part(tuple(Trace((Extent((Field(1, 1),)),), t.reach) for t in sight.whole.traces))
    apart = Sight(
        sight.shape, sight.layout, Grid((1, 2, 1, 1), (0, 1)), (sight.whole, moved), is_gated=True
    )
    mixed = apart.mixed()
    assert mixed.labels == Grid.of(0, 4)
    assert mixed.is_gated
    assert mixed.whole.traces[0].terms == (Extent((Field(0, 1, 0b11),)),)
    assert sight.mixed() is sight


def test_values_of_one_part_can_reach_other_pixels() -> None:
    sight = Sight.of_input((2, 3, 4, 1))
    assert [sight.varies_along(dim) for dim in range(4)] == [False, False, True, False]


def test_traces_are_changed_axis_by_axis() -> None:
    sight = Sight.of_input((2, 1, 5, 5))

    def widen(axis: int, seen: Trace) -> Trace:
        wide = tuple(term.behind(sliding(3)) or term for term in seen.terms or ())
        return Trace(wide, seen.reach) if axis == 1 else seen

    sizes = [t.terms[0].at(0) for t in sight.traced(widen).whole.traces if t.terms]
    assert [field.size for field in sizes if field] == [1, 3]
