"""Latency: the median of calls, each network by itself."""

import time

import pytest
import torch
from torch import Tensor

from mnistops.exports import latency
from mnistops.exports.latency import measure_latency


def test_the_median_of_each_network_for_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    calls: list[tuple[str, int]] = []

    def slow(name: str, seconds: float):  # type: ignore[no-untyped-def]
        def compute(images: Tensor) -> Tensor:
            nonlocal now
            # The first calls are slower, and so is one in between.
            is_odd = calls.count((name, len(images))) in (0, 1, 5)
            calls.append((name, len(images)))
            now += len(images) * seconds * (30 if is_odd else 1)
            return images

        return compute

    monkeypatch.setattr(time, "perf_counter", lambda: now)
    batches = [torch.zeros(1), torch.zeros(8)]
    found = measure_latency({"a": slow("a", 0.002), "b": slow("b", 0.01)}, batches)
    assert found == {"a": pytest.approx({1: 2, 8: 16}), "b": pytest.approx({1: 10, 8: 80})}
    turns = [name for place, (name, _) in enumerate(calls) if calls[place - 1][0] != name]
    assert len(turns) == 2 * 2 * latency.NUM_ROUNDS
