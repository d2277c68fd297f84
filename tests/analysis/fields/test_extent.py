"""Extents against plain sets of pixels, written down for every unit on both sides of the first."""

from collections.abc import Callable
from math import lcm

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistops.analysis.fields.extent import LARGEST, Extent, Field, hull
from mnistops.analysis.fields.footprint import LONGEST_PERIOD, Footprint, footprints, sliding
from mnistops.analysis.operations import TransposedConvolution
from mnistops.analysis.window import Window

Pixels = frozenset[int]
SOME_UNITS = range(-14, 15)
NOTHING: Pixels = frozenset()


def field_of(pixels: Pixels) -> Field | None:
    if not pixels:
        return None
    lo = min(pixels)
    return Field(lo, max(pixels), sum(1 << (pixel - lo) for pixel in pixels))


def pixels_of(field: Field | None) -> Pixels:
    if field is None:
        return NOTHING
    assert field.touched is not None
    touched = field.touched
    pixels = frozenset(field.lo + i for i in range(touched.bit_length()) if touched >> i & 1)
    assert (min(pixels), max(pixels)) == (field.lo, field.hi)  # no more than what is touched
    return pixels


def seen(extent: Extent) -> list[Pixels]:
    return [pixels_of(extent.at(unit)) for unit in SOME_UNITS]


@st.composite
def layers(draw: st.DrawFn) -> tuple[Footprint, Callable[[int], list[int]]]:
    """A footprint, and the units that a unit takes by the definition of the layer."""
    kernel, stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    padding, dilation = draw(st.integers(0, 2)), draw(st.integers(1, 2))
    taps = [t * dilation - padding for t in range(kernel)]
    match draw(st.sampled_from(("sliding", "spread", "flip", "any"))):
        case "sliding":
            footprint = sliding(kernel, stride, (padding, padding), dilation)
            return footprint, lambda unit: [unit * stride + tap for tap in taps]
        case "spread":  # with gaps, where the kernel is shorter than the stride
            window = Window((kernel,), (stride,), ((padding, padding),), (dilation,))
            spread = footprints(TransposedConvolution(window, (0,), 1, 1), (2, 1, 5))[2]
            near = range(-9, 10)  # no unit further away feeds this one
            return spread, lambda unit: [
                i for i in (unit // stride + n for n in near) if unit - i * stride in taps
            ]
        case "flip":
            start = draw(st.integers(-3, 9))
            return Footprint(((start,),), -1), lambda unit: [start - unit]
        case _:
            phases = draw(
                st.lists(st.lists(st.integers(-3, 3), max_size=3), min_size=1, max_size=3)
            )
            advance = draw(st.integers(-3, 3))
            return Footprint(tuple(map(tuple, phases)), advance), lambda unit: [
                unit // len(phases) * advance + tap for tap in phases[unit % len(phases)]
            ]


@st.composite
def extents(draw: st.DrawFn, period: int | None = None) -> Extent:
    count = draw(st.integers(1, 4)) if period is None else period
    fields = draw(
        st.lists(st.frozensets(st.integers(-4, 4), max_size=4), min_size=count, max_size=count)
    )
    return Extent(tuple(map(field_of, fields)), draw(st.integers(-3, 3)))


@given(st.lists(layers(), min_size=1, max_size=3))
def test_extents_are_what_paths_through_all_units_reach(
    chain: list[tuple[Footprint, Callable[[int], list[int]]]],
) -> None:
    def reached(unit: int, depth: int) -> Pixels:
        if depth == 0:
            return frozenset((unit,))
        taken = chain[depth - 1][1](unit)
        return NOTHING.union(*(reached(u, depth - 1) for u in taken))

    extent: Extent | None = Extent()
    for footprint, _ in chain:
        assert extent is not None
        extent = extent.behind(footprint)
    assert extent is not None
    assert seen(extent) == [reached(unit, len(chain)) for unit in SOME_UNITS]


@given(extents(), layers())
def test_any_extent_goes_on_by_the_units_taken(
    extent: Extent, layer: tuple[Footprint, Callable[[int], list[int]]]
) -> None:
    footprint, taken = layer
    behind = extent.behind(footprint)
    assert behind is not None
    assert seen(behind) == [
        NOTHING.union(*(pixels_of(extent.at(u)) for u in taken(unit))) for unit in SOME_UNITS
    ]


@given(extents(), st.integers(-12, 12))
def test_units_repeat_after_a_period(extent: Extent, unit: int) -> None:
    moved = frozenset(pixel + extent.advance for pixel in pixels_of(extent.at(unit)))
    assert pixels_of(extent.at(unit + len(extent.fields))) == moved
    assert extent.jump * len(extent.fields) == extent.advance


@given(extents(), extents())
def test_a_union_is_that_of_each_units_pixels(first: Extent, second: Extent) -> None:
    both = first.union(second)
    if first.jump != second.jump:
        assert both is None
    else:
        assert both is not None
        assert seen(both) == [a | b for a, b in zip(seen(first), seen(second), strict=True)]
        assert both.jump == first.jump


@given(extents(2), st.integers(1, 3), extents(3))
def test_periods_that_differ_have_a_union_too(first: Extent, factor: int, second: Extent) -> None:
    first = Extent(first.fields, 2 * factor)
    second = Extent(second.fields, 3 * factor)
    both = first.union(second)
    assert both is not None
    assert seen(both) == [a | b for a, b in zip(seen(first), seen(second), strict=True)]
    assert both.contains(first)
    assert both.contains(second)


@given(extents(), extents())
def test_one_contains_another_if_every_unit_touches_as_much(first: Extent, second: Extent) -> None:
    second = Extent(second.fields, round(first.jump * len(second.fields)))
    common = lcm(len(first.fields), len(second.fields))
    assert common <= len(SOME_UNITS)
    pairs = zip(seen(first), seen(second), strict=True)
    expected = first.jump == second.jump and all(mine >= its for mine, its in pairs)
    assert first.contains(second) == expected
    assert first.contains(first)


@given(extents(), st.integers(1, 4))
def test_a_shortened_extent_has_the_shortest_period(extent: Extent, repeats: int) -> None:
    fields = tuple(extent.at(unit) for unit in range(len(extent.fields) * repeats))
    longer = Extent(fields, extent.advance * repeats)
    shorter = longer.shortened()
    assert seen(shorter) == seen(longer) == seen(extent)
    assert shorter.jump == longer.jump

    def repeats_after(period: int) -> bool:
        pixels = longer.jump * period
        return pixels.denominator == 1 and all(
            pixels_of(longer.at(unit + period))
            == frozenset(p + int(pixels) for p in pixels_of(longer.at(unit)))
            for unit in range(len(fields))
        )

    assert len(shorter.fields) == min(filter(repeats_after, range(1, len(fields) + 1)))


@given(extents(), st.integers(1, 9))
def test_the_first_units_join(extent: Extent, units: int) -> None:
    expected = NOTHING.union(*(pixels_of(extent.at(unit)) for unit in range(units)))
    assert pixels_of(extent.joined(units)) == expected


@given(st.lists(st.frozensets(st.integers(-9, 9), max_size=5), max_size=4))
def test_a_hull_is_the_union(fields: list[Pixels]) -> None:
    assert pixels_of(hull(map(field_of, fields))) == NOTHING.union(*fields)


@given(*[st.frozensets(st.integers(-5, 5), min_size=1, max_size=6)] * 2, st.integers(-9, 9))
def test_a_field_contains_what_it_touches(first: Pixels, second: Pixels, pixels: int) -> None:
    mine, its = field_of(first), field_of(second)
    assert mine is not None and its is not None
    assert mine.contains(its) == (first >= second)
    assert pixels_of(mine.moved(pixels)) == frozenset(p + pixels for p in first)
    assert mine.size == max(first) - min(first) + 1


def test_the_input_sees_itself() -> None:
    assert [Extent().at(unit) for unit in (-1, 0, 7)] == [Field(-1, -1), Field(0, 0), Field(7, 7)]
    assert Extent().is_plain


def test_dilation_on_dilation_leaves_gaps() -> None:
    extent = Extent().behind(sliding(3, dilation=2))
    assert extent is not None
    extent = extent.behind(sliding(3, dilation=2))
    assert extent == Extent((Field(0, 8, 0b101010101),))


def test_doubled_pixels_behind_a_convolution_have_two_fields() -> None:
    doubled = Extent().behind(Footprint(((0,), (0,)), 1))
    assert doubled == Extent((Field(), Field()), 1)
    convolved = doubled.behind(sliding(3, padding=(1, 1)))
    assert convolved == Extent((Field(-1, 0, 3), Field(0, 1, 3)), 1)
    assert not convolved.is_plain


def test_a_stride_takes_the_period_away() -> None:
    doubled = Extent((Field(), Field()), 1)
    assert doubled.behind(sliding(2, 2)) == Extent()
    assert doubled.behind(sliding(2, -2)) == Extent(advance=-1)


def test_a_unit_that_sees_nothing_is_kept() -> None:
    spread = Extent().behind(Footprint(((0,), ()), 1))
    assert spread == Extent((Field(), None), 1)
    assert spread.at(5) is None
    assert spread.contains(Extent((None, None), 1))
    assert not Extent((None, None), 1).contains(spread)
    nothing = Extent((None,), 1)
    assert nothing.behind(sliding(3)) == nothing
    assert nothing.joined(5) is None


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 100])
@pytest.mark.parametrize("step", [1, 3, -2])
def test_long_windows_touch_what_short_steps_would(count: int, step: int) -> None:
    extent = Extent((Field(0, 3, 0b1001),), 2)
    slid = extent.behind(Footprint((range(1, 1 + count * step, step),), 1))
    assert slid is not None
    expected = {2 * unit + pixel for unit in range(1, 1 + count * step, step) for pixel in (0, 3)}
    assert pixels_of(slid.at(0)) == expected


def test_beyond_measure_the_ends_are_known_and_the_touched_pixels_are_not() -> None:
    wide = Extent().behind(sliding(3, dilation=LARGEST))
    assert wide is not None
    assert wide.at(0) == Field(0, 2 * LARGEST, None)
    shifted = wide.behind(sliding(1, padding=(1, 1)))
    assert shifted is not None
    assert wide.contains(wide)
    assert not wide.contains(shifted)
    both = wide.union(shifted)
    assert both is not None
    assert both.at(0) == Field(-1, 2 * LARGEST, None)
    assert Extent((Field(), Field(LARGEST, LARGEST))).joined(2) == Field(0, LARGEST, None)


def test_what_is_no_rule_of_position_is_not_followed() -> None:
    assert Extent().behind(Footprint(((3,), (0,)), 0, is_periodic=False)) is None


def test_a_period_that_is_too_long_is_not_followed() -> None:
    many = Extent(tuple(Field(i * i, i * i) for i in range(LONGEST_PERIOD - 1)), 1)
    assert many.behind(sliding(1)) == many
    assert many.behind(Footprint(((0,), (0,)), 1)) is None
    other = Extent((Field(0, 1, 3), Field(), Field()), 3)  # 4094 is no multiple of 3
    assert Extent(many.fields, LONGEST_PERIOD - 1).union(Extent()) is not None
    assert Extent(many.fields[:-1], LONGEST_PERIOD - 2).union(other) is None
