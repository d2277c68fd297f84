"""The examples run and say what is true."""

import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import mnistops
from mnistops.validation import SplitDone
from tests.made_data import write_dataset
from tests.running import Run

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_every_example_is_tested() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == {
        "small.toml",
        "residual.py",
        "inspect_networks.py",
        "train_from_python.py",
        "predict_from_python.py",
        "onnx_inference.py",
        "own_data.py",
        "own_pictures.py",
        "budget_gate.yml",
    }


@pytest.mark.parametrize("name", ["small.toml", "residual.py:Net"])
@pytest.mark.parametrize("verb", ["summary", "rf"])
def test_networks(command: Run, name: str, verb: str) -> None:
    outcome = command(verb, str(EXAMPLES / name))
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out


def test_the_commands_in_their_comments_run(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    for name in ("small.toml", "residual.py"):
        lines = [line.lstrip("# ") for line in (EXAMPLES / name).read_text().splitlines()]
        verbs = ("mnistops summary", "mnistops rf")
        commands = [line for line in lines if line.startswith(verbs)]
        assert len(commands) >= 2
        for line in commands:
            assert command(*line.replace("'", "").split()[1:]).code == 0


def test_the_small_network_shows_every_kind_of_block() -> None:
    spec = mnistops.NetworkSpec.from_toml((EXAMPLES / "small.toml").read_text(), "small.toml")
    assert {block.type for block in spec.blocks} == {
        "conv",
        "max_pool",
        "avg_pool",
        "global_avg_pool",
        "linear",
    }


def test_the_residual_network_has_as_many_parameters_as_it_says() -> None:
    total = mnistops.summarize(f"{EXAMPLES}/residual.py:Net").total_params
    assert f"{total:,} parameters" in (EXAMPLES / "residual.py").read_text()


def test_looking_at_networks_from_python(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "inspect_networks.py"), run_name="__main__")
    out = capsys.readouterr().out
    assert "reference        5,340 parameters  1,390,290 mult-adds" in out
    assert "gap            32 + (5-1)*1*2 = 40    coverage 100%" in out


@pytest.mark.parametrize("name", ["small.toml", "residual.py:Net"])
def test_networks_of_ones_own_train_and_validate(command: Run, name: str) -> None:
    write_dataset(Path("made"), 120, 50)
    network = str(EXAMPLES / name)
    quick = ("--dataset", "made", "--epochs", "1", "--batch-size", "30")
    assert command("train", network, *quick).code == 0
    # The code of a network in Python is named again; a checkpoint never runs it.
    named = ("--network", network) if name.endswith(":Net") else ()
    assert command("validate", *named).code == 0


def test_training_from_python(capsys: pytest.CaptureFixture[str]) -> None:
    write_dataset(Path("made"), 300, 50)
    main = runpy.run_path(str(EXAMPLES / "train_from_python.py"))["main"]
    main("made")
    out = capsys.readouterr().out
    assert out.startswith("epoch 0: test accuracy ")
    assert "4,090 parameters, run folder runs/" in out
    assert "mistakes, the most confident of them:" in out


def test_predicting_from_python(capsys: pytest.CaptureFixture[str]) -> None:
    Path("text.png").write_text("no picture")
    main = runpy.run_path(str(EXAMPLES / "predict_from_python.py"))["main"]
    main()
    out = capsys.readouterr().out
    names = [path.name for path in sorted((EXAMPLES / "pictures").iterdir())]
    told = [line.split(" with ")[0] for line in out.splitlines()[: len(names)]]
    assert told == [f"{name}: {Path(name).stem[-1]}" for name in names]
    assert len(out.splitlines()) == len(names) + 14
    main(str(EXAMPLES / "pictures" / names[0]), "text.png")
    assert "text.png: expected a picture" in capsys.readouterr().out


def test_the_budget_gate_lets_through_and_stops(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    text = (EXAMPLES / "budget_gate.yml").read_text()
    steps = re.findall(r"^ +- run: mnistops (.*)$", text, re.MULTILINE)
    told = re.findall(r"^#     mnistops (.*)$", text, re.MULTILINE)
    assert steps == told and len(steps) == 2
    assert [command(*shlex.split(line)).code for line in steps] == [0, 0]
    larger = [line.replace("small.toml", "residual.py:Net") for line in steps]
    assert command(*shlex.split(larger[0])).code == 1


def test_data_of_ones_own_trains_a_network(
    command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    runpy.run_path(str(EXAMPLES / "own_data.py"))["main"]("shapes")
    assert capsys.readouterr().out == "shapes: 1,024 images to train on, 256 to test on\n"
    lines = re.findall(r"^mnistops (.*)$", (EXAMPLES / "own_data.py").read_text(), re.MULTILINE)
    assert [line.split()[0] for line in lines] == ["data", "train"]
    for line in lines:
        assert command(*shlex.split(line)).code == 0


def test_pictures_of_ones_own_train_a_network(
    command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    runpy.run_path(str(EXAMPLES / "own_pictures.py"))["main"]("heap", "sorted")
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "sorted/test/cross: 20 pictures" and len(told) == 4
    text = (EXAMPLES / "own_pictures.py").read_text()
    lines = re.findall(r"^mnistops (.*)$", text, re.MULTILINE)
    assert [line.split()[0] for line in lines] == ["data", "train"]
    for line in lines:
        assert command(*shlex.split(line)).code == 0
    assert "cross" in command("validate").out


WITHOUT = """
import runpy, sys
runpy.run_path(sys.argv.pop(1), run_name="__main__")
print(*{"torch", "mnistops"} & set(sys.modules))
"""


def test_onnxruntime_alone_gives_the_classes(command: Run) -> None:
    write_dataset(Path("made"), 300, 50)
    trained = ("train", "tiny", "--dataset", "made", "--epochs", "2", "--batch-size", "30")
    assert command(*trained, "--run-dir", "run").code == 0
    assert command("export", "run", "--normalize", "--out", "exported").code == 0
    (model,) = Path("exported").glob("*.onnx")
    images = "made/t10k-images-idx3-ubyte"
    arguments = [str(EXAMPLES / "onnx_inference.py"), str(model), images]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *arguments], capture_output=True, text=True, check=True
    )
    *lines, loaded = done.stdout.split("\n")[:-1]
    assert loaded == ""
    classes = [int(line.split()[2]) for line in lines]
    asked = mnistops.Settings(validate={"checkpoint": "run", "split": "test"})
    (split,) = [event for event in mnistops.validate(asked) if isinstance(event, SplitDone)]
    mistaken = {mistake.index: mistake.predicted for mistake in split.result.mistakes}
    assert classes == [mistaken.get(index, index) for index in range(10)]  # its labels are 0 to 9
