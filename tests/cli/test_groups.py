"""Commands are imported when they are asked for, and no others."""

import subprocess
import sys

from mnistops.cli.app import COMMANDS
from tests.cli.commands import all_commands

OTHERS = """
import sys
from mnistops.cli.app import run
assert run(["summary", "tiny"]) == 0
loaded = [name for name in sys.modules if name.startswith("mnistops.cli.")]
print(*sorted(loaded), file=sys.stderr)
print("pydantic_settings" in sys.modules, file=sys.stderr)
"""


def test_a_command_waits_for_no_other() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OTHERS], capture_output=True, text=True, check=True
    )
    modules, has_environment = done.stderr.splitlines()
    assert {name.removeprefix("mnistops.cli.") for name in modules.split()} == {
        *("app", "completion", "examples", "groups", "options", "signals", "summary", "usage")
    }
    assert has_environment == "False"  # no variable is set


def test_all_commands_are_found() -> None:
    found = list(all_commands())
    assert [words[0] for words in found if len(words) == 1] == [*COMMANDS]
    assert ("runs", "compare") in found
    assert ("config", "schema") in found
