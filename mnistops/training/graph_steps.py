"""GraphSteps: steps that a GPU runs by itself, recorded once as CUDA graphs.

Launching a kernel takes longer than most kernels of a tiny network. A graph is launched as a whole:
in it are the choice of the batch, the warp, forward and backward pass, the learning rate and the
update, several times over. What changes from step to step is in tensors on the device.
"""

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD

from mnistops.errors import UsageError
from mnistops.training.averaging import RunningMean
from mnistops.training.batches import Batch
from mnistops.training.descent import MOMENTUM, memory_of, restore_memory
from mnistops.training.step import TorchEngine
from mnistops.training.steps import Diverged
from mnistops.training.tally import Tally
from mnistops.user_code import users_code

# Enough that launching a graph takes no time; 468 steps, an epoch of MNIST, are 39 times as many.
STEPS_IN_A_GRAPH = 12
# torch asks for a few steps on a stream of their own before a recording.
WARM_UP_STEPS = 3


class GraphSteps:
    """Steps in graphs, on a CUDA device; elsewhere the same operations, one by one.

    Args:
        engine: whose score is what is recorded.
        mean: is taken outside of the graphs, so that with one each step is launched by itself.
    """

    def __init__(self, engine: TorchEngine, nesterov: bool, mean: RunningMean) -> None:
        self._engine, self._mean = engine, mean
        self.at_once = 1 if mean.averages else STEPS_IN_A_GRAPH
        parameters = list(engine.network.parameters())
        device = parameters[0].device
        self._optimizer = SGD(
            parameters,
            lr=torch.zeros((), device=device),
            momentum=MOMENTUM,
            nesterov=nesterov,
            fused=True,
        )
        # A first step that makes them would be another one than those that follow.
        for parameter in parameters:
            self._optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
        self._state = _State(device)
        self._graphs: dict[int, Callable[[], None]] = {}

    def begin(self, batches: Sequence[Batch], rates: Sequence[float], tally: Tally) -> None:
        """Of `Steps`."""
        sizes = {len(batch) for batch in batches}
        if len(sizes) > 1:
            raise UsageError(
                f"--engine graph: expected batches of one size, got {sorted(sizes)}",
                "recipe one-cycle leaves the last, smaller one out",
            )
        self._state.begin(batches, rates, tally)
        self._started = time.perf_counter() - tally.seconds

    def run(self, first: int, count: int) -> None:
        """Of `Steps`; the order is that of the epoch, so ``first`` follows what was run before."""
        if count not in self._graphs:
            self._graphs[count] = self._recorded(count)
        self._state.number.fill_(first)
        with self._engine.random.of_network():
            self._graphs[count]()
        if self._mean.averages:
            self._mean.after_step()

    def tally(self) -> Tally:
        """Of `Steps`."""
        return self._state.tally().lasting(time.perf_counter() - self._started)

    def values(self) -> dict[int, Any]:
        """Of `Steps`."""
        return memory_of(self._optimizer)

    def restore(self, values: dict[int, Any]) -> None:
        """Of `Steps`; of a parameter without any it stays 0, for a recording finds it there."""
        restore_memory(self._optimizer, {**memory_of(self._optimizer), **values})

    def _recorded(self, count: int) -> Callable[[], None]:
        """What runs so many steps from the one that the state's number says."""

        def run() -> None:
            with users_code(type(self._engine.network).__name__):
                for _ in range(count):
                    self._step()

        if self._state.number.device.type != "cuda":
            return run
        try:
            self._warm_up(run)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                run()
        except RuntimeError as error:
            raise UsageError(
                f"--engine graph: expected steps that CUDA can record, got: {error!s:.300}",
                "choose another --engine",
            ) from error
        return graph.replay

    def _warm_up(self, run: Callable[[], None]) -> None:
        """Run on a stream of its own, and leave weights and memory as they were."""
        tensors = [
            *self._engine.network.state_dict().values(),
            *(state["momentum_buffer"] for state in self._optimizer.state.values()),
            *self._state.tensors(),
        ]
        before = deepcopy([tensor.detach() for tensor in tensors])
        current = torch.cuda.current_stream()
        own: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        own.wait_stream(current)
        with torch.random.fork_rng([own.device_index]), torch.cuda.stream(own):
            self._state.number.zero_()
            for _ in range(WARM_UP_STEPS):
                run()
        current.wait_stream(own)
        with torch.no_grad():
            torch._foreach_copy_(tensors, before)

    def _step(self) -> None:
        """A step, all on the device: nothing of it is known here."""
        state, optimizer = self._state, self._optimizer
        indices, transforms, rate = state.next_batch()
        optimizer.param_groups[0]["lr"].copy_(rate)
        optimizer.zero_grad()
        loss, num_right = self._engine.score(*self._engine.take(indices), transforms)
        loss.backward()  # type: ignore[no-untyped-call]
        # Such a loss, and all after it, leave the weights as they are: the optimizer looks here.
        optimizer.found_inf = state.take_in(loss.detach(), num_right)  # type: ignore[attr-defined]
        optimizer.step()


class _State:
    """What changes from step to step, each a tensor that graphs read and write where it is.

    Attributes:
        number: of the next step (1,).
    """

    def __init__(self, device: torch.device) -> None:
        self.number = torch.zeros(1, dtype=torch.long, device=device)
        self._loss_sum = torch.zeros((), dtype=torch.double, device=device)
        self._num_right = torch.zeros((), dtype=torch.long, device=device)
        self._last_loss = torch.zeros((), device=device)
        self._bad_step = torch.full((1,), -1, device=device)
        self._bad_loss = torch.zeros((), device=device)
        self._batch_size = 0
        self._indices = self._transforms = self._rates = torch.empty(0)

    def tensors(self) -> list[Tensor]:
        """What a step changes."""
        sums = [self._loss_sum, self._num_right, self._last_loss]
        return [self.number, *sums, self._bad_step, self._bad_loss]

    def begin(self, batches: Sequence[Batch], rates: Sequence[float], tally: Tally) -> None:
        """Take in an epoch; graphs find it where the first one was."""
        self._batch_size, device = len(batches[0]), self.number.device
        indices = torch.cat([batch.indices for batch in batches])
        transforms = torch.cat([batch.transforms for batch in batches])
        on_device = torch.tensor(rates, device=device)
        if len(self._rates) != len(rates):
            self._indices, self._transforms, self._rates = indices, transforms, on_device
        else:
            self._indices.copy_(indices)
            self._transforms.copy_(transforms)
            self._rates.copy_(on_device)
        self._loss_sum.fill_(tally.loss_sum)
        self._num_right.fill_(tally.num_right)
        self._last_loss.fill_(tally.last_loss)
        self._bad_step.fill_(-1)

    def next_batch(self) -> tuple[Tensor, Tensor, Tensor]:
        """Indices (n,), transforms (n, 3, 3) and rate () of the step that is next."""
        within = torch.arange(self._batch_size, device=self.number.device)
        places = self.number * self._batch_size + within
        rate = self._rates.index_select(0, self.number)[0]
        return self._indices[places], self._transforms[places], rate

    def take_in(self, loss: Tensor, num_right: Tensor) -> Tensor:
        """Count a step.

        Returns:
            1. if it must not change the weights, else 0.
        """
        is_new = (self._bad_step < 0) & ~loss.isfinite()
        self._bad_loss.copy_(torch.where(is_new[0], loss, self._bad_loss))
        self._bad_step.copy_(torch.where(is_new, self.number, self._bad_step))
        self._loss_sum += loss.double() * self._batch_size
        self._num_right += num_right
        self._last_loss.copy_(loss)
        self.number += 1
        return (self._bad_step[0] >= 0).float()

    def tally(self) -> Tally:
        """Of the steps that were asked for; waits for them."""
        bad, number = int(self._bad_step), int(self.number)
        if bad >= 0:
            raise Diverged(float(self._bad_loss), bad, float(self._rates[bad]))
        return Tally(
            float(self._loss_sum),
            int(self._num_right),
            number * self._batch_size,
            float(self._last_loss),
        )
