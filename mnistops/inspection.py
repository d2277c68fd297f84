"""What a network is: from whatever names or holds one to its layer graph, and what that tells."""

from os import PathLike, fspath
from typing import TYPE_CHECKING

from mnistops.analysis.graph import LayerGraph
from mnistops.analysis.lower import lower
from mnistops.analysis.receptive_field import ReceptiveField, receptive_fields
from mnistops.analysis.summary import ModelSummary, summarize_graph
from mnistops.analysis.window import Shape
from mnistops.checkpoint import open_network
from mnistops.errors import BadInput
from mnistops.garbage import none_collected
from mnistops.networks.spec import MNIST_SIZE, NetworkSpec, image_size

if TYPE_CHECKING:
    from torch import nn

    Network = str | PathLike[str] | NetworkSpec | nn.Module


def layer_graph(
    network: "Network",
    input_size: Shape | None = None,
    dropout: float | None = None,
    tries_training: bool = True,
) -> LayerGraph:
    """The layer graph of a network, however it is given.

    Args:
        network: a built-in name, a file or run folder (`mnistops.checkpoint.open_network`), a
            NetworkSpec or a module.
        input_size: channels, height and width; a module may take fewer axes or more. None takes
            the network's own; a module has none, so that of MNIST.
        dropout: the probability of every dropout layer; None takes the network's own.
        tries_training: whether to see what a module keeps in a step of training, for its summary.

    Raises:
        UsageError: an unknown built-in name.
        MissingInput: the file that is named does not exist.
        BadInput: not a network, or one that cannot take this input.
    """
    with none_collected():
        name, opened = _opened(network, input_size)
        if isinstance(opened, NetworkSpec):
            return lower(opened.changed(image_size(input_size), dropout))
        from mnistops.analysis.capture import capture

        return capture(opened, input_size or MNIST_SIZE, name, dropout, tries_training)


def as_module(network: "Network", input_size: Shape | None = None) -> "nn.Module":
    """The network as a module; with random weights where it is given as data.

    Raises:
        MnistopsError: of `layer_graph`.
    """
    _, opened = _opened(network, input_size)
    if not isinstance(opened, NetworkSpec):
        return opened
    from mnistops.networks.build import build

    return build(opened.changed(image_size(input_size)))


def _opened(network: "Network", input_size: Shape | None) -> "tuple[str, NetworkSpec | nn.Module]":
    if isinstance(network, str | PathLike):
        name = fspath(network)
        return name, open_network(name, input_size[0] if input_size else None)
    if isinstance(network, NetworkSpec):
        return network.name, network
    from torch import nn

    if not isinstance(network, nn.Module):
        raise BadInput(
            f"network: expected a name, a NetworkSpec or a torch module, got {network!r:.80}"
        )
    return type(network).__name__, network


def summarize(
    network: "Network", input_size: Shape | None = None, dropout: float | None = None
) -> ModelSummary:
    """Parameters, multiply-adds and memory of a network.

    Args:
        network: a built-in name, a file or run folder, a NetworkSpec or a torch module.
        input_size: channels, height and width, or the axes that a module takes; None takes the
            network's own, or (1, 28, 28).
        dropout: the probability of every dropout layer; None takes the network's own.

    Raises:
        MnistopsError: the network cannot be opened, or cannot take this input.
    """
    return summarize_graph(layer_graph(network, input_size, dropout))


def receptive_field(
    network: "Network", input_size: Shape | None = None, all_layers: bool = False
) -> tuple[ReceptiveField, ...]:
    """What the units of each layer see of the input, layer by layer.

    Args:
        network: a built-in name, a file or run folder, a NetworkSpec or a torch module.
        input_size: channels, height and width, or the axes that a module takes; None takes the
            network's own, or (1, 28, 28).
        all_layers: a row for every layer, not only where field or size can change.

    Raises:
        MnistopsError: the network cannot be opened, or cannot take this input.
    """
    rows = receptive_fields(layer_graph(network, input_size, tries_training=False))
    return tuple(row for row in rows if row.is_window or all_layers)
