"""The calls: which row speaks of which."""

from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from mnistops.analysis.probing.event import Call, Event, places
from mnistops.analysis.probing.probe import probe
from tests.analysis.probing.probed import (
    Calls,
    assert_all_equal,
    conv,
    probed,
    rows_of,
)


def test_a_layer_used_again_has_a_verdict_for_each_call() -> None:
    def forward(images: Tensor, a: nn.Module) -> Any:
        return a(a(a(images)))

    pairs = probed(Calls(forward, conv(3, padding=1)), (2, 9, 9))
    assert_all_equal(pairs, "exact", "exact", "exact")
    assert [row.size for row, _ in pairs] == [(3, 3), (5, 5), (7, 7)]
    rows = [row for row, _ in pairs]
    module = Calls(forward, conv(3, padding=1))
    wrong = (rows[0], replace(rows[1], size=(7, 7)), rows[2])
    verdicts = [v.verdict for v in probe(module, (2, 9, 9), "net", wrong)]
    assert verdicts == ["agrees", "differs", "agrees"]


def test_a_slice_that_takes_all_is_no_row_and_moves_no_other() -> None:
    def forward(images: Tensor, a: nn.Module) -> Any:
        x = a(images)
        return x[:, :, :10] + images[:, :, :10, 1:-1]

    pairs = probed(Calls(forward, conv(3)), (2, 12, 12))
    assert [row.name for row, _ in pairs] == ["Conv2d-1", "getitem", "add"]
    assert {v.verdict for _, v in pairs} == {"agrees"}
    assert pairs[1][1].seen is not None


def test_rows_and_calls_of_one_kind_follow_each_other() -> None:
    module = nn.Sequential(conv(3), conv(3))
    rows = rows_of(module, (2, 9, 9))
    calls = [Call("Conv2d", "0", True), Call("relu", "", False), Call("Conv2d", "1", True)]
    events = [Event(call, "no shadow", is_same=False) for call in calls]
    assert places(events, rows) == [0, 2]
    assert places(events[1:], rows) == [None, 1]


def test_of_too_many_calls_those_that_pass_their_input_on_are_left_out() -> None:
    module = conv(3)
    rows = rows_of(module, (2, 9, 9))
    call = Call("Conv2d", "", True)
    events = [Event(call, "", is_same=True), Event(call, "", is_same=False)]
    assert places(events, rows) == [1]
    assert places([events[1], events[1]], rows) == [None]
