"""What the user names in files: TOML and Python."""

import sys
from pathlib import Path

import pytest
from torch import nn

from mnistops.errors import BadInput, MissingInput, MnistopsError, UsageError
from mnistops.networks.load import load_builtin, load_python, load_toml
from mnistops.networks.zoo import REFERENCE

NET = """
import torch.nn as nn
from neighbour import CHANNELS

print("hello from the user's file")

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(1, CHANNELS, 3))

def make():
    return Net()

made = Net()
nothing = None
number = 3

def fails():
    raise RuntimeError("first line\\nsecond line")

def leaves():
    raise SystemExit(3)

def gives_a_number():
    return 3

def _needs(width):
    return Net()

needs_a_width = _needs
"""


@pytest.fixture
def net_file(tmp_path: Path) -> Path:
    path = tmp_path / "a folder" / "net é [bold].py"
    path.parent.mkdir()
    path.write_text(NET)
    (path.parent / "neighbour.py").write_text("CHANNELS = 4\n")
    return path


@pytest.mark.parametrize("name", ["Net", "make", "made"])
def test_a_class_a_function_and_a_module(
    net_file: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(sys.path)
    made = load_python(net_file, name)
    assert isinstance(made, nn.Module)
    assert sys.path == before
    assert "neighbour" in sys.modules
    out, err = capsys.readouterr()
    assert out == ""
    assert "hello from the user's file" in err


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("Nett", "expected a class or function of that name, got none", "did you mean 'Net'?"),
        (
            "zzz",
            "expected a class or function of that name, got none",
            "the file defines: Net, make, made",
        ),
        ("nothing", "expected a torch.nn.Module, got NoneType", None),
        ("number", "expected a torch.nn.Module, got int", None),
        (
            "needs_a_width",
            "expected to call it without arguments, got one that needs width",
            "`def make(): return needs_a_width(...)`",
        ),
        ("gives_a_number", "expected a torch.nn.Module, got int", None),
        ("fails", "expected it to run, got RuntimeError: first line", ", line 19, in fails: raise"),
        ("leaves", "expected it to run, got SystemExit: 3", "in leaves"),
    ],
)
def test_what_goes_wrong_in_it_is_told(
    net_file: Path, name: str, message: str, hint: str | None
) -> None:
    with pytest.raises(BadInput) as error:
        load_python(net_file, name)
    assert error.value.message == f"{net_file}:{name}: {message}"
    assert hint is None or (error.value.hint and hint in error.value.hint)


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        ("def f(:\n    pass", "got SyntaxError", "line 1: def f(:"),
        ("import nonexistent_thing", "got ModuleNotFoundError: No module", "line 1"),
        ("1 / 0", "got ZeroDivisionError: division by zero", "line 1, in <module>: 1 / 0"),
    ],
)
def test_a_file_that_does_not_run(tmp_path: Path, code: str, message: str, hint: str) -> None:
    path = tmp_path / "net.py"
    path.write_text(code)
    with pytest.raises(BadInput) as error:
        load_python(path, "Net")
    assert message in error.value.message
    assert error.value.hint and hint in error.value.hint


def test_a_file_named_like_pythons_own_does_no_harm(tmp_path: Path) -> None:
    import json

    path = tmp_path / "json.py"
    path.write_text("import torch.nn as nn\nNet = nn.Identity\n")
    load_python(path, "Net")
    assert sys.modules["json"] is json


def test_toml(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text(REFERENCE.to_toml())
    assert load_toml(path) == REFERENCE


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (None, MissingInput, "expected a TOML file, got: No such file"),
        (b"\xff\xfe", BadInput, "expected TOML, got no UTF-8 text, at byte 0"),
        (b"#" * (1 << 20) + b"\n", BadInput, "expected TOML, got more than 262,144 bytes"),
    ],
)
def test_a_toml_file_that_is_none(
    tmp_path: Path, content: bytes | None, kind: type[MnistopsError], message: str
) -> None:
    path = tmp_path / "net.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(kind) as error:
        load_toml(path)
    assert message in error.value.message


def test_an_unknown_built_in() -> None:
    with pytest.raises(UsageError) as error:
        load_builtin("refrence")
    assert error.value.hint == "did you mean 'reference'?"
