"""The verdict: what agrees, what differs, and what is said of it."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mnistops.analysis.probing.probe import probe
from mnistops.analysis.probing.verdict import Verdict
from tests.analysis.probing.probed import (
    Calls,
    assert_all_equal,
    conv,
    probed,
    rows_of,
)


def test_a_row_that_repeats_another_is_not_probed() -> None:
    module = nn.Sequential(conv(3), nn.ReLU())
    _, relu = probe(module, (2, 9, 9), "net", rows_of(module, (2, 9, 9)))
    assert relu == Verdict("ReLU-2", "1", "not probed")


@pytest.mark.parametrize(
    "change",
    [
        {"size": (4, 3)},
        {"size": (3, 2)},
        {"start": (0, -1)},
        {"jump": (1, 2), "start": (-1, -20)},
        {"coverage": 0.5},
        {"status": "whole"},
        {"status": "bound", "size": (2, 3), "least_size": (1, 3)},
        {"status": "bound", "size": (5, 5), "least_size": (3, 4)},
    ],
)
def test_a_wrong_row_differs(change: dict[str, Any]) -> None:
    module = conv(3, padding=1)
    (row,) = rows_of(module, (2, 9, 9))
    (right,) = probe(module, (2, 9, 9), "net", (row,))
    (verdict,) = probe(module, (2, 9, 9), "net", (replace(row, **change),))
    assert (right.verdict, verdict.verdict) == ("agrees", "differs")
    assert verdict.reason


def test_a_verdict_states_what_is_expected_and_seen() -> None:
    module = conv(3)
    (row,) = rows_of(module, (2, 9, 9))
    (verdict,) = probe(module, (2, 9, 9), "net", (replace(row, size=(5, 3)),))
    assert verdict.expected and verdict.seen
    assert verdict.reason == "another field"
    (rows, columns), (seen_rows, seen_columns) = verdict.expected, verdict.seen
    assert rows and seen_rows
    assert (rows[1] - rows[0], seen_rows[1] - seen_rows[0]) == (4, 2)
    assert seen_columns == columns


def test_gaps_between_dilated_taps_are_seen() -> None:
    pairs = probed(nn.Sequential(conv(3, dilation=2), conv(3, dilation=2)), (2, 20, 20))
    assert_all_equal(pairs, "exact", "exact")
    row = pairs[1][0]
    assert row.coverage == 25 / 81
    module = nn.Sequential(conv(3, dilation=2), conv(3, dilation=2))
    rows = (pairs[0][0], replace(row, coverage=1.0))
    assert probe(module, (2, 20, 20), "net", rows)[1].verdict == "differs"


def test_a_whole_that_misses_a_pixel_differs() -> None:
    # 5 pixels pooled by twos leave out the last one.
    module = nn.Sequential(nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1))
    first, second = rows_of(module, (1, 5, 5))
    rows = (first, replace(second, status="whole"))
    verdict = probe(module, (1, 5, 5), "net", rows)[1]
    assert (verdict.verdict, verdict.seen) == ("differs", ((0, 3), (0, 3)))


def test_what_is_left_out_says_why() -> None:
    def forward(images: Tensor, a: nn.Module) -> Any:
        return a(torch.linalg.svd(images)[0])

    rows = rows_of(Calls(forward, conv(3)), (2, 8, 8))
    verdicts = probe(Calls(forward, conv(3)), (2, 8, 8), "net", rows)
    reasons = {v.reason for row, v in zip(rows, verdicts, strict=True) if row.is_window}
    assert reasons == {"unsupported"}
    assert {v.verdict for v in verdicts} == {"not probed"}
    claimed = [replace(row, status="whole", is_window=True) for row in rows]
    verdicts = probe(Calls(forward, conv(3)), (2, 8, 8), "net", claimed)
    assert {v.verdict for v in verdicts} == {"not probed"}
    assert verdicts[-1].reason == "nothing linear stands for linalg_svd"


def test_an_unknown_call_is_not_probed() -> None:
    module = conv(3)
    (row,) = rows_of(module, (2, 9, 9))
    (verdict,) = probe(module, (2, 9, 9), "net", (replace(row, path="elsewhere"),))
    assert (verdict.verdict, verdict.reason) == ("not probed", "the call was not seen again")


def test_a_field_outside_the_clipped_one_differs() -> None:
    def forward(images: Tensor, a: nn.Module) -> Any:
        return a(images.view(-1, 2, 9, 9))

    module = Calls(forward, conv(3))
    row = rows_of(module, (2, 9, 9))[-1]
    assert row.center_field == ((3, 5), (3, 5))
    reasons = [
        probe(module, (2, 9, 9), "net", (each,))[0].reason
        for each in (row, replace(row, center_field=((3, 4), (3, 5))))
    ]
    assert reasons == ["at the given size: inside the clipped field", "outside its clipped field"]
