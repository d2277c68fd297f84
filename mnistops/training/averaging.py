"""RunningMean: the weights that a training results in."""

from math import exp
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from mnistops.user_code import users_code

Tensors = tuple[Tensor, ...] | list[Tensor]

# A mean over hundreds of steps loses nothing when it takes every fifth.
STEPS_BETWEEN = 5
# Early weights soon have little to do with those of now: the mean reaches back over a part of the
# steps so far.
SHARE_OF_PAST = 0.1


class RunningMean:
    """An exponential mean of a network's parameters and running statistics over its last steps.

    Attributes:
        averages: whether there is a mean.
        network: with the mean; where no steps are averaged, the network itself.

    Args:
        num_steps: that the mean reaches back: what is so old weighs 1/e of what is new.

    Raises:
        BadInput: the network cannot be copied.
    """

    def __init__(self, network: nn.Module, num_steps: float) -> None:
        self._trained, self._num_steps, self._steps_done = network, num_steps, 0
        self._average: AveragedModel | None = None
        self.network = network
        self.averages = num_steps > 0
        if num_steps:
            with users_code(type(network).__name__):  # a copy
                self._average = AveragedModel(network, multi_avg_fn=self._take_in, use_buffers=True)
            self.network = self._average.module

    def after_step(self) -> None:
        """Take in the network as it is now."""
        self._steps_done += 1
        if self._average is not None and self._steps_done % STEPS_BETWEEN == 0:
            self._average.update_parameters(self._trained)

    def values(self) -> dict[str, Any]:
        """How many steps it has taken in, and the mean, as plain values and tensors."""
        mean = None if self._average is None else self._average.state_dict()
        return {"steps_done": self._steps_done, "mean": mean}

    def restore(self, values: dict[str, Any]) -> None:
        """Go on from such values."""
        self._steps_done = values["steps_done"]
        if self._average is not None:
            self._average.load_state_dict(values["mean"])

    def _take_in(self, means: Tensors, values: Tensors, _: Tensor | int) -> None:
        """Move means, all of one type, towards the values of now."""
        if not means[0].is_floating_point():
            torch._foreach_copy_(means, values)  # counts of steps have no mean
            return
        reach = min(self._num_steps, SHARE_OF_PAST * self._steps_done)
        torch._foreach_lerp_(means, values, 1 - exp(-STEPS_BETWEEN / reach))
