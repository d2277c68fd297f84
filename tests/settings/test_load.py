"""Layers: which wins, where each value came from, and what is said of a wrong one."""

from pathlib import Path
from typing import Any

import pytest

from mnistops.errors import MissingInput, UsageError
from mnistops.settings import load_settings


def write(name: str, text: str) -> Path:
    Path(name).write_text(text)
    return Path(name)


def test_the_order_of_the_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each layer sets all that the lower ones set, and one key that no higher one does."""
    write("mnistops.toml", "seed = 3\ndevice = 'cpu'\n[train]\nepochs = 30\nbatch_size = 30\n")
    monkeypatch.setenv("MNISTOPS_TRAIN__EPOCHS", "20")
    monkeypatch.setenv("MNISTOPS_SEED", "2")
    loaded = load_settings({"train": {"epochs": "10"}})
    settings, sources = loaded.settings, loaded.sources
    assert (settings.train.epochs, sources["train.epochs"]) == (10, "command line")
    assert (settings.seed, sources["seed"]) == (2, "environment MNISTOPS_SEED")
    assert (settings.device, sources["device"]) == ("cpu", "mnistops.toml")
    assert (settings.train.batch_size, sources["train.batch_size"]) == (30, "mnistops.toml")
    assert (settings.train.learning_rate, sources["train.learning_rate"]) == (
        0.3,
        "recipe one-cycle",
    )
    assert (settings.train.recipe, sources["train.recipe"]) == ("one-cycle", "default")


def test_a_recipe_is_below_everything_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    write("mnistops.toml", "[network]\ndropout = 0.2\n")
    monkeypatch.setenv("MNISTOPS_TRAIN__RECIPE", "plateau")
    loaded = load_settings()
    assert loaded.settings.network.dropout == 0.2
    assert loaded.sources["train.epochs"] == "recipe plateau"
    assert loaded.sources["train.learning_rate"] == "default"


def test_files_in_the_working_folder() -> None:
    write("pyproject.toml", "[project]\nname = 'x'\n")
    assert load_settings().sources["seed"] == "default"
    write("pyproject.toml", "[tool.mnistops]\nseed = 5\n")
    loaded = load_settings()
    assert (loaded.settings.seed, loaded.sources["seed"]) == (5, "pyproject.toml")
    write("mnistops.toml", "[train]\nepochs = 2\n")
    assert load_settings().sources["seed"] == "default"  # mnistops.toml takes its place
    other = write("other.toml", "seed = 8\n")
    loaded = load_settings(config_file=other)
    assert (loaded.settings.seed, loaded.sources["seed"]) == (8, "other.toml")
    assert loaded.settings.train.epochs == 15


def test_a_section_as_json_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNISTOPS_TRAIN", '{"epochs": 7, "batch_size": 9}')
    monkeypatch.setenv("MNISTOPS_TRAIN__EPOCHS", "8")
    loaded = load_settings()
    assert (loaded.settings.train.epochs, loaded.settings.train.batch_size) == (8, 9)
    assert loaded.sources["train.epochs"] == "environment MNISTOPS_TRAIN__EPOCHS"
    assert loaded.sources["train.batch_size"] == "environment MNISTOPS_TRAIN"


def test_lists_and_lower_case_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("mnistops_rf__dilation", "1,2")
    monkeypatch.setenv("MNISTOPS_NETWORK__INPUT_SIZE", "3,32,32")
    settings = load_settings().settings
    assert settings.rf.dilation == (1, 2)
    assert settings.network.input_size == (3, 32, 32)


@pytest.mark.parametrize(
    ("name", "value", "message", "hint"),
    [
        (
            "MNISTOPS_TRAIN__EPOCHS",
            "abc",
            "MNISTOPS_TRAIN__EPOCHS: expected a whole number from 1, got 'abc'",
            None,
        ),
        ("MNISTOPS_TRAIN__EPOCHS", "", "expected a whole number from 1, got ''", None),
        ("MNISTOPS_TRAIN__EPOCH", "3", "an unknown name", "mean 'MNISTOPS_TRAIN__EPOCHS'"),
        ("MNISTOPS_TRIAN__EPOCHS", "3", "an unknown name", "mean 'MNISTOPS_TRAIN__EPOCHS'"),
        ("MNISTOPS_ZZZZZZZ", "3", "got an unknown name", "config show"),
        (
            "MNISTOPS_TRAIN",
            '{"epochs"',
            "MNISTOPS_TRAIN: expected the section as JSON",
            "MNISTOPS_TRAIN__RECIPE",
        ),
        ("MNISTOPS_TRAIN", "7", "MNISTOPS_TRAIN: expected a table of settings, got 7", None),
        ("MNISTOPS_TRAIN", '{"epoch": 1}', "unknown key", "did you mean 'train.epochs'?"),
        ("MNISTOPS_DEVICE", "gpu", "expected auto, cpu, cuda, cuda:N or mps, got 'gpu'", None),
    ],
)
def test_mistakes_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str, hint: str | None
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as error:
        load_settings()
    assert name in error.value.message
    assert message in error.value.message
    assert hint is None or (error.value.hint and hint in error.value.hint)


@pytest.mark.parametrize(
    "value",
    ["[" * 100_000, '{"epochs":' * 21 + "1" + "}" * 21, '{"epochs": 9223372036854775808}'],
    ids=["brackets", "tables", "digits"],
)
def test_too_much_in_the_environment(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MNISTOPS_TRAIN", value)
    with pytest.raises(UsageError) as error:
        load_settings()
    assert error.value.message == "MNISTOPS_*: expected settings, got too much in one of them"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "[train]\nepochs = \n",
            "expected TOML, got a malformed file: Invalid value (at line 2",
            "",
        ),
        ("_env_file = 'x'", "_env_file: expected a setting, got an unknown key", "config show"),
        ("_cli_parse_args = true", "_cli_parse_args: expected a setting", "config show"),
        ("[trian]\nepochs = 3", "trian: expected a setting, got an unknown key", "'train'?"),
        ("[train]\nepoch = 3", "train.epoch: expected a setting, got an unknown key", "epochs'?"),
        ("[train]\nepochs = 3.5", "train.epochs: expected a whole number from 1, got 3.5", ""),
        ("[train]\nepochs = true", "train.epochs: expected a whole number from 1, got True", ""),
        ("[train]\nlearning_rate = nan", "train.learning_rate: expected a number above 0", ""),
        ("train = 3", "train: expected a table of settings, got 3", ""),
        ('[output]\nout = "a\\u0000b"', "output.out: expected a path, got 'a\\x00b'", ""),
        ("[rf]\ndilation = [1, 0]", "rf.dilation: expected whole numbers from 1", ""),
        ('[data]\ndir = "a\\u0000b"', "data.dir: expected a path, got 'a\\x00b'", ""),
        ("seed = 0x" + "f" * 5000, "expected TOML, got a whole number beyond 64 bits", ""),
        ("x" * 5000 + " = 1", "x" * 80 + ": expected a setting, got an unknown key", "config show"),
        ("[train]\n" + "x" * 5000 + " = 1", "x: expected a setting, got an unknown key", ""),
        ("seed = '" + "x" * 5000 + "'", "got '" + "x" * 79, ""),
        ("[summary]\nmax_params = '9e999g'", "expected a whole number, as 8000, 8k or 2M", ""),
    ],
    ids=lambda value: value[:30],
)
def test_mistakes_in_a_file(text: str, message: str, hint: str) -> None:
    path = write("some.toml", text)
    with pytest.raises(UsageError) as error:
        load_settings(config_file=path)
    assert error.value.message.startswith("some.toml: ")
    assert message in error.value.message
    assert len(error.value.message) < 200
    assert hint in (error.value.hint or "")


def test_the_longest_names_there_are() -> None:
    names = {"run_dir": f"{'a' * 255}/{'é' * 127}x"}
    assert load_settings({"train": names}).settings.train.run_dir == Path(names["run_dir"])
    patterns = [f"convblock{number}" for number in range(100)]
    assert load_settings({"rf": {"layers": ",".join(patterns)}}).settings.rf.layers == (*patterns,)


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"train": {"epochs": "x"}}, "--epochs: expected a whole number from 1, got 'x'"),
        ({"rf": {"dilation": ["0"]}}, "--dilation: expected whole numbers from 1 to 65536"),
        ({"data": {"offline": "x"}}, "--offline: expected true or false, got 'x'"),
        ({"device": "tpu"}, "--device: expected auto, cpu"),
        ({"train": {"run_dir": "a/" + "é" * 128}}, "--run-dir: expected a path, got 'a/éé"),
        ({"output": {"out": "a/" * 2048}}, "--out: expected a path, got 'a/a/"),
        ({"network": {"name": "x" * 256}}, "--network: expected text, got 'xxx"),
    ],
)
def test_mistakes_on_the_command_line(tree: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as error:
        load_settings(tree)
    assert error.value.message.startswith(message)


def test_a_file_that_is_not_there_or_no_text() -> None:
    for name in ("nothing.toml", "x" * 256):
        with pytest.raises(MissingInput, match=f"--config {name}: expected a TOML file"):
            load_settings(config_file=Path(name))
    Path("mnistops.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"mnistops\.toml: expected TOML"):
        load_settings()


def test_odd_pyprojects_are_left_alone() -> None:
    others = ("tool = 3", "[tool]\nmnistops = 3", "malformed", "x = " + "[" * 5000, "#" * (1 << 19))
    for text in others:
        write("pyproject.toml", text)
        assert load_settings().sources["seed"] == "default"
