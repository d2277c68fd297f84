"""A study: settings to groups of runs, in as many processes as there are cores, and a verdict."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from mnistops.device import open_device
from mnistops.errors import NotFinite
from mnistops.settings.tree import Settings
from mnistops.studies.events import (
    EpochsDone,
    RunFailed,
    RunFinished,
    RunStarted,
    StudyBegun,
    StudyDone,
    WorkerDied,
)
from mnistops.studies.folder import Request, StudyFolder, open_folder
from mnistops.studies.outcome import RESULT, RunOutcome
from mnistops.studies.plan import Group, PlannedRun, plan_groups, plan_runs
from mnistops.studies.pool import Job, JobBegun, JobDied, JobDone, choose_cores, keep_busy
from mnistops.studies.preparation import PreparedStudy, prepare_study
from mnistops.studies.results import (
    Judge,
    MissingRun,
    RunRow,
    StudyResult,
    compare_groups,
    group_result,
    row_of,
)
from mnistops.studies.worker import error_path, read_error, write_request
from mnistops.training.preparation import PreparationEvent
from mnistops.training.run_folder import settings_values, write_table

StudyEvent = (
    PreparationEvent
    | StudyBegun
    | RunStarted
    | EpochsDone
    | RunFinished
    | WorkerDied
    | RunFailed
    | StudyDone
)

_Outcomes = dict[str, RunOutcome]


def study(settings: Settings) -> Generator[StudyEvent, None, StudyResult]:
    """Train every group that the settings name with every seed, and compare the groups.

    Nothing is done before the first event is asked for, and the workers are ended when no more is.
    In the folder of a study that was stopped, the runs that are done stay as they are.

    >>> asked = mnistops.Settings(study={"recipe": "one-cycle,plateau"})  # doctest: +SKIP
    >>> for event in mnistops.study(asked):
    ...     print(event)

    Yields:
        What is fetched, if MNIST is not there yet; the study's beginning; of each run its start,
        its end and the deaths of its workers; epochs as they are done; last, `StudyDone` with the
        result, which is also returned.

    Raises:
        MnistopsError: something asked for cannot be had, for any of the runs.
    """
    device = str(open_device(settings.device))
    groups = plan_groups(settings)
    prepared = yield from prepare_study(groups)
    request = _request(settings, groups, prepared, device)
    groups = tuple(_with_engine(group, prepared) for group in groups)
    runs = plan_runs(groups, settings.study.seeds, prepared.num_train_images)
    named = settings.study.dir
    with open_folder(settings.output.runs_dir, prepared.network, named, request) as folder:
        outcomes = {run.name: done for run in runs if (done := folder.outcome(run.name))}
        to_do = [run for run in runs if run.name not in outcomes]
        cores = choose_cores(settings.study.workers, device == "cpu")[: max(1, len(to_do))]
        yield StudyBegun(
            folder.path,
            tuple(group.name for group in groups),
            settings.study.seeds,
            len(outcomes),
            len(cores),
            device,
            tuple(sorted({choice.engine for choice in prepared.choices.values()})),
        )
        missing = yield from _do(folder, runs, outcomes, cores)
        result = _result(folder, groups, prepared, runs, outcomes, missing)
    yield StudyDone(result)
    return result


def _with_engine(group: Group, prepared: PreparedStudy) -> Group:
    choice = prepared.choices[group.name]
    update = {"engine": choice.engine, "precision": choice.precision}
    train = group.settings.train.model_copy(update=update)
    return replace(group, settings=group.settings.model_copy(update={"train": train}))


def _request(
    settings: Settings, groups: Sequence[Group], prepared: PreparedStudy, device: str
) -> Request:
    """What makes a study another one; where its files are does not."""

    def of_runs(group: Group) -> Mapping[str, object]:
        values = settings_values(group.settings)
        for name in ("holdout_fold", "target_accuracy", "require_target"):
            del values["train"][name]
        return {name: values[name] for name in ("network", "train")}

    return {
        "seeds": settings.study.seeds,
        "first seed": settings.seed,
        "device": device,
        "groups": [group.name for group in groups],
        "images": prepared.images,
        **{f"group {group.name}": of_runs(group) for group in groups},
        "parameters": dict(prepared.num_params),
    }


def _do(
    folder: StudyFolder,
    runs: Sequence[PlannedRun],
    outcomes: _Outcomes,
    cores: Sequence[int | None],
) -> Generator[StudyEvent, None, tuple[MissingRun, ...]]:
    """Do the runs that have no outcome yet, and add theirs.

    Returns:
        Those that have none in the end.
    """
    by_name = {run.name: run for run in runs}
    missing: list[MissingRun] = []
    working: set[str] = set()
    jobs = [_job(folder, run) for run in runs if run.name not in outcomes]
    _write_rows(folder, runs, outcomes)
    num_epochs, all_epochs = -1, sum(run.settings.train.epochs for run in runs)
    with closing(keep_busy(jobs, cores)) as events:
        for event in events:
            match event:
                case JobBegun():
                    working.add(event.job.name)
                    yield RunStarted(event.job.name, event.pid)
                case JobDone():
                    working.discard(event.job.name)
                    run = by_name[event.job.name]
                    reason = _take(folder, run, outcomes)
                    if reason is None:
                        _write_rows(folder, runs, outcomes)
                        yield RunFinished(_row(folder, run, outcomes[run.name]))
                    else:
                        missing.append(MissingRun(run.group, run.seed, reason))
                        yield RunFailed(missing[-1])
                case JobDied():
                    working.discard(event.job.name)
                    run = by_name[event.job.name]
                    if event.is_given_up:
                        missing.append(MissingRun(run.group, run.seed, event.reason))
                        yield RunFailed(missing[-1])
                    else:
                        folder.discard(run.name)
                        yield WorkerDied(run.group, run.seed, event.reason)
            before = num_epochs
            num_epochs = sum(outcome.num_epochs for outcome in outcomes.values())
            num_epochs += sum(map(folder.num_epochs, working))
            if num_epochs != before:
                yield EpochsDone(num_epochs, all_epochs)
    return tuple(missing)


def _job(folder: StudyFolder, run: PlannedRun) -> Job:
    """A worker's job; what is left of an earlier one, that was stopped, goes."""
    folder.discard(run.name)
    request = folder.request(run.name)
    error_path(request).unlink(missing_ok=True)
    train = run.settings.train.model_copy(update={"run_dir": folder.run(run.name)})
    write_request(request, run.settings.model_copy(update={"train": train}))
    arguments = ("-m", "mnistops.studies.worker", str(request))
    result = folder.run(run.name) / RESULT
    return Job(run.name, arguments, result, folder.log(run.name))


def _take(folder: StudyFolder, run: PlannedRun, outcomes: _Outcomes) -> str | None:
    """Add the outcome of a run whose worker has ended; why there is none, if there is none.

    Raises:
        MnistopsError: what the worker told of would happen to every other one.
    """
    error = read_error(folder.request(run.name))
    if isinstance(error, NotFinite):
        return error.message  # at this group's learning rate, say
    if error is not None:
        raise error
    outcome = folder.outcome(run.name)
    if outcome is None:
        return "its worker ended without a result"
    outcomes[run.name] = outcome
    return None


def _row(folder: StudyFolder, run: PlannedRun, outcome: RunOutcome) -> RunRow:
    return row_of(run, outcome, folder.run(run.name))


def _write_rows(folder: StudyFolder, runs: Sequence[PlannedRun], outcomes: _Outcomes) -> None:
    rows = [_row(folder, run, outcomes[run.name]) for run in runs if run.name in outcomes]
    if rows:
        write_table(folder.table, rows)


def _result(
    folder: StudyFolder,
    groups: Sequence[Group],
    prepared: PreparedStudy,
    runs: Sequence[PlannedRun],
    outcomes: _Outcomes,
    missing: tuple[MissingRun, ...],
) -> StudyResult:
    results = tuple(
        group_result(
            group,
            prepared.num_params[group.name],
            [
                _row(folder, run, outcomes[run.name])
                for run in runs
                if run.group == group.name and run.name in outcomes
            ],
        )
        for group in groups
    )
    by_seed = {(run.group, run.seed): outcomes[run.name] for run in runs if run.name in outcomes}
    on: Judge = "holdout" if groups[0].settings.train.holdout else "test"
    comparisons = compare_groups(results, by_seed, on)
    return StudyResult(folder.path, results, comparisons, on, missing)
