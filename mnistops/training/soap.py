"""Soap: Adam's steps, taken in the directions in which a weight's gradients vary.

After Vyas and others, "SOAP: Improving and Stabilizing Shampoo using Adam", 2024,
https://arxiv.org/abs/2409.11321. A convolution's weight is a matrix here, a row for each output
channel; weights of tiny networks are small enough for eigenvectors instead of approximations.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

MOMENTUM, SECOND_MOMENT, COVARIANCE = 0.9, 0.98, 0.98
"""How much of each running mean a step keeps."""

EPSILON = 1e-8
STEPS_BETWEEN_BASES = 10


class Soap(Optimizer):
    """Second moments in a basis of each matrix' own; those of vectors as in Adam.

    Args:
        parameters: each of them has a gradient at every step.
        lr: learning rate, the length of a step in every direction where all gradients agree.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float) -> None:
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Change every parameter by its gradient."""
        assert closure is None
        for group in self.param_groups:
            for parameter in group["params"]:
                update = self._update(parameter, parameter.grad)
                parameter.sub_(update.view_as(parameter), alpha=group["lr"])

    def _update(self, parameter: Tensor, gradient: Tensor) -> Tensor:
        state = self.state[parameter]
        matrix = gradient.flatten(1) if gradient.dim() > 1 else gradient
        if not state:
            state["step"] = 0
            state["momentum"], state["square"] = torch.zeros_like(matrix), torch.zeros_like(matrix)
            if matrix.dim() == 2:
                for side, size in zip(("rows", "columns"), matrix.shape, strict=True):
                    state[side] = matrix.new_zeros(size, size)
        state["step"] += 1
        state["momentum"].lerp_(matrix, 1 - MOMENTUM)
        momentum: Tensor = state["momentum"] / (1 - MOMENTUM ** state["step"])
        if matrix.dim() == 1:
            return momentum / self._deviation(state, matrix)
        rows, columns = self._bases(state, matrix)
        deviation = self._deviation(state, rows.T @ matrix @ columns)
        update: Tensor = rows @ (rows.T @ momentum @ columns / deviation) @ columns.T
        return update

    @staticmethod
    def _bases(state: dict[str, Any], matrix: Tensor) -> tuple[Tensor, Tensor]:
        """The eigenvectors of the gradients' covariances, renewed now and then."""
        state["rows"].lerp_(matrix @ matrix.T, 1 - COVARIANCE)
        state["columns"].lerp_(matrix.T @ matrix, 1 - COVARIANCE)
        # In the first steps there is little to average, and each changes a lot.
        if state["step"] < STEPS_BETWEEN_BASES or state["step"] % STEPS_BETWEEN_BASES == 1:
            rows, columns = (torch.linalg.eigh(state[side])[1] for side in ("rows", "columns"))
            if state["step"] > 1:
                # A direction of the new basis has its share of each old one's second moment.
                to_rows, to_columns = rows.T @ state["row_basis"], columns.T @ state["column_basis"]
                state["square"] = to_rows.square() @ state["square"] @ to_columns.square().T
            state["row_basis"], state["column_basis"] = rows, columns
        return state["row_basis"], state["column_basis"]

    @staticmethod
    def _deviation(state: dict[str, Any], gradient: Tensor) -> Tensor:
        """The root of the running mean of the squared gradient."""
        state["square"].lerp_(gradient.square(), 1 - SECOND_MOMENT)
        mean: Tensor = state["square"] / (1 - SECOND_MOMENT ** state["step"])
        return mean.sqrt().add_(EPSILON)
