"""What each mistake gets: an exit code and these very lines, and nothing is left behind."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image

import mnistops
from mnistops.checkpoint import save_checkpoint
from mnistops.data.known import KNOWN
from mnistops.data.normalization import SEED_NORMALIZATION
from mnistops.networks.build import build
from mnistops.networks.zoo import REFERENCE, TINY
from tests.data.test_class_folders import draw
from tests.made_data import write_dataset
from tests.running import Run

NETS = """
import sys
import torch
from torch import nn

class Net(nn.Linear):
    def __init__(self):
        super().__init__(28, 10)
    def forward(self, images):
        return super().forward(images.mean((1, 2)))

class Leaves(Net):
    def __init__(self):
        sys.exit(0)

class LeavesInForward(Net):
    def forward(self, images):
        sys.exit(3)

class Own(BaseException):
    pass

class Odd(Net):
    def forward(self, images):
        raise Own("odd")

class Fails(Net):
    def __init__(self):
        super().__init__()
        self.build()
    def build(self):
        raise ValueError("one\\ntwo")

class Joins(Net):
    def forward(self, images):
        return torch.cat([images, images.flatten(1)])

class Image(nn.Conv2d):
    def __init__(self):
        super().__init__(1, 10, 3)

class Pair(Net):
    def forward(self, images):
        return super().forward(images), images

class Nothing(Net):
    def forward(self, images):
        pass

class Detached(Net):
    def forward(self, images):
        return super().forward(images).detach()

class NoState(Net):
    def state_dict(self, *_, **__):
        raise ValueError("none")

class Parameters(Net):
    def parameters(self, recurse=True):
        sys.exit(0)

class Hungry(Net):
    def forward(self, images):
        return torch.empty(10**15) if len(images) > 100 else super().forward(images)

def frozen():
    return Net().requires_grad_(False)

def one():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 1))

def needs(width):
    return Net()

number = 3
"""


def lay_out() -> None:
    """The files that the command lines name."""
    write_dataset(Path("made"), 120, 50)
    write_dataset(Path("small"), 60, 20, size=16, num_classes=4)
    lay_out_pictures()
    Path("own.toml").write_text(REFERENCE.to_toml())
    save_named(Path("named.pt"))
    Path("nets.py").write_text(NETS)
    Path("syntax.py").write_text("x = 1\ndef f(:\n")
    Path("imports.py").write_text("import nothing_of_that_name\n")
    Path("nul.py").write_text("x = 1\n\0")
    Path("a b [bold] é.toml").write_text(REFERENCE.to_toml().replace('"reference"', '"[red]x"'))
    Path("line.toml").write_text("seed = 3\nseed =\n")
    Path("key.toml").write_text("[train]\nepoch = 3\n")
    Path("section.toml").write_text("[trian]\nepochs = 3\n")
    Path("full").mkdir()
    Path("full/note").touch()
    Path("file").touch()
    Path("text.pt").write_text("no checkpoint")
    Image.new("L", (20, 20), 255).save("blank.png")


def lay_out_pictures() -> None:
    """Folders of pictures, of which one is sound."""
    for folder in ("pictures", "sizes", "beside", "broken", "unknown"):
        for place in ("train/up", "train/down", "test/up"):
            draw(f"{folder}/{place}/1.png", size=(28, 28))
    draw("sizes/test/up/1.png", size=(20, 28))
    Path("beside/train/up/notes.txt").touch()
    Path("broken/train/up/1.png").write_text("no picture")
    draw("unknown/test/left/1.png", size=(28, 28))


def save_named(path: Path) -> None:
    """A network of Fashion-MNIST's classes."""
    names = KNOWN["fashion-mnist"].class_names
    save_checkpoint(path, TINY, build(TINY), SEED_NORMALIZATION, {}, 0, {}, None, names)


class Case(NamedTuple):
    """A command line, and how it must end."""

    line: str
    error: list[str]
    code: int


def cases() -> Iterator[Case]:
    """Those of messages.txt, written as a terminal shows them."""
    text = Path(__file__).with_name("messages.txt").read_text()
    for block in text.split("\n\n"):
        if block.startswith("$ "):
            line, *error, code = block.strip().splitlines()
            yield Case(line.removeprefix("$ "), error, int(code.strip("[]")))


def files() -> dict[str, bytes]:
    """All that is in the working folder, but for what Python keeps of the user's code."""
    found = [path for path in Path().rglob("*") if "__pycache__" not in path.parts]
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in found}


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.line)
def test_a_mistake(command: Run, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out()
    if "--device" in case.line:
        monkeypatch.setattr("torch.cuda.is_available", lambda: False)
        monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    before = files()
    variables, arguments = case.line.split("mnistops ")
    for name, value in (word.split("=", 1) for word in shlex.split(variables)):
        monkeypatch.setenv(name, value)
    outcome = command(*shlex.split(arguments.replace("{escape}", "\x1b")))
    lines = [line for line in outcome.err.splitlines() if " - INFO - " not in line]
    places = {"{here}": str(Path.cwd()), "{package}": str(Path(mnistops.__file__).parent)}
    expected = "\n".join(case.error)
    for name, place in places.items():
        expected = expected.replace(name, place)
    assert re.fullmatch(re.escape(expected).replace(r"\{any\}", ".*"), "\n".join(lines)), lines
    assert (outcome.code, outcome.out) == (case.code, "")
    assert [line.split(":")[0] for line in lines] == ["error", "hint"][: len(lines)]
    assert files() == before
