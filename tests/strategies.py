"""Random networks for property tests."""

from hypothesis import assume
from hypothesis import strategies as st

from mnistops.analysis.lower import lower
from mnistops.errors import BadInput
from mnistops.networks.spec import (
    AnyBlock,
    AvgPool,
    Conv,
    GlobalAvgPool,
    Linear,
    MaxPool,
    NetworkSpec,
)


def pairs(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    """(height, width), each from low to high."""
    return st.tuples(st.integers(low, high), st.integers(low, high))


@st.composite
def convolutions(draw: st.DrawFn, name: str) -> Conv:
    padding = draw(st.one_of(pairs(0, 3), st.just("same")))
    groups = draw(st.sampled_from((1, 1, 2)))
    return Conv(
        name=name,
        out_channels=2 * draw(st.integers(1, 2)),
        kernel_size=draw(pairs(1, 4)),
        stride=(1, 1) if padding == "same" else draw(pairs(1, 3)),
        padding=padding,
        dilation=draw(pairs(1, 3)),
        groups=groups,
        bias=draw(st.booleans()),
        norm=draw(st.sampled_from(("batch", "none"))),
        activation=draw(st.sampled_from(("relu", "leaky_relu", "silu", "gelu", "none"))),
        dropout=draw(st.booleans()),
    )


@st.composite
def pools(draw: st.DrawFn, name: str) -> MaxPool | AvgPool:
    kernel_size = draw(pairs(1, 4))
    ceil_mode = draw(st.booleans())
    common = {
        "name": name,
        "kernel_size": kernel_size,
        "stride": draw(st.one_of(st.none(), pairs(1, 3))),
        "padding": tuple(draw(st.integers(0, k // 2)) for k in kernel_size),
        "ceil_mode": ceil_mode,
    }
    if draw(st.booleans()):
        return AvgPool.model_validate(common)
    return MaxPool.model_validate({**common, "dilation": draw(pairs(1, 2))})


@st.composite
def specs(draw: st.DrawFn) -> NetworkSpec:
    """Chains of up to six blocks that fit into each other."""
    blocks: list[AnyBlock] = [
        draw(st.one_of(convolutions(f"b{i}"), pools(f"b{i}")))
        for i in range(draw(st.integers(1, 5)))
    ]
    if draw(st.booleans()):
        blocks.append(GlobalAvgPool(name="gap"))
    activations = draw(st.lists(st.sampled_from(("none", "relu")), max_size=2))
    blocks += [
        Linear(name=f"fc{i}", out_features=3, activation=activation)
        for i, activation in enumerate(activations)
    ]
    spec = NetworkSpec(
        name="random",
        input_size=(2, draw(st.integers(1, 24)), draw(st.integers(1, 24))),
        dropout=draw(st.sampled_from((0.0, 0.3))),
        output=draw(st.sampled_from(("log_softmax", "logits"))),
        blocks=tuple(blocks),
    )
    try:
        lower(spec)
    except BadInput:
        assume(False)
    return spec
