"""LayerGraph: the layers of a network in the order they run, with shapes and parameters."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from math import prod

from mnistops.analysis.operations import Operation
from mnistops.analysis.window import Shape, ShapeMismatch
from mnistops.errors import BadInput

IMAGES = 2
"""How many images a graph's shapes are of: a shape then shows which of its numbers is the batch."""

ITEMSIZES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}
"""Bytes of one number, by torch's name of its type."""

INPUT = -1
"""The network's input, where a layer is counted by its place."""


@dataclass(frozen=True)
class Parameter:
    """One tensor of weights.

    Attributes:
        name: within its module: ``weight``.
        key: its first name in the network (``convblock1.0.weight``), one wherever it is used.
        itemsize: bytes of one number.
    """

    name: str
    key: str
    shape: Shape
    trainable: bool = True
    itemsize: int = 4

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
    """A step in its place: what it takes, and the shapes that go in and come out.

    Attributes:
        name: the type and its number among the modules (``Conv2d-1``); a function has no number.
        inputs: the places of the layers whose output it takes; `INPUT` for the network's input.
        taken: the shapes that go in, for `IMAGES` images.
        given: the shape that comes out.
        itemsize: bytes of one number of the output.
        ends_call: False where the call that it is a part of has more steps to come.
    """

    name: str
    inputs: tuple[int, ...]
    taken: tuple[Shape, ...]
    given: Shape
    itemsize: int = 4
    ends_call: bool = True

    @property
    def input_shape(self) -> Shape:
        """Of one image: (C, H, W)."""
        return of_one_image(self.taken[0])

    @property
    def output_shape(self) -> Shape:
        """Of one image: (C, H, W)."""
        return of_one_image(self.given)


def of_one_image(shape: Shape) -> Shape:
    """A shape without the batch; where that is merged with another dimension, one image's part."""
    images, *rest = shape or (1,)
    if images == IMAGES:
        return tuple(rest)
    return (images // IMAGES, *rest) if images % IMAGES == 0 else shape


@dataclass(frozen=True)
class Container:
    """A module that is made of others.

    Attributes:
        end: how many layers have run when it returns.
        given: the shapes that it returns, for `IMAGES` images.
        parameters: its own, not those of the modules in it.
        is_sequence: whether it only runs them one after another.
    """

    type: str
    path: str
    end: int
    given: tuple[Shape, ...]
    parameters: tuple[Parameter, ...] = ()
    is_sequence: bool = False


@dataclass(frozen=True)
class LayerGraph:
    """A network as its layers in the order they run, each with the ones that it takes from.

    Attributes:
        network: what the network is called.
        input_shape: channels, height and width of one image.
        outputs: places of the layers whose output the network returns.
        containers: in the order they return.
        unused: parameters of modules that never run.
        buffers: tensors that the network holds and does not train.
        dtype: torch's name of the numbers that go in.
        saved_bytes: what a training step was seen to keep for its backward pass, for one image;
            None where none was run.
    """

    network: str
    input_shape: Shape
    layers: tuple[Layer, ...]
    outputs: tuple[int, ...]
    containers: tuple[Container, ...] = ()
    unused: tuple[Parameter, ...] = ()
    buffers: tuple[Parameter, ...] = ()
    dtype: str = "float32"
    saved_bytes: int | None = field(default=None, compare=False)

    @property
    def itemsize(self) -> int:
        """Bytes of one number of the input."""
        return ITEMSIZES[self.dtype]

    def calls(self) -> Iterator[list[int]]:
        """The places of the layers that each call of a module or function is made of."""
        begun: list[int] = []
        for place, layer in enumerate(self.layers):
            begun.append(place)
            if layer.ends_call:
                yield begun
                begun = []


class GraphBuilder:
    """Sends shapes through steps as they are added."""

    def __init__(self, network: str, input_shape: Shape, dtype: str = "float32") -> None:
        self._network = network
        self._input_shape = input_shape
        self._dtype = dtype
        self._layers: list[Layer] = []
        self._containers: list[Container] = []

    @property
    def last(self) -> int:
        """The place of the layer that was added last."""
        return len(self._layers) - 1

    def shape(self, place: int) -> Shape:
        """What the layer in this place gives, for `IMAGES` images."""
        return (IMAGES, *self._input_shape) if place == INPUT else self._layers[place].given

    def add(self, step: Step, inputs: tuple[int, ...] | None = None, itemsize: int = 4) -> int:
        """Append a step; it takes what the last one gives, where nothing else is said.

        Returns:
            its place.

        Raises:
            BadInput: it cannot take the shapes that reach it; the error names it.
        """
        inputs = (self.last,) if inputs is None else inputs
        taken = tuple(map(self.shape, inputs))
        try:
            given = step.operation.output_shape(*taken)
        except ShapeMismatch as error:
            raise BadInput(f"{self._network}: {step.label}: {error}") from None
        own = {part.name: getattr(step, part.name) for part in fields(Step)}
        layer = Layer(
            **own, name=step.type, inputs=inputs, taken=taken, given=given, itemsize=itemsize
        )
        self._layers.append(layer)
        return self.last

    def join(self, first: int) -> None:
        """Note that all steps from this place on are one call."""
        for place in range(first, self.last):
            self._layers[place] = replace(self._layers[place], ends_call=False)

    def close(self, container: Container) -> None:
        """Note that a container of layers returns here."""
        self._containers.append(container)

    def build(self, outputs: tuple[int, ...] | None = None) -> LayerGraph:
        """The graph of what was added; it returns what the last layer gives, or these."""
        layers, modules = [], 0
        for layer in self._layers:
            number = f"-{modules + 1}" if layer.is_module else ""
            layers.append(replace(layer, name=layer.type + number))
            modules += layer.is_module and layer.ends_call
        return LayerGraph(
            self._network,
            self._input_shape,
            tuple(layers),
            (self.last,) if outputs is None else outputs,
            tuple(self._containers),
            dtype=self._dtype,
        )
