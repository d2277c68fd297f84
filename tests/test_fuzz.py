"""Whatever the readers are fed, they read it, or refuse it in words."""

import pytest

from tests.fuzzers import FUZZERS


@pytest.mark.parametrize("name", FUZZERS)
def test_what_is_no_error_of_ours_never_comes_out(name: str) -> None:
    outcomes = FUZZERS[name].run(60)
    assert min(outcomes["read"], outcomes["refused"]) > 0  # both kinds are tried


@pytest.mark.slow
@pytest.mark.parametrize("name", FUZZERS)
def test_it_does_not_in_thousands_of_examples(name: str) -> None:
    outcomes = FUZZERS[name].run(3000)
    assert min(outcomes["read"], outcomes["refused"]) > 50
