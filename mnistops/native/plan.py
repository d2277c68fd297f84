"""NetworkSpec to what the kernels run: convolutions, each with what follows it up to the next."""

from dataclasses import dataclass, field
from math import prod

from mnistops.analysis.graph import Layer
from mnistops.analysis.lower import lower
from mnistops.analysis.window import Shape, same_padding
from mnistops.networks.spec import AnyBlock, Conv, GlobalAvgPool, Linear, MaxPool, NetworkSpec, Pool

_ACTIVATIONS = {"none": 0, "relu": 1, "leaky_relu": 2}


@dataclass
class Plan:
    """A network as numbers, in the order of the fields in ``kernels/stage.h``.

    Attributes:
        stages: one row for each convolution.
        pools: one row for each pool.
        parameters: their keys in a state_dict; stages name them by number.
        buffers: the running statistics' keys, the same.
        counters: keys of the norms' counts of steps.
        num_classes: outputs for one image.
    """

    stages: list[list[int]] = field(default_factory=list)
    pools: list[list[int]] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    buffers: list[str] = field(default_factory=list)
    counters: list[str] = field(default_factory=list)
    num_classes: int = 0


def obstacle(spec: NetworkSpec) -> str | None:
    """What the kernels have no code for in a network; None where they can train it."""
    if isinstance(spec.blocks[0], Pool | GlobalAvgPool):
        return "a pool before the first convolution"
    for block in spec.blocks:
        if isinstance(block, Conv | Linear) and block.activation not in _ACTIVATIONS:
            return f"activation {block.activation} (block {block.name})"
    return None


def plan_of(spec: NetworkSpec) -> Plan:
    """The plan of a network without an `obstacle`.

    Raises:
        BadInput: of `mnistops.analysis.lower.lower`.
    """
    layers: dict[str, list[Layer]] = {}
    for layer in lower(spec).layers:
        layers.setdefault(layer.path.split(".")[0], []).append(layer)
    plan = Plan()
    for block in spec.blocks:
        own = layers[block.name]
        _add(plan, block, own[0].input_shape, own[-1].output_shape, spec.dropout)
    plan.num_classes = prod(layers[spec.blocks[-1].name][-1].output_shape)
    return plan


def _add(plan: Plan, block: AnyBlock, taken: Shape, given: Shape, dropout: float) -> None:
    match block:
        case Conv():
            before = same_padding(block.kernel_size, block.dilation)
            padding = [p for p, _ in before] if block.padding == "same" else [*block.padding]
            window = [*block.kernel_size, *block.stride, *padding, *block.dilation]
            sizes = [*taken, block.out_channels, *window, block.groups, *given[1:]]
            _add_stage(plan, block, sizes, dropout)
        case Linear():
            channels, height, width = taken if len(taken) == 3 else (*taken, 1, 1)
            window = [height, width, 1, 1, 0, 0, 1, 1]
            sizes = [channels, height, width, block.out_features, *window, 1, 1, 1]
            _add_stage(plan, block, sizes, dropout)
        case GlobalAvgPool():
            window = [*taken[1:], 1, 1, 0, 0, 1, 1]
            _add_pool(plan, [0, *taken, *window, 1, 1])
        case _:
            is_max = isinstance(block, MaxPool)
            dilation = block.dilation if isinstance(block, MaxPool) else (1, 1)
            stride = block.stride or block.kernel_size
            window = [*block.kernel_size, *stride, *block.padding, *dilation]
            _add_pool(plan, [int(is_max), *taken, *window, *given[1:]])


def _add_stage(plan: Plan, block: Conv | Linear, sizes: list[int], dropout: float) -> None:
    # As `build` numbers the modules of a block; a Linear one begins with Flatten.
    path = f"{block.name}.{1 if isinstance(block, Linear) else 0}"
    numbers = [_number(plan.parameters, f"{path}.weight")]
    numbers.append(_number(plan.parameters, f"{path}.bias") if block.bias else -1)
    if isinstance(block, Conv) and block.norm == "batch":
        norm = f"{block.name}.1"
        numbers += [_number(plan.parameters, f"{norm}.{key}") for key in ("weight", "bias")]
        numbers += [_number(plan.buffers, f"{norm}.running_{key}") for key in ("mean", "var")]
        plan.counters.append(f"{norm}.num_batches_tracked")
    else:
        numbers += [-1] * 4
    # Of 2^32, in the bits of a signed number.
    threshold = round(dropout * 2**32) if block.dropout else 0
    signed = threshold - 2**32 if threshold >= 2**31 else threshold
    activation = _ACTIVATIONS[block.activation]
    plan.stages.append([*sizes, *numbers, activation, signed, len(plan.pools), 0])


def _add_pool(plan: Plan, sizes: list[int]) -> None:
    plan.pools.append(sizes)
    plan.stages[-1][-1] += 1


def _number(keys: list[str], key: str) -> int:
    keys.append(key)
    return len(keys) - 1
