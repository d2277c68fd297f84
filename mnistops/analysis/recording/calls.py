"""Calls: which module or function of torch's the user's code is inside of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.utils.parametrize import is_parametrized
from torch.overrides import TorchFunctionMode

from mnistops.analysis.graph import INPUT, GraphBuilder, Step
from mnistops.analysis.operations import Operation

# Names of methods that Python's operators call.
_OPERATORS = {
    prefix + name: {"truediv": "div"}.get(name, name)
    for name in ("add", "sub", "mul", "truediv", "pow", "matmul")
    for prefix in ("", "r", "i")
}


@dataclass
class Begun:
    """A call that has not ended.

    Attributes:
        place: where its first step will stand.
        operation: what it is as a whole, if it has a rule: nothing in it is looked at.
        source: where its input stands then.
    """

    type: str
    path: str
    is_module: bool
    place: int
    operation: Operation | None = None
    source: int = INPUT


class Calls:
    """The call that has begun, and the modules that are running around it.

    Attributes:
        current: a module of torch's own, or a function that the user's code called; None between.
        latest: the type of the call that began last.
    """

    def __init__(self, graph: GraphBuilder) -> None:
        self.current: Begun | None = None
        self.latest = ""
        self._graph = graph
        self._running: list[tuple[str, bool]] = []  # paths, and whether they began a call

    @property
    def path(self) -> str:
        """Of the module that is running."""
        return self._running[-1][0] if self._running else ""

    @property
    def is_hidden(self) -> bool:
        """Whether what runs now is inside a call that has a rule as a whole."""
        return self.current is not None and self.current.operation is not None

    def begin(self, kind: str, path: str, is_module: bool) -> bool:
        """Begin a call, unless this is a part of another."""
        if self.current is not None:
            return False
        self.latest = kind
        self.current = Begun(kind, path, is_module, self._graph.last + 1)
        return True

    def end(self) -> None:
        """End the call: its steps are one row."""
        if self.current is not None:
            self._graph.join(self.current.place)
        self.current = None

    def enter(self, path: str, part: nn.Module) -> bool:
        """A module begins to run; whether it and all in it are one call."""
        begins = is_torchs(part) and self.begin(type(part).__name__, path, is_module=True)
        self._running.append((path, begins))
        return begins

    def leave(self) -> bool:
        """A module returns; whether it had begun a call, which is still to be ended."""
        return self._running.pop()[1]

    def step(self, operation: Operation) -> Step:
        """An operation as a step of what runs now."""
        if self.current is None:
            return Step(operation, "operation", self.path, is_module=False)
        call = self.current
        return Step(operation, call.type, call.path, is_module=call.is_module)


def is_torchs(part: nn.Module) -> bool:
    """Whether a module is torch's own and is one layer to its users."""
    if not type(part).forward.__module__.startswith("torch.nn."):
        return False
    if isinstance(part, nn.MultiheadAttention) or is_parametrized(part):
        return True
    return not any(part.children()) and not isinstance(part, nn.Sequential | nn.ModuleList)


def function_name(function: Callable[..., Any]) -> str:
    """``add`` for ``__add__``, ``__radd__`` and ``add_``, ``max_pool2d`` for ``_max_pool2d``."""
    name: str = getattr(function, "__name__", str(function))
    if name == "__get__":
        name = getattr(getattr(function, "__self__", None), "__name__", name)
    bare = name.strip("_")
    return _OPERATORS.get(bare, bare)


class WatchedFunctions(TorchFunctionMode):
    """Notes which function the user's code calls; those inside it do not count."""

    def __init__(self, calls: Calls) -> None:
        super().__init__()
        self._calls = calls

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call a function of torch's for the user's code."""
        calls = self._calls
        begins = calls.begin(function_name(func), calls.path, is_module=False)
        try:
            return func(*args, **(kwargs or {}))
        finally:
            if begins:
                calls.end()
