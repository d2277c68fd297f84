"""Random networks for property tests."""

from math import prod

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


ACTIVATIONS = ("relu", "leaky_relu", "silu", "gelu", "none")
# Those that the native kernels have code for.
NATIVE_ACTIVATIONS = ("relu", "leaky_relu", "none")


@st.composite
def convolutions(draw: st.DrawFn, name: str, activations: tuple[str, ...] = ACTIVATIONS) -> Conv:
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
        activation=draw(st.sampled_from(activations)),
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


@st.composite
def native_specs(draw: st.DrawFn) -> NetworkSpec:
    """Chains that the native kernels can train, of a convolution or a linear block and up to five.

    Whatever does not fit behind what is there already is left out. Nothing is dropped out.
    """
    spec = NetworkSpec(
        name="random",
        input_size=(draw(st.integers(1, 3)), draw(st.integers(1, 12)), draw(st.integers(1, 12))),
        output=draw(st.sampled_from(("log_softmax", "logits"))),
        blocks=(draw(st.one_of(_native_convolutions("b0"), linears("b0"))),),
    )
    assume(_fits(spec))
    for number in range(1, draw(st.integers(1, 6))):
        kinds = (_native_convolutions, _native_convolutions, pools, pools, _means, linears)
        block = draw(draw(st.sampled_from(kinds))(f"b{number}"))
        if isinstance(block, Conv) and draw(st.booleans()):
            block = draw(_depthwise(block, lower(spec).layers[-1].output_shape[0]))
        longer = spec.model_copy(update={"blocks": (*spec.blocks, block)})
        if _fits(longer) and not (isinstance(block, MaxPool) and _is_blind(block, spec, longer)):
            spec = longer
    assume(prod(lower(spec).layers[-1].output_shape) > 1)
    return spec


def _native_convolutions(name: str) -> st.SearchStrategy[Conv]:
    return convolutions(name, NATIVE_ACTIVATIONS)


@st.composite
def _depthwise(draw: st.DrawFn, block: Conv, channels: int) -> Conv:
    """One that convolves each channel on its own; often nothing follows it."""
    changes: dict[str, object] = {
        "groups": channels,
        "out_channels": channels * draw(st.integers(1, 2 if channels < 8 else 1)),
    }
    if draw(st.booleans()):
        changes |= {"norm": "none", "activation": "none"}
    return block.model_copy(update=changes)


def _means(name: str) -> st.SearchStrategy[GlobalAvgPool]:
    return st.just(GlobalAvgPool(name=name))


@st.composite
def linears(draw: st.DrawFn, name: str) -> Linear:
    return Linear(
        name=name,
        out_features=draw(st.integers(1, 7)),
        bias=draw(st.booleans()),
        activation=draw(st.sampled_from(NATIVE_ACTIVATIONS)),
    )


def _is_blind(pool: MaxPool, before: NetworkSpec, after: NetworkSpec) -> bool:
    """Whether nothing but padding is under one of its windows.

    Of such a window torch takes the place of a pixel that there is not, and its gradient is written
    beyond the image's memory.
    """
    stride = pool.stride or pool.kernel_size
    sizes, places = (
        [layer.output_shape for layer in lower(spec).layers if layer.is_module][-1]
        for spec in (before, after)
    )
    return any(
        not any(
            0 <= place * stride[axis] - pool.padding[axis] + tap * pool.dilation[axis] < size
            for tap in range(pool.kernel_size[axis])
        )
        for axis, size in enumerate(sizes[1:])
        for place in range(places[axis + 1])
    )


def _fits(spec: NetworkSpec) -> bool:
    try:
        lower(spec)
    except BadInput:
        return False
    return True
