"""The user's code: failures told by the user's own lines, prints kept off standard output."""

import re
import traceback
from collections.abc import Callable

import pytest
from torch import nn

from mnistops.errors import BadInput, OutOfResources, UsageError
from mnistops.user_code import missing_arguments, users_code, users_line


def fail() -> None:
    re.compile("(")


def test_the_users_innermost_line_is_shown() -> None:
    with pytest.raises(BadInput) as error, users_code("net.py:Net"):
        fail()
    assert error.value.message.startswith("net.py:Net: expected it to run, got ")
    assert error.value.hint
    assert error.value.hint.endswith(', in fail: re.compile("(")')
    assert isinstance(error.value.__cause__, re.error)


def test_an_error_of_ours_passes_through() -> None:
    with pytest.raises(UsageError), users_code("net.py:Net"):
        raise UsageError("ours")


def test_an_interrupt_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt), users_code("net.py:Net"):
        raise KeyboardInterrupt


def test_whatever_else_is_raised_is_told() -> None:
    class Own(BaseException):
        """Not even an Exception."""

    for error in (Own("odd"), SystemExit(0), GeneratorExit()):
        with pytest.raises(BadInput, match=f"got {type(error).__name__}"), users_code("net.py:Net"):
            raise error


def test_memory_that_runs_out_is_no_mistake_of_the_code() -> None:
    with (
        pytest.raises(OutOfResources, match=r"^net\.py:Net: expected enough"),
        users_code("net.py:Net"),
    ):
        raise MemoryError


def test_prints_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with users_code("net.py:Net"):
        print("hello")
    assert capsys.readouterr() == ("", "hello\n")


def test_a_message_of_many_lines_is_cut_to_one() -> None:
    with pytest.raises(BadInput) as error, users_code("x"):
        raise ValueError("one\n" + "two" * 1000)
    assert error.value.message == "x: expected it to run, got ValueError: one"
    with pytest.raises(BadInput) as error, users_code("x"):
        raise ValueError("a" * 1000)
    assert len(error.value.message) < 400


def test_no_line_of_the_users() -> None:
    assert users_line([]) is None
    for file in (re.__file__, "/home/me/.local/lib/python3.12/site-packages/typer/core.py"):
        assert users_line([traceback.FrameSummary(file, 1, "compile")]) is None


def some(width: int, depth: int = 2, *rest: int, **more: int) -> int:
    return width + depth + len(rest) + len(more)


def named(x: int, y: int, *, scale: int) -> int:
    return x + y + scale


@pytest.mark.parametrize(
    ("function", "given", "missing"),
    [
        (some, 0, "width"),
        (some, 1, ""),
        (named, 1, "y, scale"),
        (nn.Conv2d, 0, "in_channels, out_channels, kernel_size"),
        (nn.ReLU().forward, 1, ""),
        (dict, 0, ""),
    ],
)
def test_what_a_call_still_needs(function: Callable[..., object], given: int, missing: str) -> None:
    assert missing_arguments(function, given) == missing
