"""A pool of processes: so many at a time, each on its core, those that die begun once more."""

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import mnistops

# Short against the seconds that a process takes to start.
SECONDS_BETWEEN_LOOKS = 0.05
SECONDS_TO_END = 5.0


@dataclass(frozen=True)
class Job:
    """Something for a process to do.

    Attributes:
        arguments: of the Python interpreter.
        result: the file that is there when it is done, whatever becomes of the process then.
        log: gets all that the process prints.
    """

    name: str
    arguments: tuple[str, ...]
    result: Path
    log: Path


@dataclass(frozen=True)
class JobBegun:
    """A process is at work."""

    job: Job
    pid: int


@dataclass(frozen=True)
class JobDone:
    """A process ended as it should."""

    job: Job


@dataclass(frozen=True)
class JobDied:
    """A process was killed, or failed.

    Attributes:
        reason: how, and the last line of its log.
        is_given_up: whether it was the second time; else the job is begun again.
    """

    job: Job
    reason: str
    is_given_up: bool


@dataclass(frozen=True)
class JobsGoOn:
    """Nothing has happened for a moment."""


PoolEvent = JobBegun | JobDone | JobDied | JobsGoOn


@dataclass(frozen=True)
class _Worker:
    job: Job
    process: subprocess.Popen[bytes]


def choose_cores(num_workers: int | None, on_cpu: bool) -> list[int | None]:
    """A core for each worker; None where it may be anywhere.

    Args:
        num_workers: None for one on each core of this process, and a single one on a GPU.
    """
    if not on_cpu:
        # There it is launching kernels that takes the time, and processes take turns; whether
        # several together are faster nobody has measured yet, and each one needs its own memory.
        return [None] * (num_workers or 1)
    cores: list[int | None] = [None] * (os.cpu_count() or 1)
    if hasattr(os, "sched_getaffinity"):
        cores = [*sorted(os.sched_getaffinity(0))]
    return [cores[number % len(cores)] for number in range(num_workers or len(cores))]


def keep_busy(jobs: Sequence[Job], cores: Sequence[int | None]) -> Generator[PoolEvent, None, None]:
    """Do all jobs, as many at a time as there are cores.

    When the generator is closed, or fails, the processes are ended and waited for.
    """
    waiting, died = deque(jobs), set[str]()
    working: dict[int, _Worker] = {}
    try:
        while waiting or working:
            for place, core in enumerate(cores):
                if place not in working and waiting:
                    job = waiting.popleft()
                    working[place] = _begin(job, core, is_again=job.name in died)
                    yield JobBegun(job, working[place].process.pid)
            yield JobsGoOn()
            time.sleep(SECONDS_BETWEEN_LOOKS)
            for place, worker in list(working.items()):
                code = worker.process.poll()
                if code is None:
                    continue
                del working[place]
                _close(worker)
                if code == 0 or worker.job.result.exists():
                    yield JobDone(worker.job)
                    continue
                is_given_up = worker.job.name in died
                if not is_given_up:
                    died.add(worker.job.name)
                    waiting.appendleft(worker.job)
                yield JobDied(worker.job, _reason(code, worker.job.log), is_given_up)
    finally:
        _end(list(working.values()))


def _begin(job: Job, core: int | None, is_again: bool) -> _Worker:
    with job.log.open("ab" if is_again else "wb") as log:
        process = subprocess.Popen(
            # -P: a file in the working folder must not take the place of a library.
            [sys.executable, "-P", *job.arguments],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**own_environment(), "OMP_NUM_THREADS": "1"},  # OpenMP reads it as it is loaded
            # A terminal's Ctrl-C is for us alone; we end it.
            start_new_session=True,
        )
    if core is not None:
        with suppress(OSError):  # it may have died at once
            os.sched_setaffinity(process.pid, {core})
    return _Worker(job, process)


def own_environment() -> dict[str, str]:
    """The variables for an interpreter that is to find this mnistops, whatever its folder is."""
    home = str(Path(mnistops.__file__).parents[1])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def how_it_ended(code: int) -> str:
    """``exit code 1``, ``ended by SIGKILL``."""
    if code < 0:
        with suppress(ValueError):
            return f"ended by {signal.Signals(-code).name}"
    return f"exit code {code}"


def _reason(code: int, log: Path) -> str:
    how = how_it_ended(code)
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 10_000))
        lines = file.read().decode(errors="backslashreplace").split("\n")
    told = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f"{how}: {told:.300}" if told else how


def _end(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        worker.process.terminate()
    for worker in workers:
        try:
            worker.process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
        _close(worker)


def _close(worker: _Worker) -> None:
    if worker.process.stdin is not None:
        worker.process.stdin.close()
