"""Proof: how far what was read back is from the network that was written."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite

import torch
from torch import Tensor

from mnistops.exports.formats import Compute, Tensors
from mnistops.exports.original import Trial

# float32 has 7 digits, and sums in another order lose some of them.
LIMIT = 1e-4


@dataclass(frozen=True)
class Proof:
    """How far apart two are at the most, and how far they may be."""

    difference: float
    limit: float

    @property
    def is_number(self) -> bool:
        """Whether the difference is one: outputs may be none, and shapes may differ."""
        return isfinite(self.difference)

    @property
    def holds(self) -> bool:
        """Whether they are the same for all purposes; no number as the difference is too much."""
        return self.difference <= self.limit


def compare_outputs(compute: Compute, trials: Sequence[Trial]) -> Proof:
    """The network's outputs, (N, classes), and others for the same images.

    The limit is for the outputs, or for the largest of them where that is above 1.
    """
    largest = max(trial.outputs.abs().max().item() for trial in trials)
    with torch.inference_mode():
        difference = _largest([(compute(trial.images), trial.outputs) for trial in trials])
    return Proof(difference, LIMIT * max(1.0, largest))


def compare_weights(held: Tensors, weights: Tensors) -> Proof:
    """Weights and others of the same names: they have to be the same to the bit."""
    if held.keys() != weights.keys():
        return Proof(inf, 0.0)
    return Proof(_largest([(held[key], value) for key, value in weights.items()]), 0.0)


def _largest(pairs: Sequence[tuple[Tensor, Tensor]]) -> float:
    """The largest difference of two numbers; infinite where shapes differ."""
    if any(one.shape != other.shape for one, other in pairs):
        return inf
    differences = [(one.double() - other.double()).abs() for one, other in pairs if one.numel()]
    # torch's maximum of numbers and no number is no number.
    return torch.stack([difference.max() for difference in differences]).max().item()
