"""NetworkSpec: TOML there and back, and what each mistake is answered with."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mnistops.errors import BadInput
from mnistops.networks.spec import Conv, GlobalAvgPool, Linear, MaxPool, NetworkSpec
from mnistops.networks.zoo import REFERENCE
from tests.strategies import specs

BLOCK = 'name = "n"\n[[blocks]]\nname = "a"\n'
CONV = BLOCK + 'type = "conv"\nout_channels = 2\n'


@given(specs())
def test_toml_there_and_back(spec: NetworkSpec) -> None:
    assert NetworkSpec.from_toml(spec.to_toml(), "x") == spec
    assert NetworkSpec.from_values(spec.to_values(), "x") == spec


@given(specs(), st.integers(2, 300))
def test_outputs_are_as_many_as_asked_for(spec: NetworkSpec, num_classes: int) -> None:
    assume(any(isinstance(block, Conv | Linear) for block in spec.blocks))
    changed = spec.with_outputs(num_classes)
    assert changed.name == spec.name and len(changed.blocks) == len(spec.blocks)
    weights = [block for block in changed.blocks if isinstance(block, Conv | Linear)]
    last = weights[-1]
    assert (last.out_channels if isinstance(last, Conv) else last.out_features) == num_classes
    differing = [a for a, b in zip(spec.blocks, changed.blocks, strict=True) if a != b]
    assert len(differing) <= 1


def test_outputs_of_what_has_no_weights() -> None:
    pool = NetworkSpec(name="x", blocks=(GlobalAvgPool(name="gap"),))
    with pytest.raises(BadInput, match="x: expected a conv or linear block to end with, got none"):
        pool.with_outputs(3)


def test_one_number_stands_for_a_pair() -> None:
    spec = NetworkSpec.from_toml(CONV + "kernel_size = 5\npadding = [1, 2]", "x")
    assert spec.blocks[0] == Conv(name="a", out_channels=2, kernel_size=(5, 5), padding=(1, 2))


def test_a_pool_strides_by_its_kernel() -> None:
    pool = MaxPool(name="p", kernel_size=(2, 3))
    assert pool.stride is None
    assert "stride" not in REFERENCE.to_values()["blocks"][3]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "expected a key 'name', got none", None),
        ("name = 3", "name: expected a valid string, got 3", None),
        ("\nname = x", "expected TOML, got a malformed file: Invalid value (at line 2", None),
        ('name = "n"\nblocks = 3', "blocks: expected a valid tuple, got 3", None),
        ('name = "n"\nblocks = []', "blocks: expected", None),
        ('name = "n"\nblocks = [3]', "block 1: expected a table, got 3", None),
        ('nam = "n"\n[[blocks]]', "nam: expected a known key", "did you mean 'name'?"),
        (BLOCK, "block 1 (a): expected a type of conv, max_pool", None),
        (BLOCK + 'type = "Conv2d"', "got Conv2d", "did you mean 'conv'?"),
        (BLOCK + 'type = "conv"', "block 1 (a): expected a key 'out_channels', got none", None),
        (
            CONV + "kernelsize = 3",
            "kernelsize: expected a known key",
            "did you mean 'kernel_size'?",
        ),
        (CONV + "zzz = 3", "zzz: expected a known key", "known here: name, type, out_channels"),
        (CONV + "kernel_size = 0", "kernel_size: expected a whole number from 1 to", None),
        (CONV + "kernel_size = true", "or a pair of them, got True", None),
        (CONV + "kernel_size = 3.0", "or a pair of them, got 3.0", None),
        (CONV + "stride = 99999999", "stride: expected a whole number from 1", None),
        (CONV + 'padding = "same"\nstride = 2', "expected stride 1 with padding 'same'", None),
        (CONV + 'padding = "full"', "or a pair of them, or 'same', got 'full'", None),
        (CONV + "kernel_size = [2, 2, 2]", "or a pair of them, got", None),
        ('name = "a\\nb"\nblocks = []', "name: expected printable text on one line", None),
        ("dropout = false\n" + CONV, "dropout: expected a valid number, got False", None),
        (CONV + 'norm = "layer"', "norm: expected 'batch' or 'none', got 'layer'", None),
        (CONV.replace('"a"', '"a.b"'), "name: expected letters, digits and underscores", None),
        (BLOCK + 'type="max_pool"\nkernel_size=3\npadding=2', "at most half the kernel", None),
        (CONV + CONV[11:], "blocks: expected different block names, got 'a' 2 times", None),
        ("dropout = 1.0\n" + CONV, "dropout: expected less than 1, got 1.0", None),
        ("dropout = nan\n" + CONV, "dropout: expected a finite number, got nan", None),
    ],
)
def test_mistakes_are_named(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(BadInput) as error:
        NetworkSpec.from_toml(text, "net.toml")
    assert error.value.message.startswith("net.toml: ")
    assert message in error.value.message
    assert "\n" not in error.value.message
    assert hint is None or (error.value.hint and hint in error.value.hint)


def nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("name", nested(10), "name: expected a valid string, got [[[["),
        ("name", nested(100_000), "expected a network, got too many brackets within brackets"),
        ("dropout", 16**5000, "expected a network, got a whole number beyond 64 bits"),
        ("blocks", [0] * 100_001, "expected a network, got more than 100,000 values"),
        ("x" * 5000, 1, "x" * 80 + ": expected a known key, got an unknown one"),
        ("name", ["x" * 5000], "name: expected a valid string, got ['xxx"),
        ("blocks", [{"name": "x" * 5000, "type": "y" * 5000}], "block 1 (xxx"),
    ],
    ids=lambda value: str(type(value)) if not isinstance(value, str) else value[:20],
)
def test_much_is_answered_in_few_words(key: str, value: object, message: str) -> None:
    with pytest.raises(BadInput) as error:
        NetworkSpec.from_values({"name": "n", "blocks": [], key: value}, "net")
    assert error.value.message.startswith(f"net: {message}")
    assert len(error.value.message) < 300
