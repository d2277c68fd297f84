"""The running mean, against one by hand."""

from math import exp
from threading import Lock

import pytest
import torch
from torch import Tensor, nn

from mnistops.errors import BadInput
from mnistops.training.averaging import SHARE_OF_PAST, STEPS_BETWEEN, RunningMean
from tests.training.benches import copied, equal_states


def small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


def change(network: nn.Module, seed: int) -> None:
    """As a step would."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.copy_(torch.randn(value.shape, generator=generator))
            else:
                value.add_(1)


@pytest.mark.parametrize("num_steps", [1, 4.5, 300])
def test_it_is_an_exponential_mean_of_every_fifth_step(num_steps: float) -> None:
    network = small()
    mean = RunningMean(network, num_steps)
    expected: dict[str, Tensor] = {}
    for step in range(1, 104):
        change(network, step)
        mean.after_step()
        if step % 5 == 0:
            # It reaches back no further than a tenth of the steps so far.
            decay = exp(-5 / min(num_steps, step / 10))
            now = {key: value.double() for key, value in network.state_dict().items()}
            before = expected or now
            expected = {key: decay * before[key] + (1 - decay) * now[key] for key in now}
    assert (STEPS_BETWEEN, SHARE_OF_PAST) == (5, 0.1)
    for key, value in mean.network.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value.double(), expected[key], rtol=1e-4, atol=1e-5)
    # A count has no mean: it is that of the last step taken in.
    assert mean.network.state_dict()["1.num_batches_tracked"] == 100


def test_what_is_so_many_steps_old_weighs_an_e_th_of_what_is_new() -> None:
    values = []
    for spike in (230, 250):
        network = nn.Linear(1, 1, bias=False)
        mean = RunningMean(network, 20)
        for step in range(1, 251):
            nn.init.constant_(network.weight, float(step == spike))
            mean.after_step()
        values.append(next(mean.network.parameters()).item())
    assert values[0] / values[1] == pytest.approx(1 / exp(1), rel=1e-5)


def test_until_the_fifth_step_it_is_the_network_as_it_was_and_then_as_it_is() -> None:
    network = small()
    before, mean = copied(network), RunningMean(network, 20)
    for step in range(4):
        change(network, step)
        mean.after_step()
    assert equal_states(copied(mean.network), before)
    change(network, 5)
    mean.after_step()
    assert equal_states(copied(mean.network), copied(network))


def test_the_mean_is_a_copy() -> None:
    network = small()
    mean = RunningMean(network, 20)
    for step in range(5):
        change(network, step)
        mean.after_step()
    before = copied(mean.network)
    change(network, 9)
    assert mean.network is not network
    assert equal_states(copied(mean.network), before)
    assert type(mean.network) is nn.Sequential


def test_of_no_steps_it_is_the_network_itself() -> None:
    network = small()
    mean = RunningMean(network, 0)
    assert mean.network is network
    for step in range(12):
        change(network, step)
        mean.after_step()
    assert mean.network is network


def test_a_network_that_cannot_be_copied_is_the_users() -> None:
    network = small()
    network.lock = Lock()  # type: ignore[assignment]
    with pytest.raises(BadInput, match=r"^Sequential: expected it to run, got TypeError: cannot"):
        RunningMean(network, 5)
    assert RunningMean(network, 0).network is network
