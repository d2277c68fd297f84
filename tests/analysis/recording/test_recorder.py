"""The recorder: writes, views and their aliases, calls, weights and outputs."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from mnistops.analysis.capture import capture
from mnistops.analysis.graph import INPUT, LayerGraph
from mnistops.analysis.operations import Unsupported
from mnistops.analysis.receptive_field import receptive_fields
from mnistops.analysis.recording.recorder import Recorder
from tests.applied import Applied, assert_as_torch, rows_of


def graph_of(function: Any) -> LayerGraph:
    return capture(Applied(function), (1, 8, 10), "net")


def statuses(function: Any) -> list[str]:
    """Of what the network returns."""
    graph = graph_of(function)
    rows = dict(zip([places[-1] for places in graph.calls()], receptive_fields(graph), strict=True))
    return [rows[place].status for place in graph.outputs]


def writes_a_channel(images: Tensor) -> Tensor:
    images[:, 0] = 1
    return images * 2


def fills_a_buffer(images: Tensor) -> Tensor:
    buffer = torch.zeros(2, 8, 6, 8, dtype=images.dtype)
    buffer[:, :4] = images
    buffer[:, 4:] = images.flip(2)
    return buffer * 2


def fills_a_new_buffer(images: Tensor) -> Tensor:
    buffer = images.new_zeros(2, 4, 6, 8)
    buffer[:, :, 1:] = images[:, :, :-1]
    return buffer * 2


def copies_into_a_buffer(images: Tensor) -> Tensor:
    buffer = torch.empty(2, 4, 6, 8, dtype=images.dtype)
    buffer.copy_(images.flip(3))
    return buffer * 2


def adds_to_rows(images: Tensor) -> Tensor:
    images[:, :, 1:] += images[:, :, :-1]
    return images * 2


def reads_a_stale_view(images: Tensor) -> Tensor:
    view = images.view(2, 4, 48)
    images.add_(images.flip(2))
    return view * 2


def reads_what_a_view_wrote(images: Tensor) -> Tensor:
    view = images.view(2, 4, 48)
    view.add_(view.flip(2))
    return images * 2


def reads_the_whole_of_written_chunks(images: Tensor) -> Tensor:
    first, second = images.chunk(2, 1)
    first.add_(second.flip(2))
    return images * 2


def writes_by_out(images: Tensor) -> Tensor:
    other = torch.empty_like(images)
    torch.add(images, images.flip(2), out=other)
    return other * 2


def fills_by_index(images: Tensor) -> Tensor:
    return images.index_fill_(2, torch.tensor([0]), 0.0) * 2


def writes_detached(images: Tensor) -> Tensor:
    images.detach().add_(images.flip(2))
    return images * 2


@pytest.mark.parametrize(
    "function",
    [
        writes_a_channel,
        fills_a_buffer,
        fills_a_new_buffer,
        copies_into_a_buffer,
        adds_to_rows,
        reads_a_stale_view,
        reads_what_a_view_wrote,
        reads_the_whole_of_written_chunks,
        writes_by_out,
        fills_by_index,
        writes_detached,
    ],
)
def test_a_write_that_is_not_followed_is_unsupported(function: Any) -> None:
    assert statuses(function) == ["unsupported"]


@pytest.mark.parametrize(
    "function",
    [
        lambda t: t.relu_(),
        lambda t: functional.relu(t, inplace=True) * 2,
        lambda t: t.add_(t.flip(2)),
        lambda t: t.mul_(2).add_(1),
        lambda t: t.masked_fill_(t > 1, 0.0),
        lambda t: t.transpose_(2, 3) * 2,
        lambda t: t.unsqueeze_(1) * 2,
    ],
)
def test_a_write_to_all_of_a_tensor_is_followed(function: Any) -> None:
    assert "unsupported" not in statuses(function)
    assert_as_torch(Applied(function))


def test_a_tensor_written_in_place_is_the_new_one_everywhere() -> None:
    def twice(images: Tensor) -> tuple[Tensor, Tensor]:
        return images, images.add_(images.flip(2))

    first, second = graph_of(twice).outputs
    assert first == second


def test_outputs_are_found_in_tuples_and_dicts() -> None:
    graph = graph_of(lambda t: {"a": t, "b": (t * 2, [t.flip(2)])})
    assert [graph.layers[place].type for place in graph.outputs] == ["Conv2d", "mul", "flip"]


def test_the_input_itself_can_be_returned() -> None:
    class Both(nn.Module):
        def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
            return images, images * 2

    assert capture(Both(), (1, 4, 4), "net").outputs == (INPUT, 0)


def test_one_call_of_a_function_is_one_row() -> None:
    graph = graph_of(lambda t: functional.normalize(t))
    assert [row.name for row in receptive_fields(graph)] == ["Conv2d-1", "normalize"]
    assert len(list(graph.calls())[-1]) > 1
    assert [graph.layers[places[-1]].ends_call for places in graph.calls()] == [True, True]


def test_a_reused_module_counts_its_weights_once() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3)

        def forward(self, images: Tensor) -> Tensor:
            return self.conv(self.conv(images))  # type: ignore[no-any-return]

    graph = capture(Twice(), (1, 8, 8), "net")
    assert [layer.path for layer in graph.layers] == ["conv", "conv"]
    assert len({p.key for layer in graph.layers for p in layer.parameters}) == 2


def test_weights_used_by_a_function_are_counted_there() -> None:
    class Functional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernel = nn.Parameter(torch.ones(2, 1, 3, 3))
            self.idle = nn.Parameter(torch.ones(7))

        def forward(self, images: Tensor) -> Tensor:
            return torch.conv2d(images, 2 * self.kernel)

    graph = capture(Functional(), (1, 8, 8), "net")
    assert [p.key for p in graph.layers[0].parameters] == ["kernel"]
    assert [p.key for p in graph.unused] == ["idle"]


@pytest.mark.parametrize("normed", [parametrizations.weight_norm, parametrizations.spectral_norm])
def test_parametrized_weights_are_one_layer(normed: Any) -> None:
    network = nn.Sequential(normed(nn.Conv2d(1, 2, 3)), nn.ReLU())
    graph = capture(network, (1, 8, 8), "net")
    rows = receptive_fields(graph)
    assert [(row.path, row.size, row.status) for row in rows] == [
        ("0", (3, 3), "exact"),
        ("1", (3, 3), "exact"),
    ]


def test_parametrized_weights_are_used() -> None:
    network = nn.Sequential(parametrizations.weight_norm(nn.Conv2d(1, 2, 3)), nn.ReLU())
    assert capture(network, (1, 8, 8), "net").unused == ()


def test_frozen_weights_are_said_to_be() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3))
    network[0].weight.requires_grad_(False)
    (layer,) = capture(network, (1, 8, 8), "net").layers
    assert [p.trainable for p in layer.parameters] == [False, True]


def test_constants_made_in_the_forward_are_no_layers() -> None:
    rows = rows_of(Applied(lambda t: t + torch.arange(8).double().sin().view(8)))
    assert [row.name for row in rows] == ["Conv2d-1", "add"]


def test_what_only_asks_for_a_shape_is_no_layer() -> None:
    graph = graph_of(lambda t: t + torch.zeros_like(t) + t.new_ones(8))
    assert [layer.type for layer in graph.layers] == ["Conv2d", "add", "add"]


def test_a_module_of_torchs_without_a_rule_is_read_by_its_operations() -> None:
    (row,) = rows_of(nn.Sequential(nn.LPPool2d(2, 3)))
    assert (row.name, row.size, row.status) == ("LPPool2d-1", (3, 3), "exact")


def test_a_tensor_that_depends_on_no_image_has_no_place() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3)).to("meta")
    recorder = Recorder(network, (1, 8, 8), torch.float32, "net")
    images = torch.empty(2, 1, 8, 8, device="meta")
    with torch.no_grad():
        outputs = recorder.run({}, images)
    assert isinstance(outputs, Tensor)
    assert recorder.place(images) == INPUT
    assert recorder.place(outputs) == 0
    assert recorder.place(torch.empty(2, device="meta")) is None


def test_a_row_of_an_unsupported_operation_keeps_its_shape() -> None:
    graph = graph_of(lambda t: torch.fft.rfft2(t).real)
    unsupported = [x for x in graph.layers if isinstance(x.operation, Unsupported)]
    assert unsupported[0].given == (2, 4, 6, 5)
