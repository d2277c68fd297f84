"""What stands in a checkpoint beside its weights."""

from pathlib import Path

import pytest

from mnistops.checkpoint_parts import class_names_of, normalization_of, section_of
from mnistops.data.normalization import SEED_NORMALIZATION, Normalization
from mnistops.errors import BadInput

PATH = Path("some.pt")


def test_what_is_there_is_taken() -> None:
    assert section_of(PATH, {"settings": {"seed": 1}}, "settings") == {"seed": 1}
    assert normalization_of(PATH, {"mean": 0.5, "std": 0.25}) == Normalization(0.5, 0.25)
    assert class_names_of(PATH, ["a", "b c", "é"]) == ("a", "b c", "é")


def test_what_older_files_lack() -> None:
    assert section_of(PATH, {}, "settings") is None
    assert normalization_of(PATH, None) == SEED_NORMALIZATION
    assert class_names_of(PATH, None) is None


@pytest.mark.parametrize(
    "held",
    [[], ["a", "a"], ["a", 1], ["a", ""], ["a\n"], ["\x1b[31m"], ["a" * 256], "ab", {"a": "b"}, 3],
)
def test_names_that_are_none(held: object) -> None:
    with pytest.raises(BadInput, match=r"^some\.pt: expected the names of classes, got "):
        class_names_of(PATH, held)
