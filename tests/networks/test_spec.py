"""NetworkSpec: TOML there and back, and what each mistake is answered with."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistops.errors import BadInput
from mnistops.networks.spec import Conv, MaxPool, NetworkSpec
from mnistops.networks.zoo import REFERENCE
from tests.strategies import specs

BLOCK = 'name = "n"\n[[blocks]]\nname = "a"\n'
CONV = BLOCK + 'type = "conv"\nout_channels = 2\n'


@given(specs())
def test_toml_there_and_back(spec: NetworkSpec) -> None:
    assert NetworkSpec.from_toml(spec.to_toml(), "x") == spec
    assert NetworkSpec.from_values(spec.to_values(), "x") == spec


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


@given(st.text())
def test_any_text_is_a_network_or_bad_input(text: str) -> None:
    with suppress(BadInput):
        NetworkSpec.from_toml(text, "x")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "type", "blocks", "kernel_size", "padding", "x"]), inner
        )
    ),
)
_BLOCKS = st.dictionaries(st.sampled_from(["name", "kernel_size", "padding", "x"]), _VALUES)


@given(_VALUES, st.lists(_BLOCKS | _VALUES, max_size=3), st.sampled_from(["conv", "max_pool", 3]))
def test_any_values_are_a_network_or_bad_input(
    values: object, blocks: list[object], kind: object
) -> None:
    typed = [{**block, "type": kind} if isinstance(block, dict) else block for block in blocks]
    for candidate in (values, {"name": "n", "blocks": typed}, {"name": "n", "blocks": values}):
        with suppress(BadInput):
            NetworkSpec.from_values(candidate, "x")
