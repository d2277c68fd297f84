"""``mnistops export``: its table, its files, its verdict."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mnistops.exports import formats, latency
from tests.exports.made_originals import CODE, write_checkpoint
from tests.running import Run


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "SECONDS", 0.001)
    monkeypatch.setattr(latency, "NUM_ROUNDS", 1)
    Path("net.py").write_text(CODE)
    write_checkpoint(Path("made.pt"))


def test_stdout_holds_the_result_alone(command: Run) -> None:
    outcome = command("export", "made.pt", "--to", "onnx,pt2", "--normalize", "--out", "out")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("plain, 712 parameters, of made.pt\n")
    rows = [line.split() for line in outcome.out.splitlines()]
    assert {row[0] for row in rows if row} >= {"torch,", "plain.onnx", "plain.pt2"}
    assert "pixels in 0..1 (a byte divided by 255)" in outcome.out
    assert {path.name for path in Path("out").iterdir()} == {"plain.onnx", "plain.pt2"}


def test_json_is_one_object(command: Run) -> None:
    outcome = command("export", "made.pt", "--to", "safetensors", "--format", "json")
    result = json.loads(outcome.out)
    (file,) = result["files"]
    assert Path(file["file"]).stat().st_size == file["bytes"]
    assert file["file"].startswith("runs/") and result["takes_pixels"] is False


def test_what_is_not_the_same_is_a_negative_verdict(command: Run) -> None:
    write_checkpoint(Path("net.pt"), "net.py:Random")
    named = ("--network", "net.py:Random", "--to", "pt2", "--out", "out")
    outcome = command("export", "net.pt", *named)
    assert outcome.code == 1
    assert "pt2: not written" in outcome.out
    assert list(Path("out").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "CHECKPOINT: expected a value, got none"),
        (("none.pt",), 66, "none.pt: expected a checkpoint or a run folder"),
        (("made.pt", "--to", "onxx"), 2, "--to: expected some of onnx, pt2, safetensors"),
        (("net.py",), 65, "net.py: expected a checkpoint"),
        (("made.pt", "--out", "net.py"), 73, "net.py: expected to make a folder"),
        (("made.pt", "--network", "reference"), 65, "made.pt: expected the weights of reference"),
    ],
)
def test_bad_input_writes_nothing(
    command: Run, arguments: tuple[str, ...], code: int, message: str
) -> None:
    outcome = command("export", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith(f"error: {message}"), outcome.err
    assert not Path("runs").exists() and not Path("out").exists()


def test_a_missing_extra_is_a_line_with_the_command(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda _: None)
    outcome = command("export", "made.pt", "--out", "out")
    assert outcome.code == 2
    assert outcome.err.splitlines() == [
        "error: --to onnx: expected the packages of the extra `export`, got no onnx, onnxscript, "
        "onnxruntime",
        'hint: pip install "mnistops[export]"',
    ]


@pytest.mark.slow
def test_a_process_of_its_own_prints_no_more() -> None:
    """What torch and onnxruntime write from their own code would be seen here."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "mnistops", "export", "made.pt", "--to", "onnx",
         "--out", "out", "--format", "csv"],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == ["format", "onnx"]
