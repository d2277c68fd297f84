"""Step: a call of a function of torch's, and what is known of its arguments."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from mnistops.analysis.probing.record import Record, Shapes
from mnistops.analysis.probing.shadow import NotProbed, Shadow
from mnistops.analysis.window import Shape, Sizes


@dataclass(frozen=True)
class Step:
    """A call of a function.

    Attributes:
        record: of the pass that it is a part of, as it was before.
    """

    func: Callable[..., Any]
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    record: Record

    @cached_property
    def result(self) -> Any:
        """What the function itself gives, on tensors without memory."""
        args, kwargs = tree_map(_on_meta, (self.args, self.kwargs))
        return self.func(*args, **kwargs)

    @property
    def shape(self) -> Shape:
        """The shape of the first tensor that it gives."""
        return tuple(tensors_in(self.result)[0].shape)

    @property
    def taken(self) -> list[Tensor]:
        """All tensors among the arguments."""
        return tensors_in((self.args, self.kwargs))

    @property
    def shadows(self) -> list[Shadow | str]:
        """Of all arguments that depend on the images."""
        return [s for t in self.taken if (s := self.record.shadow_of(t)) is not None]

    @property
    def known(self) -> list[Shadow]:
        """Those that have one."""
        return [s for s in self.shadows if isinstance(s, Shadow)]

    @property
    def source(self) -> Shadow:
        """The shadow of the first argument."""
        shadow = self.shadow_of(self.args[0] if self.args else next(iter(self.kwargs.values())))
        if shadow is None:
            raise NotProbed(f"{self.name} of weights by the images")
        return shadow

    @property
    def alike(self) -> Shapes | None:
        """The same step at the given size, where this one is at a larger size."""
        return self.record.alike

    def shadow_of(self, value: object) -> Shadow | None:
        """Of one argument; None if it does not depend on the images."""
        shadow = self.record.shadow_of(value)
        return shadow if isinstance(shadow, Shadow) else None

    def argument(self, place: int, name: str, default: Any = None) -> Any:
        """An argument by its place or its name."""
        return self.args[place] if len(self.args) > place else self.kwargs.get(name, default)

    def sizes(self, place: int, name: str, axes: int, default: Any) -> Sizes:
        """One number, or one per axis, as one per axis."""
        value = self.argument(place, name)
        value = default if value is None or value == [] or value == () else value
        values = tuple(value) if isinstance(value, tuple | list) else (value,)
        return tuple(int(v) for v in (values * axes if len(values) == 1 else values))


def tensors_in(value: object) -> list[Tensor]:
    """All tensors in a structure of tuples, lists and dicts."""
    return [leaf for leaf in tree_leaves(value) if isinstance(leaf, Tensor)]


def _on_meta(value: object) -> object:
    if isinstance(value, Tensor) and not value.is_meta and value.dim():
        return value.to("meta")
    return value
