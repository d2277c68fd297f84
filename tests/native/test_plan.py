"""Plans, against rows by hand and the keys of the built network."""

import re
from math import prod

import pytest
from hypothesis import assume, given

from mnistops.analysis.lower import lower
from mnistops.native.compiler import SOURCES
from mnistops.native.plan import obstacle, plan_of
from mnistops.networks.build import build
from mnistops.networks.spec import (
    AnyBlock,
    AvgPool,
    Conv,
    GlobalAvgPool,
    Linear,
    MaxPool,
    NetworkSpec,
)
from mnistops.networks.zoo import REFERENCE, ZOO
from tests.strategies import native_specs, specs


def of(*blocks: AnyBlock, dropout: float = 0.0) -> NetworkSpec:
    return NetworkSpec(name="net", input_size=(2, 9, 8), dropout=dropout, blocks=blocks)


def fields_of(struct: str) -> list[str]:
    """The names in a struct of ``kernels/stage.h``, in order."""
    text = (SOURCES / "stage.h").read_text()
    body = re.sub(r"//.*", "", text.split(f"struct {struct} {{")[1].split("()")[0])
    declared = re.findall(r"(?:u?int32_t)\s+([^;]+);", body)
    return [name.strip() for names in declared for name in names.split(",")]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (of(MaxPool(name="p", kernel_size=(2, 2))), "a pool before the first convolution"),
        (of(AvgPool(name="p", kernel_size=(2, 2))), "a pool before the first convolution"),
        (of(GlobalAvgPool(name="gap")), "a pool before the first convolution"),
        (of(Conv(name="c", out_channels=2, activation="silu")), "activation silu (block c)"),
        (
            of(
                Conv(name="c", out_channels=2), Linear(name="fc", out_features=2, activation="gelu")
            ),
            "activation gelu (block fc)",
        ),
    ],
)
def test_what_there_is_no_code_for_is_named(spec: NetworkSpec, words: str) -> None:
    assert obstacle(spec) == words


@pytest.mark.parametrize("spec", ZOO.values(), ids=ZOO)
def test_all_built_in_networks_can_be_trained(spec: NetworkSpec) -> None:
    assert obstacle(spec) is None


@given(native_specs())
def test_what_the_tests_hold_against_torch_has_no_obstacle(spec: NetworkSpec) -> None:
    assert obstacle(spec) is None


@given(specs())
def test_an_obstacle_is_a_pool_in_front_or_a_curved_activation(spec: NetworkSpec) -> None:
    begins = isinstance(spec.blocks[0], MaxPool | AvgPool | GlobalAvgPool)
    curved = any(getattr(block, "activation", "none") in ("silu", "gelu") for block in spec.blocks)
    assert (obstacle(spec) is not None) == (begins or curved)


def test_the_references_rows() -> None:
    plan = plan_of(REFERENCE)
    dropped = round(0.03 * 2**32)

    def row(number: int, taken: int, size: int, given: int, window: list[int]) -> list[int]:
        """Of the number-th block, without dilation, padding and pools."""
        first = 3 * number
        sizes = [taken, size, size, given, *window[:8], 1, *window[8:]]
        keys = [first, -1, first + 1, first + 2, 2 * number, 2 * number + 1]
        return [*sizes, *keys, 1, dropped]

    plain = [3, 3, 1, 1, 0, 0, 1, 1]
    wide = [3, 3, 1, 1, 1, 1, 2, 2]
    assert plan.stages == [
        [*row(0, 1, 28, 10, [*plain, 26, 26]), 0, 0],
        [*row(1, 10, 26, 10, [*plain, 24, 24]), 0, 0],
        [*row(2, 10, 24, 15, [*plain, 22, 22]), 0, 1],
        [*row(3, 15, 11, 10, [1, 1, 1, 1, 0, 0, 1, 1, 11, 11]), 1, 0],
        [*row(4, 10, 11, 10, [*wide, 9, 9]), 1, 0],
        [*row(5, 10, 9, 10, [*wide, 7, 7]), 1, 0],
        [*row(6, 10, 7, 10, [*wide, 5, 5]), 1, 1],
    ]
    assert plan.pools == [
        [1, 15, 22, 22, 2, 2, 2, 2, 0, 0, 1, 1, 11, 11],
        [0, 10, 5, 5, 5, 5, 1, 1, 0, 0, 1, 1, 1, 1],
    ]
    assert plan.parameters[:4] == [
        "convblock1.0.weight",
        "convblock1.1.weight",
        "convblock1.1.bias",
        "convblock2.0.weight",
    ]
    assert plan.buffers[:2] == ["convblock1.1.running_mean", "convblock1.1.running_var"]
    assert plan.counters[-1] == "convblock7.1.num_batches_tracked"
    assert plan.num_classes == 10


def test_all_that_can_be_said_of_blocks() -> None:
    plan = plan_of(
        of(
            Conv(
                name="a",
                out_channels=4,
                kernel_size=(4, 3),
                padding="same",
                dilation=(1, 2),
                groups=2,
                bias=True,
                norm="none",
                activation="leaky_relu",
            ),
            AvgPool(name="b", kernel_size=(3, 2), padding=(1, 0), ceil_mode=True),
            MaxPool(name="c", kernel_size=(2, 2), stride=(1, 2), dilation=(2, 1)),
            Linear(name="d", out_features=5, bias=False),
            Linear(name="e", out_features=3, activation="relu", dropout=True),
            dropout=0.5,
        )
    )
    # Of 4 rows of a kernel, `same` pads one above; of 3 columns at a dilation of 2, two each side.
    first = [2, 9, 8, 4, 4, 3, 1, 1, 1, 2, 1, 2, 2, 9, 8, 0, 1, -1, -1, -1, -1, 2, -(2**31), 0, 2]
    assert plan.stages == [
        first,
        [4, 2, 2, 5, 2, 2, 1, 1, 0, 0, 1, 1, 1, 1, 1, 2, -1, -1, -1, -1, -1, 0, 0, 2, 0],
        [5, 1, 1, 3, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 3, 4, -1, -1, -1, -1, 1, -(2**31), 2, 0],
    ]
    assert plan.pools == [
        [0, 4, 9, 8, 3, 2, 3, 2, 1, 0, 1, 1, 4, 4],
        [1, 4, 4, 4, 2, 2, 1, 2, 0, 0, 2, 1, 2, 2],
    ]
    assert plan.parameters == ["a.0.weight", "a.0.bias", "d.1.weight", "e.1.weight", "e.1.bias"]
    assert (plan.buffers, plan.counters, plan.num_classes) == ([], [], 3)


def test_rows_have_the_fields_of_the_kernels_structs() -> None:
    plan = plan_of(REFERENCE)
    stage, pool = fields_of("Stage"), fields_of("Pool")
    assert stage[:4] == ["in_channels", "height", "width", "out_channels"]
    assert stage[-2:] == ["first_pool", "num_pools"]
    assert pool[0] == "is_max" and pool[-2:] == ["out_h", "out_w"]
    assert {len(row) for row in plan.stages} == {len(stage)}
    assert {len(row) for row in plan.pools} == {len(pool)}


@given(specs())
def test_keys_are_the_state_dicts(spec: NetworkSpec) -> None:
    assume(obstacle(spec) is None)
    plan, state = plan_of(spec), build(spec).state_dict()
    assert sorted([*plan.parameters, *plan.buffers, *plan.counters]) == sorted(state)
    parameters = [key for key, _ in build(spec).named_parameters()]
    assert plan.parameters == parameters
    assert plan.num_classes == prod(lower(spec).layers[-1].output_shape)
    fields = fields_of("Stage")
    for row in plan.stages:
        stage = dict(zip(fields, row, strict=True))
        weight = state[plan.parameters[stage["weight"]]]
        taken = stage["in_channels"] // stage["groups"]
        taps = taken * stage["kernel_h"] * stage["kernel_w"]
        assert weight.shape[0] == stage["out_channels"]
        assert weight.numel() == stage["out_channels"] * taps
