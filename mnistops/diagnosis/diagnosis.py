"""Diagnosis: what mnistops needs, looked at whatever is broken."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace

from mnistops.diagnosis.check import Finding
from mnistops.diagnosis.process import WorkerProcess
from mnistops.settings.tree import Settings


@dataclass(frozen=True)
class CheckBegun:
    """A check is at work."""

    name: str


@dataclass(frozen=True)
class Diagnosis:
    """What all checks found."""

    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What is needed, and not as it should be."""
        return tuple(finding for finding in self.findings if finding.state == "problem")


def diagnose(settings: Settings) -> Generator[CheckBegun, None, Diagnosis]:
    """Look at all that mnistops needs for what the settings name; nothing is fetched.

    Where a check ends its process, or does not end, that is what it found; the others go on.
    """
    findings: list[Finding] = []
    while True:
        at_work: Finding | None = None
        with closing(WorkerProcess(settings, len(findings))) as worker:
            for told in worker.told():
                if "begun" in told:
                    at_work = Finding(**told["begun"])
                    yield CheckBegun(at_work.name)
                else:
                    findings.append(Finding(**told["found"]))
                    at_work = None
            how = worker.how_it_ended()
        if at_work is not None:
            findings.append(replace(at_work, found=how))
            continue
        if how:
            findings.append(Finding("diagnosis", "problem", how, "please report it"))
        return Diagnosis(tuple(findings))
