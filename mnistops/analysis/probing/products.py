"""Products: stand-ins for layers and functions that multiply matrices."""

from dataclasses import replace

from mnistops.analysis.probing.shadow import NotProbed, Shadow, together
from mnistops.analysis.probing.step import Step, tensors_in


def fully_connected(step: Step) -> Shadow:
    """The mean of any number of features, so that an input of another size runs too."""
    source, weight = step.source, step.argument(1, "weight")
    last = len(source.shape) - 1
    return replace(source.mean([last]), shape=(*source.shape[:-1], weight.shape[0]))


def multiplied(step: Step) -> Shadow:
    """The mean of each factor along the dimension that is summed over."""
    factors = []
    operands = [*step.args, *step.kwargs.values()]
    for value, contracted in zip(operands, (-1, -2), strict=False):
        shadow = step.shadow_of(value)
        if shadow is not None:
            if len(shadow.shape) < 2:
                raise NotProbed(f"nothing linear stands for {step.name} of a vector")
            factors.append(shadow.mean([len(shadow.shape) + contracted]))
    return together(factors, step.shape)


def attended(step: Step) -> list[Shadow | str]:
    """Each query with all keys and values."""
    # (..., tokens, features), or (tokens, images, features) where it is a layer as a whole
    tokens = 0 if step.name.startswith("multi") else len(step.shape) - 2
    means = []
    for place, name in enumerate(("query", "key", "value")):
        shadow = step.shadow_of(step.argument(place, name))
        if shadow is not None:
            last = len(shadow.shape) - 1
            means.append(shadow.mean([last] if place == 0 else [tokens, last]))
    more = len(tensors_in(step.result)) - 1
    return [together(means, step.shape), *["the weights of attention"] * more]
