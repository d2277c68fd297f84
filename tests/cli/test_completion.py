"""What a shell is told: by Typer's protocol in processes of their own, and once in a real bash."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mnistops.networks.zoo import ZOO

LIGHT = """
import sys
from mnistops.cli.app import main
import os
leave = os._exit
def look(code):
    print(*({"torch", "numpy", "matplotlib"} & set(sys.modules)), file=sys.stderr)
    leave(code)
os._exit = look
main()
"""


@pytest.fixture(autouse=True)
def place() -> None:
    """Networks, and runs of two states."""
    Path("nets/deep").mkdir(parents=True)
    Path("nets/mine.toml").write_text("[[blocks]]\n")
    Path("nets/other.toml").write_text("[project]\n")
    Path("nets/deep/far.toml").write_text("[[blocks]]\n")
    Path("nets/deep/last.pt").write_bytes(b"")  # what is left of a run
    Path("nets/code.py").write_text(
        "raise SystemExit('run')\nclass Net(nn.Module): ...\nclass Other: ...\n"
    )
    Path("nets/broken.py").write_text("class (\n")
    Path("nets/od d.toml").write_text("[[blocks]]\n")
    for name, status in (("first", "done"), ("second", "interrupted")):
        folder = Path("runs", name)
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps({"status": status}))
        (folder / "last.pt").write_bytes(b"")


def completed(line: str, shell: str = "bash", **variables: str) -> subprocess.CompletedProcess[str]:
    words = line.split(" ")
    asked = {
        "_MNISTOPS_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
    }
    return subprocess.run(
        [sys.executable, "-c", LIGHT],
        env=os.environ | asked | variables,
        capture_output=True,
        text=True,
        check=False,
    )


NETWORKS = {*ZOO, "nets/mine.toml", "nets/code.py:Net", *("runs/first", "runs/second")}
CHECKPOINTS = {"runs/first/last.pt", "runs/second/last.pt"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("mnistops ru", {"runs"}),
        ("mnistops runs ", {"list", "show", "compare"}),
        ("mnistops train --resu", {"--resume"}),
        ("mnistops summary ", NETWORKS | CHECKPOINTS),
        ("mnistops rf t", {"tiny"}),
        ("mnistops rf nets/deep/", {"nets/deep/far.toml", "nets/deep/last.pt"}),
        ("mnistops rf nets/c", {"nets/code.py:Net"}),
        ("mnistops validate --checkpoint runs/first/", {"runs/first/last.pt"}),
        ("mnistops export runs/s", {"runs/second", "runs/second/last.pt"}),
        ("mnistops train --resume ", {"runs/second"}),
        ("mnistops runs show ", {"first", "second", "runs/first", "runs/second"}),
        ("mnistops runs show --runs-dir nets ", {"deep", "nets/deep"}),
        ("mnistops train --engine e", {"eager"}),
        ("mnistops train --device c", {"cpu", "cuda"}),
        ("mnistops summary --columns layer,o", {"layer,output"}),
        ("mnistops train --data-dir ", set()),
    ],
)
def test_words_that_may_stand_there(line: str, words: set[str]) -> None:
    done = completed(line)
    assert (done.returncode, done.stderr) == (0, "\n")  # and nothing heavy is imported
    assert set(done.stdout.split("\n")) - {""} == words


def test_fish_and_zsh_get_a_description_in_one_line() -> None:
    done = completed("mnistops train --reci", "fish", _TYPER_COMPLETE_FISH_ACTION="get-args")
    (line,) = done.stdout.splitlines()
    assert line.startswith("--recipe\tone-cycle: a fixed schedule")
    assert line.endswith("[env: MNISTOPS_TRAIN__RECIPE]")
    done = completed("mnistops train --reci", "zsh")
    assert len(done.stdout.splitlines()) == 1
    assert done.stdout.startswith('_arguments \'*: :(("--recipe":')


@pytest.mark.parametrize(("word", "code"), [("--engine ", 0), ("--data-dir ", 1)])
def test_fish_asks_whether_there_are_words_at_all(word: str, code: int) -> None:
    asked = {"_TYPER_COMPLETE_FISH_ACTION": "is-args"}
    assert completed(f"mnistops train {word}", "fish", **asked).returncode == code


def test_a_settings_file_that_is_broken_hinders_nothing() -> None:
    Path("mnistops.toml").write_text("broken")
    done = completed("mnistops runs show f")
    assert (done.returncode, done.stdout, done.stderr) == (0, "first\n", "\n")


BASH = """
set -e
mnistops --install-completion
source ~/.bashrc
complete -p mnistops
COMP_WORDS=(mnistops rf nets/m) COMP_CWORD=2
_mnistops_completion mnistops
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_once_it_is_installed(tmp_path: Path) -> None:
    command = tmp_path / "bin" / "mnistops"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m mnistops "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    places = {"HOME": str(tmp_path), "PATH": f"{command.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", BASH], env=os.environ | places, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    *_, registered, word = done.stdout.splitlines()
    assert registered == "complete -o default -F _mnistops_completion mnistops"
    assert word == "nets/mine.toml"
