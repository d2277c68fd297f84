"""Garbage is not looked for while it is switched off, and is again after that."""

import gc

import pytest

from mnistops.garbage import none_collected


def test_it_is_switched_off_and_on() -> None:
    assert gc.isenabled()
    with none_collected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_switches_it_on_too() -> None:
    with pytest.raises(ValueError, match="broken"), none_collected():
        raise ValueError("broken")
    assert gc.isenabled()


def test_who_had_it_off_keeps_it_off() -> None:
    gc.disable()
    try:
        with none_collected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
