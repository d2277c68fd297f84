"""Runs that are killed: at random moments, or at every single write of a save.

``python -m tests.training.killing random|writes ENGINE COUNT FOLDER`` trains a run to its end, then
others that a SIGKILL ends, goes on with each, and prints how many came to the same to the bit.
Every run is a process of its own, forked from this one, which has only imported what they need.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from mnistops import disk
from mnistops.checkpoint import load_checkpoint
from mnistops.errors import BadInput
from mnistops.events import result_of
from mnistops.settings import Settings
from mnistops.training import loop
from mnistops.training.run import resume, train
from tests.made_data import write_dataset

# What a save does to the disk, one after the other.
WRITES = ("fdopen", "fsync", "link", "open", "close")


def settings(folder: Path, engine: str) -> Settings:
    """Of a run of 12 steps in 3 epochs, each saved."""
    values = {"epochs": 3, "batch_size": 48, "engine": engine, "save_seconds": 0, "averaging": 0.2}
    return Settings(
        data={"dataset": str(folder.parent / "made")},
        network={"dropout": 0.1},
        train={**values, "recipe": "plateau", "learning_rate": 0.05, "run_dir": folder},
    )


def in_a_process(work: Callable[[], object]) -> int:
    """Its pid."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            torch.set_num_threads(1)
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


def ended(pid: int) -> int:
    """How it ended: 0, or the negative number of a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def go(folder: Path, engine: str) -> None:
    """Begin a run, or go on with it."""
    loop.SECONDS_BETWEEN_EVENTS = 0.0
    if (folder / "config.toml").exists():
        result_of(resume(folder))
    else:
        result_of(train(settings(folder, engine)))


def outcome(folder: Path) -> tuple[Any, ...]:
    """All that a run came to, but for its times and what runs before it were called."""
    training = load_checkpoint(folder / "last.pt").training
    assert training is not None
    for done in training["epochs"]:
        del done["metrics"]["time_seconds"]
    random_states = training["random"]
    weights = [*training["network"].values(), *training["mean"]["mean"].values()]
    memory = [held["momentum_buffer"] for held in training["optimizer"].values()]
    streams = [random_states[name] for name in ("order", "warp", "dropout")]
    rows = (folder / "metrics.csv").read_text().splitlines()
    kept = [row.split(",")[:6] for row in rows]
    status = json.loads((folder / "run.json").read_text())["status"]
    tensors = [tensor.tolist() for tensor in (*weights, *memory, *streams)]
    return status, kept, training["epochs"], training["epoch"], tensors


def kill_at_write(number: int) -> None:
    """Have this process killed in the middle of its write of that number, from 1."""
    count = 0

    def counted(name: str) -> Callable[..., Any]:
        original = getattr(os, name)

        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count == number:
                if name == "fsync":  # what was written is only half there
                    with suppress(OSError):
                        os.ftruncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments, **named)

        return call

    class Counted:
        """os, but for what writes."""

        def __getattr__(self, name: str) -> Any:
            return counted(name) if name in WRITES else getattr(os, name)

    replace = Path.replace

    def counted_replace(path: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(path, target)

    patch.object(disk, "os", Counted()).start()
    patch.object(Path, "replace", counted_replace).start()


def main(kind: str, engine: str, count: int, folder: Path) -> None:
    """Kill so many runs; of ``writes`` every ``count``-th write is one."""
    write_dataset(folder / "made", 160, 40)
    started = time.monotonic()
    assert ended(in_a_process(lambda: go(folder / "whole", engine))) == 0
    seconds, expected = time.monotonic() - started, outcome(folder / "whole")
    num_killed = num_same = num_broken = number = 0
    dice = random.Random(0)
    while kind == "writes" or num_killed < count:
        number += 1
        run = folder / f"run{number}"

        def work(run: Path = run, at: int = 1 + (number - 1) * count) -> None:
            if kind == "writes":
                kill_at_write(at)
            go(run, engine)

        pid = in_a_process(work)
        if kind == "random":
            time.sleep(dice.uniform(0, seconds))
            os.kill(pid, signal.SIGKILL)
        code = ended(pid)
        if code == 0 and kind == "writes":
            break  # it makes fewer writes
        if code == 0 or not run.exists():
            continue  # it was quicker, or had not begun
        assert code == -signal.SIGKILL
        num_killed += 1
        if (run / "last.pt").exists():
            try:
                load_checkpoint(run / "last.pt")
            except BadInput:
                num_broken += 1
        assert ended(in_a_process(lambda run=run: go(run, engine))) == 0, run  # type: ignore[misc]
        num_same += outcome(run) == expected
        assert not list(run.glob(".*")), list(run.glob(".*"))
    print(json.dumps({"killed": num_killed, "same": num_same, "broken": num_broken}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
