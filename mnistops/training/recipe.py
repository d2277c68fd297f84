"""Recipes: what a step does to the weights, how the rate changes, what is chosen and by what."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import ReduceLROnPlateau

from mnistops.settings.sections import DataSettings, TrainSettings
from mnistops.settings.tree import Settings

WARM_UP = 0.2
"""Share of the one-cycle's steps in which the rate rises."""

Selection = Literal["none", "holdout", "test"]


class Schedule(Protocol):
    """How the learning rate changes."""

    def rate(self, step: int) -> float:
        """The rate of this step, from 0 over all epochs; of the epoch under way, or the next."""

    def after_epoch(self, watched_loss: float) -> None:
        """Take note of the loss on what is chosen by, or else on the test set."""

    def values(self) -> dict[str, Any]:
        """What measurements have changed in it, as plain values."""

    def restore(self, values: dict[str, Any]) -> None:
        """Go on from such values."""


@dataclass(frozen=True)
class OneCycle:
    """From 0 up to the peak in a straight line, and back to 0 in another.

    After Smith, "Super-convergence", 2018, https://arxiv.org/abs/1708.07120.
    """

    peak: float
    total_steps: int

    def rate(self, step: int) -> float:
        """Of `Schedule`; it never is 0."""
        return self.peak * one_cycle(step, self.total_steps)

    def after_epoch(self, watched_loss: float) -> None:
        """Change nothing: nothing that is measured moves a fixed schedule."""

    def values(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def restore(self, values: dict[str, Any]) -> None:
        """Change nothing."""


def one_cycle(step: int, total_steps: int) -> float:
    """The share of the peak in step 0, ..., ``total_steps - 1``; none of them is 0."""
    at = (step + 1) / (total_steps + 1)
    return at / WARM_UP if at < WARM_UP else (1 - at) / (1 - WARM_UP)


class Plateau:
    """A constant rate, a tenth of it whenever the loss stops falling: the seed's schedule."""

    def __init__(self, rate: float) -> None:
        # torch's schedule moves the rate of an optimizer; this one has nothing else to do.
        self._optimizer = SGD([torch.zeros(1)], lr=rate)
        self._schedule = ReduceLROnPlateau(
            self._optimizer,
            factor=0.1,
            patience=1,
            threshold=0.01,
            threshold_mode="rel",
            min_lr=1e-4,
        )

    def rate(self, step: int) -> float:
        """Of `Schedule`: the same for a whole epoch."""
        del step
        rate: float = self._optimizer.param_groups[0]["lr"]
        return rate

    def after_epoch(self, watched_loss: float) -> None:
        """Lower the rate if the loss has not fallen by 1 % for two epochs."""
        self._schedule.step(watched_loss)

    def values(self) -> dict[str, Any]:
        """The rate, and the schedule's own count of bad epochs and best loss."""
        return {"rate": self.rate(0), "schedule": self._schedule.state_dict()}

    def restore(self, values: dict[str, Any]) -> None:
        """Of `Schedule`."""
        self._optimizer.param_groups[0]["lr"] = values["rate"]
        self._schedule.load_state_dict(values["schedule"])


def drops_last_batch(recipe: str) -> bool:
    """Whether an epoch's last batch is left out where it is not a whole one.

    The seed kept it. Left out, all steps have one shape; the order is a new one in each epoch.
    """
    return recipe == "one-cycle"


def make_schedule(recipe: str, rate: float, total_steps: int) -> Schedule:
    """The schedule of a recipe.

    Args:
        rate: the peak of ``one-cycle``, the first of ``plateau``.
    """
    return OneCycle(rate, total_steps) if recipe == "one-cycle" else Plateau(rate)


@dataclass
class Selector:
    """Says of each epoch whether it is the best so far, and worth a checkpoint.

    By the hold-out where there is one: the highest accuracy, the first of equal ones. Otherwise
    ``plateau`` chooses on the test set as the seed did: from epoch 3 on, an accuracy above every
    earlier epoch's that reaches the target. ``one-cycle`` chooses nothing.
    """

    selection: Selection
    target_accuracy: float
    highest: float = -1.0

    def is_best(self, epoch: int, accuracy: float) -> bool:
        """Whether this epoch is chosen, by its accuracy on what is chosen by."""
        is_highest = accuracy > self.highest
        self.highest = max(accuracy, self.highest)
        if self.selection == "test":
            return is_highest and epoch >= 3 and accuracy >= self.target_accuracy
        return is_highest and self.selection == "holdout"


def selection_of(recipe: str, num_holdout: int) -> Selection:
    """What a run of this recipe chooses by."""
    if num_holdout:
        return "holdout"
    return "test" if recipe == "plateau" else "none"


def target_of(settings: Settings) -> float | None:
    """The accuracy on test that a run is to reach; None where nobody asks for one.

    The default is the seed's, for MNIST: of other data it says something only if the run is judged
    or its epoch chosen by it.
    """
    train = settings.train
    is_default = train.target_accuracy == TrainSettings.model_fields["target_accuracy"].default
    is_mnist = settings.data.dataset == DataSettings.model_fields["dataset"].default
    chooses_by_it = selection_of(train.recipe, train.holdout) == "test"
    is_asked = is_mnist or not is_default or train.require_target or chooses_by_it
    return train.target_accuracy if is_asked else None
