"""TOML: what Python reads, and no more than it can in a moment."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistops.toml import LARGEST, expect_bounds, parse_toml, read_toml

TEXT = 'name = "é"\n[a.b]\nc = [1, 2.5, true, 1979-05-27]\n'


def test_what_is_read_is_what_python_reads(tmp_path: Path) -> None:
    path = tmp_path / "some.toml"
    path.write_text(TEXT, encoding="utf-8")
    assert read_toml(path) == parse_toml(TEXT) == tomllib.loads(TEXT)


@given(st.text(alphabet='[]{}.=,"\\\n# ax1-_:TZ') | st.text())
def test_any_text_is_read_as_python_reads_it(text: str) -> None:
    try:
        expected = repr(tomllib.loads(text))  # in which nan is nan
    except tomllib.TOMLDecodeError as error:
        expected = f"a malformed file: {error}"
    try:
        got = repr(parse_toml(text))
    except ValueError as error:
        got = str(error)
    assert got == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\nx = ", "a malformed file: Invalid value (at end of document)"),
        ("#" * (LARGEST + 1), "more than 262,144 bytes"),
        ("x = " + "[" * 100_000, "too many brackets within brackets"),
        ("x = " + "{x = " * 50_000, "too many brackets within brackets"),
        ("x = " + "9" * 5000, "a number of too many digits"),
        ("x = 9223372036854775808", "a whole number beyond 64 bits"),
        ("x = 0x1" + "0" * 5000, "a whole number beyond 64 bits"),
        ("x.x = " + "[" * 19 + "]" * 19, "too many brackets within brackets"),
        ("x" + ".x" * 20 + " = 1", "too many brackets within brackets"),
        ("x = [" + "1," * 100_001 + "]", "more than 100,000 values"),
        ("\nx" + ".x" * 100_000 + " = 1", "more than 1,000 dots in a line"),
        ("[x" + ".x" * 1001 + "]", "more than 1,000 dots in a line"),
    ],
    ids=lambda text: text[:12],
)
def test_what_goes_beyond_a_bound(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        parse_toml(text)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "some.toml"
    path.write_bytes(b"x = 1\xff")
    with pytest.raises(ValueError, match="no UTF-8 text, at byte 5"):
        read_toml(path)


def test_what_just_fits() -> None:
    assert parse_toml("#" * LARGEST) == {}
    assert parse_toml(f"x = '{'.' * 1000}'") == {"x": "." * 1000}
    assert parse_toml("x = [" + "1," * 100_000 + "]") == {"x": [1] * 100_000}
    for number in (2**63 - 1, -(2**63)):
        assert parse_toml(f"x = {number}") == {"x": number}
    for text in ("x.x = " + "[" * 18 + "]" * 18, "x" + ".x" * 18 + " = 1"):
        parse_toml(text)


def test_values_that_are_many_without_taking_memory_are_not_looked_through() -> None:
    doubled: list[object] = []
    for _ in range(60):
        doubled = [doubled, doubled]
    with pytest.raises(ValueError, match="more than 100,000 values"):
        expect_bounds(doubled)
    around: list[object] = []
    around.append(around)
    with pytest.raises(ValueError, match="too many brackets within brackets"):
        expect_bounds({"x": around})


def test_no_more_of_a_file_is_read_than_may_be_there(tmp_path: Path) -> None:
    path = tmp_path / "some.toml"
    path.touch()
    with path.open("r+b") as file:
        file.truncate(1 << 40)  # a hole, which takes no place on the disk
    with pytest.raises(ValueError, match="more than 262,144 bytes"):
        read_toml(path)
