"""The worker: does the checks in a process of its own, for what is broken may end the process.

``python -m mnistops.diagnosis.worker FIRST SETTINGS`` does those from number FIRST on, for settings
as JSON. It writes a line of JSON before a check, what is found if the process ends in it, and one
after it, what it found.
"""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict

from mnistops.diagnosis.check import Check
from mnistops.diagnosis.machine import machine_checks
from mnistops.diagnosis.places import place_checks
from mnistops.diagnosis.software import extra_checks, software_checks
from mnistops.diagnosis.speed import speed_checks
from mnistops.settings.tree import Settings


def all_checks() -> list[Check]:
    """In the order of a report."""
    software, extras = software_checks(), extra_checks()
    return [*software, *extras, *machine_checks(), *place_checks(), *speed_checks()]


def tell(settings: Settings, first: int) -> Iterator[str]:
    """The lines of all checks from this number on."""
    for check in all_checks()[first:]:
        yield json.dumps({"begun": asdict(check.failed("it did not end"))})
        yield json.dumps({"found": asdict(check.find(settings))})


def main(first: int, settings: str) -> None:
    """Tell on standard output; what libraries print goes to standard error."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as output:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for line in tell(Settings(**json.loads(settings)), first):
            # On a line of its own, where the two streams are one.
            output.write(f"\n{line}\n")
            output.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
