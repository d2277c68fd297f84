"""The examples run and say what is true."""

import runpy
from pathlib import Path

import pytest

import mnistops
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
