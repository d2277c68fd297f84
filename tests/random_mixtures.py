"""Random torch networks that treat dimensions as anything: pixels, tokens, features."""

import torch
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from tests.network_steps import Call, Linearised, Network, Shape, Step, Wrapped
from tests.random_networks import added


def _reordering(draw: st.DrawFn, shape: Shape) -> Step:
    dims = draw(st.permutations(range(1, len(shape))))
    return Call(f"permute {dims}", lambda t: t.permute(0, *dims))


def _flattening(draw: st.DrawFn, shape: Shape) -> Step:
    first = draw(st.integers(1, max(1, len(shape) - 2)))
    last = draw(
        st.integers(first, max(first, len(shape) - 1 - (first == 1)))
    )  # a vector counts as one
    return Call(f"flatten {first} {last}", lambda t: t.flatten(first, last))


def _unflattening(draw: st.DrawFn, shape: Shape) -> Step:
    dim, factor = draw(st.integers(1, len(shape) - 1)), draw(st.integers(2, 3))
    sizes = (factor, -1) if draw(st.booleans()) else (-1, factor)
    return Call(f"unflatten {dim} {sizes}", lambda t: t.unflatten(dim, sizes))


def _joining(draw: st.DrawFn, shape: Shape) -> Step:
    dim, keeps = draw(st.integers(1, len(shape) - 1)), draw(st.booleans())

    def softmaxed(t: Tensor) -> Tensor:
        return t.sum(dim, keepdim=True) + 0 * t

    steps: list[Step] = [
        Call("relu", functional.relu),
        Call(f"mean {dim} {keeps}", lambda t: t.mean(dim, keepdim=keeps)),
        Linearised(
            f"amax {dim} {keeps}", lambda t: t.amax(dim, keeps), lambda t: t.mean(dim, keeps)
        ),
    ]
    if len(shape) > 2:  # of (N, W): test_a_softmax_over_columns_alone_joins_them
        steps.append(Linearised(f"softmax {dim}", lambda t: t.softmax(dim), softmaxed))
    return draw(st.sampled_from(steps))


def _weighing(draw: st.DrawFn, shape: Shape) -> Step:
    many = draw(st.integers(1, 3))
    groups = draw(st.sampled_from([g for g in (1, 1, 2) if shape[1] % g == 0]))
    modules: list[nn.Module] = [nn.Linear(shape[-1], many, dtype=torch.double)]
    kernel, padding = draw(st.integers(1, 2)), draw(st.integers(0, 1))
    if len(shape) in (3, 4):
        kind = nn.Conv1d if len(shape) == 3 else nn.Conv2d
        channels = shape[1], many * groups
        modules.append(kind(*channels, kernel, padding=padding, groups=groups, dtype=torch.double))
    return Wrapped(draw(st.sampled_from(modules)))


def _picking(draw: st.DrawFn, shape: Shape) -> Step:
    dim = draw(st.integers(1, len(shape) - 1))
    at, step = draw(st.integers(0, shape[dim] - 1)), draw(st.integers(1, 2))
    steps = [
        Call(f"select {dim} {at}", lambda t: t.select(dim, at)),
        Call(
            f"slice {dim} {at}::{step}",
            lambda t: t[(slice(None),) * dim + (slice(at, None, step),)],
        ),
        Call(f"flip {dim}", lambda t: t.flip([dim])),
        Call(f"roll {dim} {at}", lambda t: t.roll(at, dim)),
        Call(f"unbind {dim}", lambda t: tuple(t.unbind(dim))),
        Call(f"chunk {dim}", lambda t: tuple(t.chunk(2, dim))),
    ]
    return draw(st.sampled_from(steps))


def _combining(draw: st.DrawFn, shape: Shape) -> Step:
    dim = draw(st.integers(1, len(shape) - 1))
    steps = [
        Call("add", lambda a, b: a + b),
        Call("mul", lambda a, b: a * b),
        Call(f"cat {dim}", lambda a, b: torch.cat((a, b), dim)),
        Call(f"stack {dim}", lambda a, b: torch.stack((a, b), dim)),
        Call("matmul", lambda a, b: a @ b),
        Call("matmul transposed", lambda a, b: a @ b.transpose(-1, -2)),
    ]
    return draw(st.sampled_from(steps))


ANYHOW = (
    _reordering,
    _flattening,
    _unflattening,
    _joining,
    _weighing,
    _picking,
    _combining,
    _combining,
)


@st.composite
def mixtures(draw: st.DrawFn, shape: Shape, most: int = 7) -> Network:
    """A network that treats its dimensions as anything: tokens, features, batches."""
    network = Network()
    tensors: tuple[Tensor, ...] = (torch.zeros(shape, dtype=torch.double),)
    for _ in range(draw(st.integers(1, most))):
        source = draw(st.one_of(st.just(len(tensors) - 1), st.integers(0, len(tensors) - 1)))
        if tensors[source].dim() < 2:
            continue
        kind, wires = draw(st.sampled_from(ANYHOW)), (source,)
        step = kind(draw, tuple(tensors[source].shape))
        if kind is _combining:
            wires = (source, draw(st.integers(0, len(tensors) - 1)))  # type: ignore[assignment]
        tensors = added(network, step, wires, shape) or tensors
    # So that there is one layer at least.
    network.add(Call("2*", lambda t: 2 * t), (len(tensors) - 1,))
    return network.eval()
