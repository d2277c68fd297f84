"""Recorder: follows the tensors of one forward pass, call by call."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.hooks import RemovableHandle

from mnistops.analysis.graph import INPUT, Container, GraphBuilder, LayerGraph, Parameter
from mnistops.analysis.operations import Identity, Operation, Unsupported
from mnistops.analysis.recording.aten import SHAPE_ONLY, is_pointwise, steps_of
from mnistops.analysis.recording.aten_call import Call, Place
from mnistops.analysis.recording.calls import Calls, WatchedFunctions
from mnistops.analysis.recording.modules import operation_of
from mnistops.analysis.window import Shape, times
from mnistops.errors import BadInput


@dataclass
class _Tracked:
    """A tensor that depends on the images.

    Attributes:
        version: torch's count of the writes to it, when it was seen last.
    """

    tensor: Tensor
    place: Place
    version: int


class Recorder:
    """Watches a module run, and keeps what runs as a graph."""

    def __init__(self, module: nn.Module, input_size: Shape, dtype: torch.dtype, name: str) -> None:
        self._module = module
        self._name = name
        self._graph = GraphBuilder(name, input_size, str(dtype).removeprefix("torch."))
        self._tracked: dict[int, _Tracked] = {}
        self._written: dict[int, Place] = {}  # memory into a part of which was written
        self._kept: list[Tensor] = []  # so that no address is used twice
        self._keys = {id(tensor): key for key, tensor in module.named_parameters()}
        self._weights = {part: self._own(part) for part in module.modules()}
        self._buffers = tuple(
            _parameter(key.rpartition(".")[2], key, tensor, trainable=False)
            for key, tensor in module.named_buffers()
        )
        self._derived: dict[int, frozenset[str]] = {}  # weights that a constant was made of
        self._by_key = {p.key: p for weights in self._weights.values() for p in weights}
        self.calls = Calls(self._graph)

    def run(self, weights: Mapping[int, Tensor], images: Tensor) -> object:
        """One forward pass.

        Args:
            weights: what stands in place of the module's own tensors, by the identity of these.
        """
        for place, key in self._keys.items():
            # A module may hold on to its own tensors beside those that were taken from it.
            self._derived[place] = frozenset((key,))
            if place in weights:
                self._derived[id(weights[place])] = frozenset((key,))
        self._kept += weights.values()
        self._track(images, INPUT)
        with self._hooked(), WatchedFunctions(self.calls), _Operations(self):
            return self._module(images)

    def graph(self, outputs: object) -> LayerGraph:
        """What was seen.

        Raises:
            BadInput: nothing that the network returns depends on its input.
        """
        places = [self.place(t) for t in tree_leaves(outputs) if isinstance(t, Tensor)]
        graph = self._graph.build(tuple(place for place in places if place is not None))
        if not graph.layers or not graph.outputs:
            raise BadInput(
                f"{self._name}: expected at least one layer between input and output, got none",
                "return tensors, alone or in tuples, lists or dicts",
            )
        used = {p.key for layer in graph.layers for p in layer.parameters}
        unused = tuple(p for key, p in self._by_key.items() if key not in used)
        return replace(graph, unused=unused, buffers=self._buffers)

    def _own(self, part: nn.Module) -> tuple[Parameter, ...]:
        return tuple(
            _parameter(name, self._keys[id(tensor)], tensor, tensor.requires_grad)
            for name, tensor in part.named_parameters(recurse=False)
        )

    # Tensors

    def place(self, tensor: Tensor) -> Place | None:
        """Where a tensor stands in the graph; None for one that does not depend on the images."""
        entry = self._tracked.get(id(tensor))
        written = self._written.get(_memory(tensor))
        if entry is not None and entry.version == tensor._version:
            return entry.place
        if entry is None and written is None:
            return None
        source = written if written is not None else entry.place if entry else INPUT
        shape = self._graph.shape(source)
        place = self._add(Unsupported((shape,), tuple(tensor.shape)), (source,), tensor)
        self._track(tensor, place)
        return place

    def _track(self, tensor: Tensor, place: Place) -> None:
        self._tracked[id(tensor)] = _Tracked(tensor, place, tensor._version)

    def _add(
        self,
        operation: Operation,
        inputs: Sequence[Place],
        output: Tensor,
        parameters: Sequence[Parameter] = (),
    ) -> Place:
        step = replace(self.calls.step(operation), parameters=tuple(parameters))
        return self._graph.add(step, tuple(inputs), output.element_size())

    # Calls of torch's operations

    def operation(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run one of torch's operations, and keep what it does."""
        arguments = {
            item.name: value for item, value in zip(function._schema.arguments, args, strict=False)
        } | kwargs
        tensors = [t for t in tree_leaves(list(arguments.values())) if isinstance(t, Tensor)]
        if self.calls.is_hidden:
            return function(*args, **kwargs)
        sources = [place for t in tensors if (place := self.place(t)) is not None]
        if not sources:
            result = function(*args, **kwargs)
            self._derive(tensors, result)
            return result
        name = function._schema.name.removeprefix("aten::")
        in_place = name.endswith("_") and not name.endswith("__")
        name = name.removesuffix("_") if in_place else name
        written = arguments.get("self")
        if in_place and isinstance(written, Tensor) and self._is_part(written):
            return self._write(written, sources, function, args, kwargs)
        result = self._on_meta(function, args, kwargs)
        given = [t for t in tree_leaves(result) if isinstance(t, Tensor)]
        if name in SHAPE_ONLY or not given:
            return result
        if not given[0].numel():
            label = self.calls.step(Identity()).label
            raise BadInput(
                f"{self._name}: {label}: expected an output with values in it, got "
                f"{times(tuple(given[0].shape)[1:])}"
            )
        outputs = [t for t in given if t.numel()]
        weights = self._weights_of(tensors)
        call = Call(
            name,
            in_place and isinstance(written, Tensor) and self.place(written) is not None,
            is_pointwise(function),
            arguments,
            outputs,
            self.place,
            partial(self._add_weighted, outputs[0], weights),
        )
        places = steps_of(call)
        if len(places) == 1:
            same = tuple(outputs[0].shape)
            places = places * len([t for t in outputs if tuple(t.shape) == same])
        for output, place in zip(outputs, places, strict=False):
            # A view is not yet known as one here: it will have the version of what it shows.
            shown = [t for t in tensors if _memory(t) == _memory(output)]
            version = (shown[0] if shown else output)._version + in_place
            self._tracked[id(output)] = _Tracked(output, place, version)
        return result

    def _add_weighted(
        self,
        output: Tensor,
        weights: list[Parameter],
        operation: Operation,
        inputs: Sequence[Place],
    ) -> Place:
        place = self._add(operation, inputs, output, weights)
        weights.clear()  # they belong to the first step of a call
        return place

    def _on_meta(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Constants that the user made elsewhere are taken to be where the images are."""

        def move(value: object) -> object:
            is_elsewhere = isinstance(value, Tensor) and not value.is_meta and value.dim()
            return value.to("meta") if is_elsewhere and isinstance(value, Tensor) else value

        return function(*tree_map(move, args), **tree_map(move, kwargs))

    def _derive(self, tensors: Sequence[Tensor], result: object) -> None:
        """Remember which weights constants are made of."""
        keys = frozenset().union(*(self._derived.get(id(t), frozenset()) for t in tensors))
        for output in tree_leaves(result) if keys else ():
            if isinstance(output, Tensor):
                self._kept.append(output)
                self._derived[id(output)] = keys

    def _weights_of(self, tensors: Sequence[Tensor]) -> list[Parameter]:
        keys = dict.fromkeys(
            key for tensor in tensors for key in sorted(self._derived.get(id(tensor), ()))
        )
        return [self._by_key[key] for key in keys]

    def _is_part(self, tensor: Tensor) -> bool:
        """Whether a write to it changes a part only of what other tensors show.

        Or it cannot be followed: the tensor is not where the images are.
        """
        return not tensor.is_meta or tensor.untyped_storage().nbytes() > tensor.nbytes

    def _write(
        self,
        written: Tensor,
        sources: Sequence[Place],
        function: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        result = function(*args, **kwargs) if written.is_meta else written
        shapes = tuple(self._graph.shape(place) for place in sources)
        operation = Unsupported(shapes, tuple(written.shape))
        self._written[_memory(written)] = self._add(operation, sources, written)
        self._kept.append(written)
        return result

    # Modules

    @contextmanager
    def _hooked(self) -> Iterator[None]:
        """Watch every module while the context lasts."""
        handles: list[RemovableHandle] = []
        try:
            for path, part in self._module.named_modules():
                if isinstance(part, torch.jit.ScriptModule):
                    continue  # takes no hooks
                # Next to the module's own forward: the user's hooks are seen like the rest.
                enter, leave = partial(self._enter, path), partial(self._leave, path)
                handles.append(part.register_forward_pre_hook(enter, with_kwargs=True))
                handles.append(part.register_forward_hook(leave, prepend=True))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(
        self, path: str, part: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        if not self.calls.enter(path, part) or self.calls.current is None:
            return
        taken = [*args, *kwargs.values()]
        if len(taken) == 1 and isinstance(taken[0], Tensor):
            source = self.place(taken[0])
            # Of parametrized weights, those they are made of are seen only inside.
            if source is not None and not is_parametrized(part):
                self.calls.current.operation = operation_of(part, tuple(taken[0].shape))
                self.calls.current.source = source

    def _leave(self, path: str, part: nn.Module, _: object, output: object) -> None:
        if self.calls.leave():
            self._end_call(part, output)
        elif self.calls.current is None and part is not self._module:
            outputs = [t for t in tree_leaves(output) if isinstance(t, Tensor)]
            container = Container(
                type(part).__name__,
                path,
                self._graph.last + 1,
                tuple(tuple(t.shape) for t in outputs),
                self._weights[part],
                isinstance(part, nn.Sequential | nn.ModuleList),
            )
            self._graph.close(container)

    def _end_call(self, part: nn.Module, output: object) -> None:
        call = self.calls.current
        if call is not None and call.operation is not None and isinstance(output, Tensor):
            taken, given = self._graph.shape(call.source), tuple(output.shape)
            fits = call.operation.output_shape(taken) == given
            operation = call.operation if fits else Unsupported((taken,), given)
            self._track(output, self._add(operation, (call.source,), output, self._weights[part]))
        self.calls.end()


def _memory(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _parameter(name: str, key: str, tensor: Tensor, trainable: bool) -> Parameter:
    return Parameter(name, key, tuple(tensor.shape), trainable, tensor.element_size())


class _Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Hands every operation of torch's to the recorder."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._recorder = recorder

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        return self._recorder.operation(func, args, kwargs or {})
