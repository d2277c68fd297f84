"""Errors: one exit code for each kind, and suggestions."""

import pytest

from mnistops import errors
from mnistops.errors import ExitCode, MnistopsError, nearest, shown, suggestion
from mnistops.settings.fields import PREFIX, fields, sections, variable


def test_exit_codes_are_the_houses() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "DONE": 0,
        "NEGATIVE": 1,
        "USAGE": 2,
        "BAD_INPUT": 65,
        "MISSING_INPUT": 66,
        "NO_SOURCE": 69,
        "BUG": 70,
        "RESOURCE": 71,
        "CANNOT_CREATE": 73,
        "CANNOT_WRITE": 74,
        "LOCKED": 75,
        "SIGINT": 130,
        "SIGTERM": 143,
    }


def test_each_kind_has_its_code_and_stands_in_the_tree() -> None:
    kinds = MnistopsError.__subclasses__()
    codes = [kind.exit_code for kind in kinds]
    assert len(set(codes)) == len(kinds) == 9
    assert errors.__doc__
    for kind in kinds:
        assert kind.__name__ in errors.__doc__
        assert f" {kind.exit_code:d} " in errors.__doc__


def test_suggestions() -> None:
    assert suggestion("epoch", ["epochs", "batch_size"]) == "did you mean 'epochs'?"
    assert suggestion("zzz", ["epochs"]) is None


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("train.lr", "train.learning_rate"),
        ("lr", "train.learning_rate"),
        ("train.rate", "train.learning_rate"),
        ("train.bs", "train.batch_size"),
        ("train.target", "train.target_accuracy"),
        ("train.dropout", "network.dropout"),
        ("network.size", "network.input_size"),
        ("trian.epochs", "train.epochs"),
        ("train.learnign_rate", "train.learning_rate"),
        ("x.y", None),
        ("train.drpout", "network.dropout"),
        ("trian.epoch", "train.epochs"),
        ("train.zzz", None),
        ("train.", None),
        ("", None),
    ],
)
def test_what_is_meant_goes_before_what_is_spelt_alike(word: str, meant: str | None) -> None:
    assert nearest(word, [*dict(fields()), *sections()]) == meant


def test_variables_are_abbreviated_as_keys_are() -> None:
    known = [variable(key).removeprefix(PREFIX) for key, _ in fields()]
    assert nearest("TRAIN__LR", known) == "TRAIN__LEARNING_RATE"


def test_of_a_value_only_the_beginning_is_shown() -> None:
    assert shown("é") == "'é'"
    assert shown("x" * 200) == "'" + "x" * 79
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (16**5000, deep):
        assert shown(value) == "something too large to show"
