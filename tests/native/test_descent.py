"""The kernels' descent: nothing but the parameters and what is remembered changes.

Its arithmetic is held against float64 beside torch's own, in ``tests/training/test_descent.py``.
"""

import torch
from torch import nn

from mnistops.native.descent import NativeDescent


def test_it_moves_what_it_was_given_where_it_is_and_leaves_gradients() -> None:
    parameters = [nn.Parameter(torch.ones(2, 3)), nn.Parameter(torch.ones(5))]
    places = [parameter.data_ptr() for parameter in parameters]
    descent = NativeDescent(parameters, 0.5, nesterov=False)
    for _ in range(2):
        # Anew, elsewhere in memory.
        gradients = [torch.full_like(parameter, 2.0) for parameter in parameters]
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        descent.step(0.25)
        assert all((gradient == 2).all() for gradient in gradients)
    # 1 - 0.25 * 2, and then half of the step before again: - 0.25 * (2 + 1)
    assert all((parameter == -0.25).all() for parameter in parameters)
    assert [parameter.data_ptr() for parameter in parameters] == places
    assert [(of["momentum_buffer"] == 3).all() for of in descent.values().values()] == [True] * 2
