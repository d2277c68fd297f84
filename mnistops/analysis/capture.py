"""Any chain of torch modules to LayerGraph, by watching one forward pass on the meta device.

Nothing is computed, no weight is touched, and mode, hooks and random numbers come back as they
were; what the user's own forward stores on the module stays there. A chain is a network in which
every module takes what the one before it gives; around the modules its forward may reshape to a
vector and take a softmax, and nothing else.
"""

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from mnistops.analysis.graph import ChainBuilder, LayerGraph, Parameter, Step
from mnistops.analysis.modules import operation_of
from mnistops.analysis.operations import (
    Dropout,
    Flatten,
    Operation,
    Pointwise,
    Shape,
    times,
)
from mnistops.errors import BadInput
from mnistops.user_code import users_code, users_line

# Two images, so that a shape shows which of its numbers is the batch.
BATCH = 2

_RESHAPES = {"flatten", "view", "reshape", "squeeze"}
_SOFTMAXES = {"log_softmax", "softmax"}
_WRITERS = {"__setitem__", "__set__", "__delitem__"}

_AS_MODULES = {
    "relu": "nn.ReLU",
    "gelu": "nn.GELU",
    "silu": "nn.SiLU",
    "dropout": "nn.Dropout",
    "max_pool2d": "nn.MaxPool2d",
    "avg_pool2d": "nn.AvgPool2d",
    "adaptive_avg_pool2d": "nn.AdaptiveAvgPool2d",
}
_HINT = "branches, such as residual additions, are not read yet: write one chain of modules"


def capture(
    module: nn.Module, input_size: Shape, name: str, dropout: float | None = None
) -> LayerGraph:
    """The layer graph of a chain of modules, in eval mode.

    Args:
        input_size: channels, height and width of one image, in pixels.
        name: what the network is called.
        dropout: the probability to give every dropout layer; None keeps each its own.

    Raises:
        BadInput: it is no such chain, or cannot take this input.
    """
    if min(input_size) < 1:
        raise BadInput(f"{name}: input size: expected numbers from 1, got {times(input_size)}")
    watcher = _Watcher(module, input_size, name, dropout)
    tensors = {
        key: tensor.detach().to("meta")
        for key, tensor in [*module.named_parameters(), *module.named_buffers()]
    }
    images = torch.empty(BATCH, *input_size, device="meta")
    what = f"{name} with input {times(input_size)}"
    advice = "give its own input size (--input-size C,H,W), or mend"
    with (
        users_code(what, advice),
        _in_eval_mode(module),
        watcher.hooked(),
        torch.random.fork_rng([]),
    ):
        watcher.current = images
        with watcher:
            result = torch.func.functional_call(module, tensors, (images,))
    watcher.expect_current(result, f"what {name} returns")
    graph = watcher.graph()
    if not graph.layers:
        raise BadInput(f"{name}: expected at least one layer, got none")
    return graph


@contextmanager
def _in_eval_mode(module: nn.Module) -> Iterator[None]:
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes.items():
            part.training = mode


class _Watcher(TorchFunctionMode):
    """Follows one tensor through a forward pass, module by module.

    Attributes:
        current: what the last step gave; the next one must take it.
    """

    def __init__(
        self, module: nn.Module, input_size: Shape, name: str, dropout: float | None
    ) -> None:
        super().__init__()
        self.current: object = None
        self._root = module
        self._name = name
        self._dropout = dropout
        self._chain = ChainBuilder(name, input_size)
        self._depth = 0  # of modules of torch's own that are running
        self._keys = {id(tensor): key for key, tensor in module.named_parameters()}
        self._weights = {part: self._own_weights(part) for part in module.modules()}

    def _own_weights(self, part: nn.Module) -> tuple[Parameter, ...]:
        if any(map(is_lazy, part.parameters(recurse=False))):
            raise BadInput(
                f"{self._name}: expected weights with shapes, got a lazy {type(part).__name__}",
                "run one batch through the network before handing it over",
            )
        return tuple(
            Parameter(name, self._keys[id(tensor)], tuple(tensor.shape), tensor.requires_grad)
            for name, tensor in part.named_parameters(recurse=False)
        )

    def graph(self) -> LayerGraph:
        """What was seen."""
        graph = self._chain.build()
        every = {p.key: p for weights in self._weights.values() for p in weights}
        used = {p.key for layer in graph.layers for p in layer.parameters}
        return replace(graph, unused=tuple(p for key, p in every.items() if key not in used))

    @contextmanager
    def hooked(self) -> Iterator[None]:
        """Watch every module while the context lasts."""
        handles: list[RemovableHandle] = []
        try:
            for path, part in self._root.named_modules():
                if _is_leaf(part):
                    # Next to the module's own forward: the user's hooks are seen like the rest.
                    enter, leave = partial(self._enter, path), partial(self._leave, path)
                    handles.append(part.register_forward_pre_hook(enter, with_kwargs=True))
                    handles.append(part.register_forward_hook(leave, prepend=True))
                elif part is not self._root and not isinstance(part, nn.Sequential | nn.ModuleList):
                    handles.append(part.register_forward_hook(partial(self._close, path)))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(
        self, path: str, part: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        taken = [*args, *kwargs.values()]
        self.expect_current(
            taken[0] if len(taken) == 1 else taken, f"what {_label(path, part)} takes"
        )
        self._depth += 1

    def _leave(self, path: str, part: nn.Module, _: object, output: object) -> None:
        self._depth -= 1
        taken = self._chain.shape
        given = self._shape_of(output, _label(path, part))
        operation = operation_of(part, taken, given)
        if isinstance(operation, Dropout) and self._dropout is not None:
            operation = replace(operation, probability=self._dropout)
        self._chain.add(Step(operation, type(part).__name__, path, self._weights[part]))
        self.current = output

    def _close(self, path: str, part: nn.Module, _: object, output: object) -> None:
        self.expect_current(output, f"what {_label(path, part)} returns")
        self._chain.close(type(part).__name__, path, self._weights[part])

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Look at a function that the network's own forward calls between modules."""
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", str(func))
        if self._depth == 0 and (isinstance(result, Tensor) or name in _WRITERS):
            self._follow(name, args, kwargs or {}, result)
        return result

    def _follow(
        self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: object
    ) -> None:
        if result is self.current and function not in _RESHAPES and function[-1] != "_":
            return  # `contiguous`, say, had nothing to do
        if function in _WRITERS:
            raise self._no_chain(f"torch's {function}")
        taken, given = self._chain.shape, self._shape_of(result, function)
        operation: Operation | None = None
        if function in _RESHAPES and given == (prod(taken),):
            operation = Flatten()
        elif function in _SOFTMAXES:
            dim = kwargs.get("dim", args[1] if len(args) > 1 else None)
            operation = Pointwise(keeps="output") if dim in (1, -len(taken)) else None
        if operation is None:
            raise self._no_chain(f"torch's {function}", _AS_MODULES.get(function))
        self.expect_current(args[0], f"what {function} takes")
        self._chain.add(Step(operation, function, "", is_module=False))
        self.current = result

    def expect_current(self, tensor: object, what: str) -> None:
        """Raises BadInput unless this is what the last step gave."""
        if tensor is not self.current:
            got = "another tensor" if isinstance(tensor, Tensor) else f"a {type(tensor).__name__}"
            raise self._no_chain(f"{got} as {what}")

    def _shape_of(self, output: object, what: str) -> Shape:
        if not isinstance(output, Tensor) or output.shape[:1] != (BATCH,):
            shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise self._no_chain(f"{shape} from {what} for {BATCH} images")
        return tuple(output.shape[1:])

    def _no_chain(self, got: str, module: str | None = None) -> BadInput:
        stack = traceback.extract_stack()
        ours = [n for n, f in enumerate(stack) if (f.filename, f.name) == (__file__, "capture")]
        place = users_line(stack[ours[-1] :] if ours else [])
        return BadInput(
            f"{self._name}: expected a chain of torch.nn modules, got {got}"
            + (f" ({place})" if place else ""),
            f"use a {module} module instead of the function" if module else _HINT,
        )


def _is_leaf(part: nn.Module) -> bool:
    """Whether a module is torch's own and not made of others."""
    is_torchs = type(part).forward.__module__.startswith("torch.nn.")
    return is_torchs and not any(part.children()) and not isinstance(part, nn.Sequential)


def _label(path: str, part: nn.Module) -> str:
    return f"{path} ({type(part).__name__})" if path else type(part).__name__
