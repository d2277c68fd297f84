"""The pool: how many at a time, where, and what becomes of those that die."""

import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from mnistops.studies.pool import (
    Job,
    JobBegun,
    JobDied,
    JobDone,
    JobsGoOn,
    PoolEvent,
    choose_cores,
    keep_busy,
)

WAIT = "import time; time.sleep(60)"


def job(name: str, code: str) -> Job:
    return Job(name, ("-c", code), Path(f"{name}.result"), Path(f"{name}.log"))


def told(*jobs: Job, cores: tuple[int | None, ...] = (None,)) -> list[PoolEvent]:
    """All events but those of waiting."""
    return [event for event in keep_busy(jobs, cores) if not isinstance(event, JobsGoOn)]


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_jobs_are_done_in_turn_and_what_they_print_is_kept() -> None:
    jobs = [job(name, f"print({name!r})") for name in "abc"]
    events = told(*jobs)
    assert [type(event) for event in events] == [JobBegun, JobDone] * 3
    assert [event.job.name for event in events if isinstance(event, JobDone)] == ["a", "b", "c"]
    assert Path("b.log").read_text() == "b\n"


def test_as_many_at_a_time_as_there_are_cores() -> None:
    running, most = 0, 0
    for event in keep_busy(
        [job(str(n), "import time; time.sleep(0.2)") for n in range(5)], [None] * 2
    ):
        running += isinstance(event, JobBegun)
        running -= isinstance(event, JobDone)
        most = max(most, running)
    assert (running, most) == (0, 2)


def test_each_has_its_core_one_thread_and_no_library_from_the_working_folder() -> None:
    Path("statistics.py").write_text("raise ZeroDivisionError")
    code = (
        "import os, statistics, mnistops.errors\n"
        "print(os.environ['OMP_NUM_THREADS'], *os.sched_getaffinity(0))"
    )
    (core, *_) = choose_cores(1, on_cpu=True)
    told(job("a", code), cores=(core,))
    if core is not None:
        assert Path("a.log").read_text() == f"1 {core}\n"


def test_one_that_dies_is_begun_once_more() -> None:
    code = "from pathlib import Path\nif not Path('x').exists(): Path('x').touch(); 1/0"
    events = told(job("a", code))
    assert [type(event) for event in events] == [JobBegun, JobDied, JobBegun, JobDone]
    died = events[1]
    assert isinstance(died, JobDied) and not died.is_given_up
    assert died.reason == "exit code 1: ZeroDivisionError: division by zero"


def test_one_that_dies_twice_is_given_up_and_the_others_go_on() -> None:
    events = told(job("a", "1/0"), job("b", ""))
    kinds = [(type(event), event.job.name) for event in events if not isinstance(event, JobsGoOn)]
    assert kinds == [
        (JobBegun, "a"),
        (JobDied, "a"),
        (JobBegun, "a"),
        (JobDied, "a"),
        (JobBegun, "b"),
        (JobDone, "b"),
    ]
    assert isinstance(events[3], JobDied) and events[3].is_given_up
    assert Path("a.log").read_text().count("Traceback") == 2


def test_one_that_is_killed_is_begun_again() -> None:
    deaths: Counter[str] = Counter()
    for event in keep_busy([job("a", WAIT), job("b", "")], [None] * 2):
        if isinstance(event, JobBegun) and event.job.name == "a":
            os.kill(event.pid, signal.SIGKILL)
        if isinstance(event, JobDied):
            deaths[event.job.name] += 1
            assert event.reason == "ended by SIGKILL"
    assert deaths == {"a": 2}


def test_one_that_dies_with_its_result_there_is_done() -> None:
    code = "from pathlib import Path; Path('a.result').touch(); 1/0"
    assert [type(event) for event in told(job("a", code))] == [JobBegun, JobDone]


@pytest.mark.parametrize("is_closed", [True, False])
def test_when_nobody_listens_any_more_they_are_ended(is_closed: bool) -> None:
    pids = []
    events = keep_busy([job("a", WAIT), job("b", WAIT)], [None] * 2)
    for event in events:
        if isinstance(event, JobBegun):
            pids.append(event.pid)
        if len(pids) == 2:
            break
    assert all(map(is_there, pids))
    if is_closed:
        events.close()
    else:
        with pytest.raises(KeyboardInterrupt):
            events.throw(KeyboardInterrupt())
    assert not any(map(is_there, pids))


def test_one_that_will_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnistops.studies.pool.SECONDS_TO_END", 0.2)
    code = (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open('ready', 'w').close()\n{WAIT}"
    )
    events = keep_busy([job("a", code)], [None])
    begun = next(events)
    assert isinstance(begun, JobBegun)
    until = time.monotonic() + 30
    while not Path("ready").exists() and time.monotonic() < until:
        next(events)
    events.close()
    assert not is_there(begun.pid)


def test_cores() -> None:
    every = choose_cores(None, on_cpu=True)
    assert len(every) == (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    more = choose_cores(2 * len(every) + 1, on_cpu=True)
    assert more == [*every, *every, every[0]]
    assert choose_cores(None, on_cpu=False) == [None]
    assert choose_cores(3, on_cpu=False) == [None] * 3


def test_without_pinning_there_is_a_worker_for_each_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert choose_cores(None, on_cpu=True) == [None] * 3
