"""Record: what a forward pass has done so far, in shadows and in shapes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from torch import Tensor

from mnistops.analysis.probing.shadow import Shadow
from mnistops.analysis.window import Shape

# What joins all positions, or moves them about by the size of the input.
_JOINING = {
    *("scaled_dot_product_attention", "multi_head_attention_forward"),
    *("flip", "rot90", "cumsum", "einsum"),
}


class Shapes(NamedTuple):
    """A function, the shapes that it took of tensors with shadows, and those that it gave."""

    name: str
    taken: list[Shape]
    given: list[Shape]


class Record:
    """The shadow of each tensor that depends on the images, and the shapes of each step.

    Attributes:
        steps: of each function so far.

    Args:
        like: of a pass over an input of another size, step by step the same.
    """

    def __init__(self, like: "Record | None" = None) -> None:
        self.steps: list[Shapes] = []
        self._like = like
        self._shadows: dict[int, tuple[Tensor, Shadow | str]] = {}

    @property
    def alike(self) -> Shapes | None:
        """The step of the other pass in the place of the next one here."""
        return self._like.steps[len(self.steps)] if self._like else None

    def shadow_of(self, value: object) -> Shadow | str | None:
        """The shadow, or why there is none; None for what does not depend on the images."""
        entry = self._shadows.get(id(value))
        return entry[1] if entry else None

    def set_shadow(self, tensor: Tensor, shadow: Shadow | str) -> None:
        """From now on this stands beside the tensor, which is kept alive."""
        self._shadows[id(tensor)] = (tensor, shadow)

    def add(
        self,
        name: str,
        taken: Sequence[Shadow | str],
        given: Sequence[Tensor],
        shadows: Sequence[Shadow | str],
    ) -> None:
        """A step was made.

        Args:
            given: the tensors that it gave.
            shadows: one for each of them.

        Raises:
            RuntimeError: the other pass called another function here.
        """
        shapes = [s.shape for s in taken if isinstance(s, Shadow)]
        step = Shapes(name, shapes, [tuple(t.shape) for t in given])
        is_joined = self._joins(step)
        self.steps.append(step)
        for tensor, shadow in zip(given, shadows, strict=True):
            if isinstance(shadow, Shadow):
                shadow = replace(shadow, is_joined=shadow.is_joined or is_joined)
            self.set_shadow(tensor, shadow)

    def _joins(self, step: Shapes) -> bool:
        """Whether a step gives fewer dimensions than it takes that grow with the input."""
        other = self.alike
        if other is None:
            return False
        if other.name != step.name:
            raise RuntimeError("the module calls other functions at this size")
        into = max(map(_growing, other.taken, step.taken), default=0)
        return max(map(_growing, other.given, step.given)) < into or step.name in _JOINING


def _growing(old: Shape, new: Shape) -> int:
    return sum(a != b for a, b in zip(old, new, strict=True))
