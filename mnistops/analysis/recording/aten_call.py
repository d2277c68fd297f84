"""One call of one of torch's own operations (ATen), as rules look at it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from mnistops.analysis.operations import Operation
from mnistops.analysis.window import Shape, Sizes

Place = int


@dataclass(frozen=True)
class Call:
    """One call of an operation.

    Attributes:
        name: without overload, and without the underscore of those that write in place.
        arguments: by name, defaults left out.
        outputs: the tensors that it returned.
        place: where a tensor that depends on the images stands in the graph, else None.
        add: appends a step that takes what stands in these places.
    """

    name: str
    in_place: bool
    is_pointwise: bool
    arguments: dict[str, Any]
    outputs: Sequence[Tensor]
    place: Callable[[Tensor], Place | None]
    add: Callable[[Operation, Sequence[Place]], Place]

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors that it takes."""
        found: list[Tensor] = []
        for value in self.arguments.values():
            values = value if isinstance(value, list | tuple) else [value]
            found += [item for item in values if isinstance(item, Tensor)]
        return found

    @property
    def sources(self) -> list[Place]:
        """Where those stand that depend on the images."""
        places = [self.place(tensor) for tensor in self.tensors]
        return [place for place in places if place is not None]

    @property
    def given(self) -> Shape:
        """The shape of its (first) output."""
        return tuple(self.outputs[0].shape)

    def taken(self, name: str = "self") -> Shape:
        """The shape of an input."""
        return tuple(self.arguments[name].shape)

    def depends(self, name: str) -> bool:
        """Whether this argument depends on the images."""
        value = self.arguments.get(name)
        return isinstance(value, Tensor) and self.place(value) is not None

    def sizes(self, name: str, axes: int, default: Sequence[int] = ()) -> Sizes:
        """One number per axis."""
        values = tuple(self.arguments.get(name) or default)
        return values * axes if len(values) == 1 else values


Rule = Callable[[Call], Place | list[Place] | None]
"""Adds a call's steps to the graph, and says where its outputs stand; None if it does not apply."""
