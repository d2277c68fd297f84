"""Run: a forward pass of the module that is watched, with the shadows of its tensors."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from mnistops.analysis.graph import IMAGES
from mnistops.analysis.probing.event import Call, Event
from mnistops.analysis.probing.record import Record
from mnistops.analysis.probing.rules import SHAPE_ONLY, replaced
from mnistops.analysis.probing.shadow import NotProbed, Shadow, one_kind
from mnistops.analysis.probing.step import Step, tensors_in
from mnistops.analysis.recording.borrowing import meta_images
from mnistops.analysis.recording.calls import function_name, is_torchs
from mnistops.analysis.recording.weightless import weightless
from mnistops.analysis.window import Shape


class Run(TorchFunctionMode):
    """One forward pass of the module, with shadows.

    Attributes:
        sizes: of the input, in pixels per axis.
        events: the calls that gave something that depends on the images, in their order.
        record: the shadows and the shapes so far.

    Args:
        input_size: channels, and pixels per axis.
        like: a pass over an input of another size, call by call the same.
    """

    def __init__(self, module: nn.Module, input_size: Shape, like: "Run | None" = None) -> None:
        super().__init__()
        self.sizes = tuple(input_size[1:])
        self.events: list[Event] = []
        self.record: Record = Record(like.record if like else None)
        self._module = module
        self._pixels = torch.ones(self.sizes, dtype=torch.double, requires_grad=True)
        self._running: list[tuple[str, bool]] = []  # modules, and whether each is one call
        self._images = meta_images(module, input_size, IMAGES)
        self.record.set_shadow(self._images, one_kind(self._pixels, tuple(self._images.shape)))

    def go(self) -> None:
        """Run it; what the forward raises is raised."""
        with ExitStack() as stack:
            for path, part in self._module.named_modules():
                if isinstance(part, torch.jit.ScriptModule):
                    continue  # takes no hooks
                enter, leave = partial(self._enter, path), partial(self._leave, path)
                stack.callback(part.register_forward_pre_hook(enter).remove)
                stack.callback(part.register_forward_hook(leave, prepend=True).remove)
            stack.enter_context(weightless(self._module, floats_only=True))
            stack.enter_context(self)
            self._module(self._images)

    def touched(self, shadow: Shadow, units: dict[int, int]) -> Tensor:
        """The pixels on which the values at these places depend, True each.

        Args:
            units: of each dimension that is narrowed, the place.
        """
        values = shadow.values
        for dim, unit in units.items():
            place = unit if values.shape[dim + 1] > 1 else 0
            values = values.narrow(dim + 1, place, 1)
        if not values.requires_grad:
            return torch.zeros(self.sizes, dtype=torch.bool)
        try:
            (gradient,) = torch.autograd.grad(values.sum(), self._pixels, retain_graph=True)
        except RuntimeError as error:
            # Code of the user's may have its own say in the backward pass: checkpoints, hooks.
            raise NotProbed(f"its gradients cannot be taken: {error}".split("\n")[0]) from error
        return gradient != 0

    def _enter(self, path: str, part: nn.Module, _: object) -> None:
        self._running.append((path, not self._is_inside and is_torchs(part)))

    def _leave(self, path: str, part: nn.Module, _: object, output: object) -> None:
        _, is_call = self._running.pop()
        if is_call:
            self._note(Call(type(part).__name__, path, is_module=True), output)

    @property
    def _is_inside(self) -> bool:
        """Whether a module that is one call is running."""
        return any(is_call for _, is_call in self._running)

    def _note(self, call: Call, output: object) -> None:
        shadows = [self.record.shadow_of(tensor) for tensor in tensors_in(output)]
        known = [shadow for shadow in shadows if shadow is not None]
        if known and self.record.steps:
            _, taken, given = self.record.steps[-1]
            self.events.append(Event(call, known[-1], taken[:1] == given[-1:]))

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        step = Step(func, function_name(func), args, kwargs or {}, self.record)
        result = self._followed(step)
        if not self._is_inside:
            path = self._running[-1][0] if self._running else ""
            self._note(Call(step.name, path, is_module=False), result)
        return result

    def _followed(self, step: Step) -> Any:
        """What the module is given; the shadows are recorded."""
        taken = step.shadows
        if not taken or step.name in SHAPE_ONLY:
            is_real = not any(tensor.is_meta for tensor in step.taken)
            return step.func(*step.args, **step.kwargs) if is_real else step.result
        unknown = next((shadow for shadow in taken if isinstance(shadow, str)), None)
        shadows: Sequence[Shadow | str] = []
        try:
            with torch.inference_mode(False), torch.enable_grad():
                result, shadows = replaced(step) if unknown is None else (step.result, [])
        except NotProbed as reason:
            result, unknown = step.result, str(reason)
        if step.name == "setitem":
            self.record.set_shadow(step.args[0], "it writes into a part of a tensor")
        given = tensors_in(result)
        if given:
            followed = shadows if unknown is None else [unknown] * len(given)
            self.record.add(step.name, taken, given, followed)
        return result
