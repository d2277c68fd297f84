"""torch's rearrangements as ours: every value is found where torch has put it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from mnistops.analysis.capture import capture
from mnistops.analysis.receptive_field import sights
from tests.applied import Applied, assert_as_torch, rows_of

Function = Callable[[Tensor], Any]

# Of images (2, 4, 6, 8).
MOVES: dict[str, Function] = {
    "view": lambda t: t.view(2, 4, 48),
    "reshape": lambda t: t.reshape(2, 2, 2, 6, 8),
    "unflatten": lambda t: t.view(2, 4, 3, 2, 8),
    "squeeze": lambda t: t[:, :1].squeeze(1),
    "unsqueeze": lambda t: t.unsqueeze(2),
    "permute": lambda t: t.permute(0, 2, 3, 1),
    "transpose": lambda t: t.transpose(1, -1),
    "mT": lambda t: t.mT,
    "movedim": lambda t: t.movedim(1, -1),
    "swapaxes": lambda t: t.swapaxes(2, 3),
    "expand": lambda t: t[:, :1].expand(-1, 3, -1, -1),
    "repeat": lambda t: t.repeat(1, 2, 1, 1),
    "repeat in space": lambda t: t.repeat(1, 1, 2, 1),
    "repeat in more dimensions": lambda t: t[:, :1].repeat(1, 1, 1, 2, 1),
    "tile": lambda t: t.tile(2),
    "slice": lambda t: t[:, :, 1:-1, ::2],
    "slice from the end": lambda t: t[..., -3:],
    "narrow": lambda t: t.narrow(3, 2, 4),
    "select": lambda t: t[:, :, 2],
    "select from the end": lambda t: t.select(-1, -1),
    "ellipsis and None": lambda t: t[:, None, ..., 3:5],
    "split": lambda t: torch.split(t, 3, 1),
    "split by sizes": lambda t: torch.split(t, [1, 5], 2),
    "chunk": lambda t: t.chunk(3, 3),
    "tensor_split": lambda t: t.tensor_split(3, 3),
    "unbind": lambda t: t.unbind(1),
    "unbind rows": lambda t: t.unbind(2),
    "roll": lambda t: t.roll((1, -2), (2, 3)),
    "flip": lambda t: t.flip(3),
    "fliplr": lambda t: t.flip((2, 3)),
    "cat": lambda t: torch.cat((t, t.flip(2)), 1),
    "cat in space": lambda t: torch.cat((t, t.flip(2)), 2),
    "cat with zeros": lambda t: torch.cat((torch.zeros(2, 1, 6, 8).to(t), t), 1),
    "stack": lambda t: torch.stack((t, t.flip(2)), 1),
    "stack last": lambda t: torch.stack((t, t.flip(2)), -1),
    "stack with zeros": lambda t: torch.stack((torch.zeros(2, 4, 6, 8).to(t), t), 2),
    "pad": lambda t: functional.pad(t, (1, 2, 0, 3)),
    "crop": lambda t: functional.pad(t, (-1, 2, -2, -1)),
    "pad channels": lambda t: functional.pad(t, (0, 0, 0, 0, 1, 1)),
    "reflect": lambda t: functional.pad(t, (2, 1, 1, 3), mode="reflect"),
    "replicate": lambda t: functional.pad(t, (2, 1, 1, 3), mode="replicate"),
    "pixel_shuffle": lambda t: functional.pixel_shuffle(t, 2),
    "channel_shuffle": lambda t: functional.channel_shuffle(t, 2),
    "channels shuffled by hand": lambda t: (
        t.view(2, 2, 2, 6, 8).transpose(1, 2).reshape(2, 4, 6, 8)
    ),
    "space to depth": lambda t: torch.cat([t[..., i::2, j::2] for i in (0, 1) for j in (0, 1)], 1),
    "windows": lambda t: t.view(2, 4, 2, 3, 2, 4).permute(0, 2, 4, 3, 5, 1).reshape(8, 12, 4),
    "repeat_interleave": lambda t: t.repeat_interleave(2, dim=2),
    "einsum": lambda t: torch.einsum("nchw->nwhc", t),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_move_is_torchs(name: str) -> None:
    assert_as_torch(Applied(MOVES[name]))


def pixel_of_each_value(function: Function) -> Tensor:
    """What a function makes of images whose values are their own number; 0 stands for padding."""
    numbers = torch.arange(1.0, 2 * 4 * 6 * 8 + 1).view(2, 4, 6, 8)
    made = function(numbers)
    return made if isinstance(made, Tensor) else made[0]


class Alone(nn.Module):
    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    def forward(self, images: Tensor) -> Any:
        made = self.function(images)
        return made + 0 if isinstance(made, Tensor) else made[0] + 0


@pytest.mark.parametrize("name", MOVES)
def test_every_value_reaches_the_one_pixel_that_it_was(name: str) -> None:
    graph = capture(Alone(MOVES[name]), (4, 6, 8), "net")
    sight = sights(graph)[graph.outputs[0]]
    assert sight is not None
    numbers = pixel_of_each_value(MOVES[name])
    assert sight.shape == tuple(numbers.shape)
    for place in range(0, numbers.numel(), 7):
        index = tuple(int(i) for i in torch.unravel_index(torch.tensor(place), numbers.shape))
        number = int(numbers[index]) - 1
        row, column = number // 8 % 6, number % 8
        spans = [t.reach and t.reach.at(index) for t in sight.parts[sight.labels.at(index)].traces]
        expected = [(row, row), (column, column)]
        assert spans == expected if number >= 0 else None in spans


@given(st.integers(-3, 9), st.integers(1, 3), st.sampled_from((1, 2, 3)), st.data())
def test_any_slice_is_torchs(start: int, step: int, dim: int, data: st.DataObject) -> None:
    stop = data.draw(st.one_of(st.none(), st.integers(-3, 9)))

    def cut(images: Tensor) -> Tensor:
        return images[(slice(None),) * dim + (slice(start, stop, step),)]

    numbers = pixel_of_each_value(cut)
    if not numbers.numel():
        return
    graph = capture(Alone(cut), (4, 6, 8), "net")
    sight = sights(graph)[graph.outputs[0]]
    assert sight is not None
    assert sight.shape == tuple(numbers.shape)
    last = tuple(n - 1 for n in sight.shape)
    row = (int(numbers[last]) - 1) // 8 % 6
    reach = sight.parts[0].traces[0].reach
    assert reach
    assert reach.at(last) == (row, row)


def test_flattened_images_are_one_vector_that_sees_everything() -> None:
    row = rows_of(Applied(lambda t: t.flatten(1)))[-1]
    assert (row.size, row.status) == ((8, 10), "whole")


def test_what_moves_nothing_is_no_layer() -> None:
    rows = rows_of(Applied(lambda t: t[:].contiguous().view_as(t).permute(0, 1, 2, 3) * 2))
    assert [row.name for row in rows][-1] == "mul"
    assert len([row for row in rows if row.name in ("contiguous", "view_as", "getitem")]) == 0


def test_rolling_everything_in_one_line_has_no_rule() -> None:
    assert rows_of(Applied(lambda t: t.roll(1)))[-1].status == "unsupported"


def test_pictures_picked_by_a_tensor_have_no_rule() -> None:
    row = rows_of(Applied(lambda t: t[:, :, torch.tensor([0, 2])]))[-1]
    assert (row.status, row.output_size) == ("unsupported", (2, 8))


def test_rows_repeated_one_by_one_are_twice_as_many() -> None:
    row = rows_of(Applied(lambda t: t.repeat_interleave(2, dim=2)))[-1]
    assert row.output_size == (12, 8)
