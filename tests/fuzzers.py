"""The readers, and what they are fed: random input, and sound input that was tampered with."""

import gzip
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mnistops.data import wheel
from mnistops.data.conversion.convert import NoInk, as_digit
from mnistops.data.idx import encode_idx, read_idx
from mnistops.data.picture import FORMATS, read_picture
from mnistops.data.wheel import read_wheel
from mnistops.errors import MnistopsError
from mnistops.networks.load import load_toml
from mnistops.networks.spec import NetworkSpec
from mnistops.settings import load_settings
from mnistops.settings.fields import fields, sections, variable
from tests.data.test_wheel import made_copy, same, write_wheel
from tests.strategies import specs

LONGEST_MESSAGE = 1000


@dataclass(frozen=True)
class Fuzzer:
    """A reader and what it is fed.

    Attributes:
        read: gives what was read or raises MnistopsError; anything else is a fault.
    """

    examples: st.SearchStrategy[Any]
    read: Callable[[Any], object]

    def run(self, num_examples: int) -> Counter[str]:
        """Feed the reader, and count how often it ``read`` and ``refused``; a fault is raised."""
        outcomes: Counter[str] = Counter()

        @settings(max_examples=num_examples, deadline=None, suppress_health_check=list(HealthCheck))
        @given(self.examples)
        def feed(example: Any) -> None:
            message = ""
            try:
                self.read(example)
            except MnistopsError as error:
                message = error.message
            outcomes["refused" if message else "read"] += 1
            assert len(message) <= LONGEST_MESSAGE

        feed()
        return outcomes


def num_changes(draw: st.DrawFn) -> int:
    """Half of the time, none."""
    return max(0, draw(st.integers(-4, 4)))


# IDX files and the wheel: bytes.


@st.composite
def tampered(draw: st.DrawFn, sound: st.SearchStrategy[bytes]) -> bytes:
    """Bytes that are flipped, cut, doubled or put in at a few places."""
    data: bytes = draw(sound)
    for _ in range(num_changes(draw)):
        begin = draw(st.integers(0, len(data)))
        end = draw(st.integers(begin, min(len(data), begin + 40)))
        inverse = bytes(255 - byte for byte in data[begin:end])
        middle = draw(
            st.sampled_from((b"", inverse, data[begin:end] * 2, data[begin:]))
            | st.binary(max_size=8)
        )
        data = data[:begin] + middle + data[end:]
    return data


LENGTHS = st.integers(0, 6) | st.sampled_from((28, 60_000, 2**16, 2**31, 2**32 - 1))
STARTS = (*[b"\0\0\x08"] * 9, b"\0\0\x0d", b"<ht")


@st.composite
def idx_files(draw: st.DrawFn, num_axes: int) -> bytes:
    """A header that is right or not, and as many values as it claims or others."""
    shape = draw(st.lists(st.integers(1, 6), min_size=num_axes, max_size=num_axes))
    count = prod(shape)
    if draw(st.integers(0, 3)) == 0:
        shape = draw(st.lists(LENGTHS, min_size=1, max_size=4))
        count = draw(st.just(min(prod(shape), 3000)) | st.integers(0, 200))
    header = draw(st.sampled_from(STARTS)) + bytes([len(shape)])
    lengths = b"".join(length.to_bytes(4, "big") for length in shape)
    return header + lengths + draw(st.binary(min_size=count, max_size=count))


def read_images(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "some")
        path.write_bytes(data)
        assert encode_idx(read_idx(path, 3)) == data


def read_packed_labels(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "some.gz")
        path.write_bytes(data)
        assert encode_idx(read_idx(path, 1)) == gzip.decompress(data)


COPY, COPIED = made_copy(1, 1, 1)


def made_wheel() -> bytes:
    with TemporaryDirectory() as folder:
        return write_wheel(Path(folder, "made.whl"), COPY).read_bytes()


def read_known_wheel(data: bytes) -> None:
    """Taken for the known one, whatever it holds: its hash alone would refuse it."""
    known = hashlib.sha256(data).hexdigest()
    with TemporaryDirectory() as folder, patch.object(wheel, "SHA256", known):
        path = Path(folder, "made.whl")
        path.write_bytes(data)
        assert same(read_wheel(path), COPIED)


# Networks and settings as TOML: text.

SIGNS = (
    "=",
    ".",
    ",",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    '"',
    "'",
    '"""',
    "#",
    "\n",
    "\\",
    "\r",
    "\0",
)
NUMBERS = ("0", "-1", "1e400", "nan", "-inf", "0x7fffffffffffffff", "9" * 5000, "0x" + "f" * 5000)
WORDS = ("true", "1979-05-27", "07:32:00", '"same"', '"conv"', '"\\u0000"', "é\u2028\x85")
NAMES = ("blocks", "name", "type", "kernel_size", "out_channels", "padding", "train", "epochs")
MANY = ("[" * 2000, "a." * 3000, "{a=" * 500)


@st.composite
def tampered_text(draw: st.DrawFn, sound: st.SearchStrategy[str]) -> str:
    """Text with words in the place of others."""
    text: str = draw(sound)
    words = st.sampled_from(SIGNS + NUMBERS + WORDS + NAMES + MANY) | st.text(max_size=3)
    for _ in range(num_changes(draw)):
        begin = draw(st.integers(0, len(text)))
        end = draw(st.integers(begin, min(len(text), begin + 8)))
        text = text[:begin] + draw(words) + text[end:]
    return text


def read_network_text(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "net.toml")
        path.write_bytes(text.encode(errors="surrogatepass"))
        load_toml(path)


# Networks as a checkpoint holds them: values of any kind.


def nested(depth: int) -> list[Any]:
    """Brackets within brackets."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def doubled(depth: int) -> list[Any]:
    """As many values as two to this power, which take no memory."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value, value]
    return value


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.text(max_size=9)
    | st.sampled_from(("same", "\0", "\ud800", b"\xff"))
    | st.sampled_from((16, 400, 5000)).map(lambda length: 16**length)
    | st.sampled_from((101, 5000)).map(lambda length: "x" * length)
    | st.sampled_from((10, 900, 100_000)).map(nested)
    | st.sampled_from((5, 19, 100)).map(doubled),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = ("name", "input_size", "dropout", "output")
BLOCK_KEYS = ("name", "type", "kernel_size", "out_channels", "padding", "stride", "groups", "bias")


@st.composite
def network_values(draw: st.DrawFn) -> object:
    """A network, in which some values are others."""
    values = draw(specs()).to_values()
    for _ in range(num_changes(draw)):
        block = draw(st.sampled_from(values["blocks"]))
        place = draw(st.sampled_from(((values, KEYS), (block, BLOCK_KEYS), (values, ("blocks",)))))
        if isinstance(place[0], dict):
            place[0][draw(st.sampled_from(place[1]))] = draw(VALUES)
        if not isinstance(values["blocks"], list) or not values["blocks"]:
            break
    return values


def read_network_values(values: object) -> None:
    NetworkSpec.from_values(values, "net")


# Settings: a file, an environment and options.

SOUND = {
    "seed": "7",
    "device": "auto",
    "data.dir": "some where",
    "data.offline": "true",
    "network.input_size": "1,28,28",
    "rf.dilation": "1,2",
    "train.epochs": "3",
    "train.learning_rate": "1e-3",
    "train.recipe": "plateau",
    "summary.max_params": "1.5k",
    "study.vary": "train.epochs=1,2",
}
KNOWN = tuple(dict(fields()))
OTHERS = (*KNOWN, *sections(), "train.epoch", "_env_file", "", "tool.mnistops", "x")
TEXTS = (
    *("", "0", "-1", "1,2", "[1,2]", "nan", "inf", "true", "null", "[]", "{}", "a=b,c", "\udcff"),
    *("1e999999k", "9e999990k", "snank", "9e99999g", "9" * 5000, "cuda:" + "9" * 99, "/dev/null"),
    *('{"epochs":3}', '{"epochs":1e999}', '{"seed":' + "9" * 4000 + "}", '{"x":{}}'),
    *("[" * 50_000, '{"a":' * 50_000, '{"a":' * 50 + "1" + "}" * 50, "one-cycle", "reference"),
)
TOML = (
    *("1", "-3", "2.5", "nan", "true", '"auto"', "[1, 2]", "[true]", "[[1]]", "[]", "{}"),
    *("{ epochs = 3 }", "{ x = { y = 1 } }", '"2M"', '"1e999999k"', '"a\\u0000b"', "1979-05-27"),
    *("0x" + "f" * 5000, '["train.epochs=1,2"]', '"reference,small"', "[" * 50 + "]" * 50),
)


@st.composite
def settings_files(draw: st.DrawFn) -> str:
    """Lines of settings, mostly right ones."""
    chosen = draw(st.lists(st.sampled_from(list(SOUND)), unique=True, max_size=4))
    lines = [f"{key} = {json.dumps(SOUND[key])}" for key in chosen]
    others = st.tuples(st.sampled_from(OTHERS), st.sampled_from(TOML))
    num_others = num_changes(draw) // 2
    lines += [
        f"{key} = {value}"
        for key, value in draw(st.lists(others, min_size=num_others, max_size=num_others))
    ]
    return draw(st.sampled_from(("", "", "[tool.mnistops]\n"))) + "\n".join(lines) + "\n"


Given = tuple[str, str, list[tuple[str, str]], list[tuple[str, Any]]]


@st.composite
def all_settings(draw: st.DrawFn) -> Given:
    """A file's name and text, an environment and options."""
    name = draw(st.sampled_from(("mnistops.toml", "pyproject.toml", "named.toml")))
    texts = st.text(max_size=9) | st.sampled_from(TEXTS)
    sound = st.sampled_from(list(SOUND.items()))
    variables = sound | sound | st.tuples(st.sampled_from(OTHERS), texts)
    options = sound | sound | st.tuples(st.sampled_from(KNOWN), texts | st.lists(texts))
    return (
        name,
        draw(tampered_text(settings_files())),
        draw(st.lists(variables, max_size=2)),
        draw(st.lists(options, max_size=2)),
    )


def read_settings(given: Given) -> None:
    name, text, variables, options = given
    tree: dict[str, Any] = {}
    for key, value in options:
        section, _, leaf = key.rpartition(".")
        (tree.setdefault(section, {}) if section else tree)[leaf] = value
    environment = {variable(key): value.replace("\0", "") for key, value in variables}
    before = Path.cwd()
    with TemporaryDirectory() as folder, patch.dict(os.environ, environment):
        os.chdir(folder)
        try:
            Path(name).write_bytes(text.encode(errors="surrogatepass"))
            load_settings(tree, Path(name) if name == "named.toml" else None)
        finally:
            os.chdir(before)


# Pictures: bytes.


@st.composite
def pictures(draw: st.DrawFn) -> bytes:
    """A small picture of any format and kind, turned in any way or none."""
    side = st.integers(1, 12)
    kind = draw(st.sampled_from(FORMATS))
    mode = draw(st.sampled_from(("L", "RGB") if kind == "JPEG" else ("1", "L", "P", "RGB", "RGBA")))
    width, height = draw(side), draw(side)
    pixels = draw(st.binary(min_size=1, max_size=40)) * (4 * width * height)
    image = Image.frombytes("RGBA", (width, height), pixels[: 4 * width * height])
    if mode != "RGBA":
        image = image.convert("RGB").convert(mode)
    exif = Image.Exif()
    exif[0x0112] = draw(st.integers(0, 9))
    file = BytesIO()
    image.save(file, kind, exif=exif)
    return file.getvalue()


def read_any_picture(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "some")
        path.write_bytes(data)
        levels = read_picture(path)
        with suppress(NoInk):
            as_digit(levels)


LABELS = gzip.compress(b"\0\0\x08\x01\0\0\0\x28" + bytes(range(40)), mtime=0)

FUZZERS = {
    "IDX": Fuzzer(tampered(idx_files(3)), read_images),
    "IDX in gzip": Fuzzer(
        tampered(st.just(LABELS)) | tampered(idx_files(1).map(gzip.compress)), read_packed_labels
    ),
    "wheel": Fuzzer(tampered(st.builds(made_wheel)), read_known_wheel),
    "network in TOML": Fuzzer(
        tampered_text(specs().map(NetworkSpec.to_toml)) | st.text(), read_network_text
    ),
    "network in values": Fuzzer(network_values() | VALUES, read_network_values),
    "settings": Fuzzer(all_settings(), read_settings),
    "picture": Fuzzer(tampered(pictures()), read_any_picture),
}
