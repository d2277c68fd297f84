"""What people see of a study: a line for each run that is done, a bar over all epochs."""

from pathlib import Path
from types import TracebackType

from mnistops.report.console import visible
from mnistops.report.numbers import accuracy, integer
from mnistops.report.progress import View
from mnistops.studies.events import (
    EpochsDone,
    RunFailed,
    RunFinished,
    StudyBegun,
    StudyDone,
    WorkerDied,
)
from mnistops.studies.results import RunRow
from mnistops.training.preparation import EngineSought


class StudyView(View):
    """Shows the events of a study."""

    def __init__(self) -> None:
        super().__init__()
        self._folder: Path | None = None
        self._num_runs = self._num_done = 0
        self._epochs = EpochsDone(0, 0)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Tell how to go on, if the study is stopped."""
        self.clear()
        super().__exit__(kind, error, trace)
        if kind is not None and self._folder is not None:
            self.line(
                f"stopped with {self._num_done} of {self._num_runs} runs done; "
                f"the same `mnistops study ... --dir {self._folder}` goes on from there"
            )

    def show(self, event: object) -> None:
        """Tell of one event."""
        match event:
            case EngineSought():
                self.bar("engine", 0, None)
            case StudyBegun():
                self._folder = event.folder
                self._num_runs = len(event.groups) * event.num_seeds
                self._num_done = event.num_done
                self.clear()
                self.line(_introduction(event))
            case EpochsDone():
                self._epochs = event
                self._move()
            case RunFinished():
                self._num_done += 1
                self._move()
                self.line(f"{self._num_done:>{len(str(self._num_runs))}}  {_run(event.row)}")
            case WorkerDied():
                self.line(visible(f"{event.group}, seed {event.seed}: {event.reason}; begun again"))
            case RunFailed():
                missing = event.missing
                self.line(
                    visible(f"{missing.group}, seed {missing.seed}: {missing.reason}; given up")
                )
            case StudyDone():
                self.clear()
                self._folder = None
            case _:
                super().show(event)

    def _move(self) -> None:
        runs = f"{self._num_done} of {self._num_runs} runs"
        self.bar("epochs", self._epochs.num_done, self._epochs.num_epochs, runs)


def _introduction(begun: StudyBegun) -> str:
    num_runs = len(begun.groups) * begun.num_seeds
    groups = f"{len(begun.groups)} groups" if len(begun.groups) > 1 else "1 group"
    seeds = f"{begun.num_seeds} seeds" if begun.num_seeds > 1 else "1 seed"
    there = f"; {begun.num_done} of them done before" if begun.num_done else ""
    how = f"{begun.num_workers} at a time on {begun.device}, {' and '.join(begun.engines)} engine\n"
    return (
        f"{groups} x {seeds}: {num_runs} run{'s' if num_runs > 1 else ''}{there}\n"
        f"{how if begun.num_done < num_runs else ''}"
        f"study folder: {begun.folder}"
    )


def _run(row: RunRow) -> str:
    holdout = (
        ""
        if row.holdout_accuracy is None
        else f"hold-out {accuracy(row.holdout_accuracy)} (fold {row.holdout_fold}), "
    )
    return visible(
        f"{row.group}, seed {row.seed}: {holdout}test {accuracy(row.test_accuracy)}, "
        f"{integer(row.test_errors)} errors, {row.time_seconds:.1f} s"
    )
