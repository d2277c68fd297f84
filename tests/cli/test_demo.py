"""``mnistops demo``: its line, its file."""

import json
from pathlib import Path

import pytest

from tests.exports.made_originals import CODE, write_checkpoint
from tests.running import Run


@pytest.fixture(autouse=True)
def made() -> None:
    Path("net.py").write_text(CODE)
    write_checkpoint(Path("made.pt"))
    write_checkpoint(Path("net.pt"), "net.py:Net")


def test_stdout_holds_the_result_alone(command: Run) -> None:
    outcome = command("demo", "--checkpoint", "made.pt", "--out", "new/draw.html")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[2].split()[0] == "new/draw.html"
    assert Path("new/draw.html").read_text().startswith("<!doctype html>")
    assert not Path("runs").exists()


def test_json_is_one_object(command: Run) -> None:
    outcome = command("demo", "--checkpoint", "made.pt", "--format", "json")
    result = json.loads(outcome.out)
    assert result["page"].startswith("runs/") and result["page"].endswith("-demo/demo.html")
    assert Path(result["page"]).stat().st_size == result["bytes"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--checkpoint", "none.pt"), 66, "none.pt: expected a checkpoint or a run folder"),
        (("--checkpoint", "net.py"), 65, "net.py: expected a checkpoint"),
        (("--checkpoint", "net.pt"), 65, "net.py:Net: expected a network of our blocks"),
        (
            ("--checkpoint", "net.pt", "--network", "net.py:Net"),
            65,
            "net.py:Net: expected a network of our blocks",
        ),
        (("--checkpoint", "made.pt", "--out", "net.py/a.html"), 73, "net.py: expected to make"),
    ],
)
def test_bad_input_writes_nothing(
    command: Run, arguments: tuple[str, ...], code: int, message: str
) -> None:
    before = sorted(Path().iterdir())
    outcome = command("demo", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith(f"error: {message}"), outcome.err
    assert [path for path in sorted(Path().iterdir()) if "__pycache__" not in path.name] == before
