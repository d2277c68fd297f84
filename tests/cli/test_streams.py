"""Every command with streams, a terminal and a home folder of every poor kind: real processes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mnistops.networks.zoo import REFERENCE
from tests.made_data import write_dataset

# As mnistops, but that a range test of 1,500 steps takes 20.
PROCESS = """
import sys
if sys.argv[1] == "lr-find":
    from mnistops.training import lr_range
    lr_range.NUM_STEPS = 20
from mnistops.__main__ import main
main()
"""

PICTURE = Path(__file__).parents[2] / "examples" / "pictures" / "drawing_3.png"
MADE = ("--dataset", "made")
SHORT = (*MADE, "--batch-size", "30", "--epochs", "1")
QUICK = [("--help",), ("summary",), ("config", "show")]
LONG = [
    ("rf",),
    ("rf", "--verify", "--plot", "x.png"),
    ("train", "--help"),
    ("train", *SHORT),
    ("lr-find", *MADE, "--batch-size", "30", "--recipe", "plateau"),
    ("study", *SHORT, "--seeds", "2"),
    ("bench", *MADE, "--batch-size", "30", "--seconds", "0.1", "--engines", "eager"),
    ("validate", *MADE, "--checkpoint", "tiny"),
    ("predict", "digit.png", "--checkpoint", "tiny", "--show", "seen"),
    ("export", "tiny", "--to", "safetensors", "--out", "."),
    ("demo", "--checkpoint", "tiny", "--out", "."),
    ("doctor", *MADE),
    ("runs", "list"),
    ("data", "check", *MADE),
    ("data", "fetch", *MADE),
    ("config", "init"),
    ("config", "schema"),
]
slow_ones = [pytest.param(arguments, marks=pytest.mark.slow) for arguments in LONG]
every_command = pytest.mark.parametrize("arguments", [*QUICK, *slow_ones], ids=" ".join)
# Of what all share.
quick_commands = pytest.mark.parametrize("arguments", QUICK, ids=" ".join)


@pytest.fixture(autouse=True)
def made() -> None:
    write_dataset(Path("made"), 120, 50)
    shutil.copy(PICTURE, "digit.png")


def shell(
    arguments: Sequence[str], redirections: str, **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command by bash, which closes streams and makes pipes; its own exit code counts."""
    line = f'"$@" {redirections}; exit ${{PIPESTATUS[0]}}'
    return subprocess.run(
        ["/bin/bash", "-c", line, "-", sys.executable, "-c", PROCESS, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables},
    )


def assert_nothing_was_wrong(done: "subprocess.CompletedProcess[str]", code: int = 0) -> None:
    assert done.returncode == code, done.stderr
    for word in ("error: ", "Traceback", "Warning", "Exception", "Errno"):
        assert word not in done.stderr, done.stderr


@every_command
def test_a_poor_place(arguments: Sequence[str]) -> None:
    """No home, no folder for temporary files, no colours, 40 columns, ASCII."""
    done = shell(
        arguments,
        "",
        HOME="/dev/null",
        XDG_CACHE_HOME="",
        TMPDIR="/nonexistent",
        NO_COLOR="1",
        COLUMNS="40",
        PYTHONIOENCODING="ascii",
        LC_ALL="C",
    )
    # The doctor finds that place wanting, as it should.
    assert_nothing_was_wrong(done, 1 if arguments[0] == "doctor" else 0)
    assert done.stdout and (done.stdout + done.stderr).isascii()
    assert "\x1b" not in done.stdout + done.stderr


@every_command
def test_no_streams_at_all(arguments: Sequence[str]) -> None:
    done = shell(arguments, "<&- >&- 2>&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@every_command
def test_a_reader_that_leaves_early(arguments: Sequence[str]) -> None:
    assert_nothing_was_wrong(shell(arguments, "| true"))


@pytest.mark.slow
def test_nobody_reads_anything() -> None:
    assert shell(("train", *SHORT), "2>&1 | true").returncode == 0
    assert Path("runs").exists()


@quick_commands
def test_a_full_disk_behind_standard_output(arguments: Sequence[str]) -> None:
    done = shell(arguments, ">/dev/full")
    assert done.returncode == 74
    assert done.stderr.splitlines()[-1] == (
        "error: standard output: expected to write, got: No space left on device"
    )


def test_a_closed_stream_is_no_place_for_a_file() -> None:
    """What the user's code, or a library's, prints would else end in a file of ours."""
    Path("net.py").write_text(
        "import os\nfrom torch import nn\n"
        "assert {os.readlink(f'/proc/self/fd/{n}') for n in range(3)} == {'/dev/null'}\n"
        "Net = nn.Identity\n"
    )
    assert shell(("summary", "net.py:Net", "--input-size", "1,4"), "<&- >&- 2>&-").returncode == 0


def test_in_a_pipe_nothing_is_cut_or_folded() -> None:
    Path("é.toml").write_text(REFERENCE.to_toml().replace('"reference"', '"é"'))
    narrow, wide = (
        shell(("rf", "é.toml"), "| cat", COLUMNS=columns, PYTHONIOENCODING="ascii").stdout
        for columns in ("40", "300")
    )
    assert narrow == wide
    assert "16 + (3-1)*2*2 = 24" in narrow and narrow.startswith("\\xe9, input 28 x 28")
    missing = shell(("rf", "ü.toml"), "", PYTHONIOENCODING="ascii")
    assert missing.stderr.startswith("error: \\xfc.toml: expected a TOML file")


def test_what_typer_writes_where_nothing_can_be_written() -> None:
    done = shell(("--install-completion", "bash"), "", HOME="/dev/null")
    assert done.returncode == 74
    assert done.stderr.startswith("error: /dev/null")
    # By bash: Typer goes by the shell that it is called from.
    assert "mnistops" in shell(("--show-completion",), "").stdout
