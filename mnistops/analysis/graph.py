"""LayerGraph: the layers of a network in the order they run, with shapes and parameters."""

from dataclasses import dataclass, fields
from math import prod

from mnistops.analysis.operations import Operation, Shape, ShapeMismatch
from mnistops.errors import BadInput


@dataclass(frozen=True)
class Parameter:
    """One tensor of weights.

    Attributes:
        name: within its module: ``weight``.
        key: its first name in the network (``convblock1.0.weight``), one wherever it is used.
    """

    name: str
    key: str
    shape: Shape
    trainable: bool = True

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


@dataclass(frozen=True)
class Step:
    """What a layer is, whatever it is given.

    Attributes:
        type: the module's class (``Conv2d``), or the function's name (``flatten``).
        path: the module's path (``convblock1.0``), or for a function that of the module around it.
        is_module: False for a function called between modules.
    """

    operation: Operation
    type: str
    path: str
    parameters: tuple[Parameter, ...] = ()
    is_module: bool = True

    @property
    def label(self) -> str:
        """How an error names it: ``convblock1.0 (Conv2d)``."""
        return f"{self.path} ({self.type})" if self.path else self.type


@dataclass(frozen=True, kw_only=True)
class Layer(Step):
    """A step in its place: with the shapes, of one image, that go in and come out.

    Attributes:
        name: the type and its number among the modules (``Conv2d-1``); a function has no number.
    """

    name: str
    input_shape: Shape
    output_shape: Shape


@dataclass(frozen=True)
class Container:
    """A module that is made of others and is no plain sequence.

    Attributes:
        end: how many layers have run when it returns.
        parameters: its own, not those of the modules in it.
    """

    type: str
    path: str
    end: int
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True)
class LayerGraph:
    """A network as a chain of layers, each taking what the one before it gives.

    Attributes:
        network: what the network is called.
        input_shape: channels, height and width of one image.
        containers: in the order they return.
        unused: parameters of modules that never run.
    """

    network: str
    input_shape: Shape
    layers: tuple[Layer, ...]
    containers: tuple[Container, ...] = ()
    unused: tuple[Parameter, ...] = ()


class ChainBuilder:
    """Sends one image's shape through steps as they are added.

    Attributes:
        shape: what the last step gives, and the next one takes.
    """

    def __init__(self, network: str, input_shape: Shape) -> None:
        self.shape = input_shape
        self._network = network
        self._input_shape = input_shape
        self._layers: list[Layer] = []
        self._containers: list[Container] = []
        self._modules = 0

    def add(self, step: Step) -> None:
        """Append a step.

        Raises:
            BadInput: it cannot take the shape that reaches it; the error names it.
        """
        try:
            output_shape = step.operation.output_shape(self.shape)
        except ShapeMismatch as error:
            raise BadInput(f"{self._network}: {step.label}: {error}") from None
        self._modules += step.is_module
        self._layers.append(
            Layer(
                **{field.name: getattr(step, field.name) for field in fields(Step)},
                name=f"{step.type}-{self._modules}" if step.is_module else step.type,
                input_shape=self.shape,
                output_shape=output_shape,
            )
        )
        self.shape = output_shape

    def close(self, type_name: str, path: str, parameters: tuple[Parameter, ...]) -> None:
        """Note that a container of layers returns here."""
        self._containers.append(Container(type_name, path, len(self._layers), parameters))

    def build(self) -> LayerGraph:
        """The graph of what was added."""
        return LayerGraph(
            self._network, self._input_shape, tuple(self._layers), tuple(self._containers)
        )
