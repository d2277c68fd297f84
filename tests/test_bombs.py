"""Files that claim, or unpack to, more than there is memory for: they are refused within 512 MB."""

import gzip
import json
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from mnistops.data.wheel import MEMBER

ROOT = Path(__file__).parents[1]

READ = """
import hashlib, json, re, resource, sys
from pathlib import Path
from mnistops.data import wheel
from mnistops.data.files import FILES, read_verified
from mnistops.data.idx import read_idx
from mnistops.errors import MnistopsError
from mnistops.networks.load import load_toml
from mnistops.settings import load_settings

def read(path):
    match path.suffixes:
        case [".toml"]:
            load_settings(config_file=path) if path.stem == "settings" else load_toml(path)
        case [".whl"]:
            with path.open("rb") as file:
                wheel.SHA256 = hashlib.file_digest(file, "sha256").hexdigest()
            wheel.read_wheel(path)
        case _ if path.name.startswith("train-"):
            read_verified(path, FILES[0])
        case _:
            read_idx(path, 3)

outcomes = {}
size = int(re.search(r"VmSize:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) << 10
resource.setrlimit(resource.RLIMIT_AS, (size + (512 << 20), resource.RLIM_INFINITY))
for path in sorted(Path().iterdir()):
    try:
        read(path)
        outcomes[path.name] = "read"
    except MnistopsError as error:
        outcomes[path.name] = error.exit_code
    except MemoryError:
        outcomes[path.name] = "out of memory"
print(json.dumps(outcomes))
"""


def header(*shape: int) -> bytes:
    return bytes((0, 0, 8, len(shape))) + b"".join(length.to_bytes(4, "big") for length in shape)


def packed_zeros(path: Path, start: bytes, num_bytes: int) -> None:
    """These bytes and so many zeros, in a thousandth of the space."""
    packer = zlib.compressobj(1, wbits=31)
    with path.open("wb") as file:
        file.write(packer.compress(start))
        for _ in range(num_bytes >> 20):
            file.write(packer.compress(bytes(1 << 20)))
        file.write(packer.flush())


def hole(path: Path, start: bytes, num_bytes: int) -> None:
    """The same in next to no space on the disk, and not packed."""
    path.write_bytes(start)
    with path.open("r+b") as file:
        file.truncate(len(start) + num_bytes)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_no_file_takes_more_memory_than_it_may() -> None:
    folder = Path("files")
    folder.mkdir()
    gib = 1 << 30
    for number, shape in enumerate(
        [(2**32 - 1,) * 3, (2**32 - 1, 1, 1), (2**31, 1, 1), (gib, 1, 1)]
    ):
        (folder / f"claim{number}").write_bytes(header(*shape) + bytes(100))
        (folder / f"claim{number}.gz").write_bytes(gzip.compress(header(*shape) + bytes(100)))
    packed_zeros(folder / "beyond.gz", header(9, 28, 28), gib)
    packed_zeros(folder / "told.gz", header(gib, 1, 1), gib)
    packed_zeros(folder / "train-images.gz", header(gib, 1, 1), gib)
    hole(folder / "beyond", header(9, 28, 28), 1 << 40)
    hole(folder / "train-images", header(gib, 1, 1), gib)
    hole(folder / "net.toml", b'name = "n"\n', 1 << 40)
    hole(folder / "settings.toml", b"seed = 1\n", 1 << 40)
    (folder / "dots.toml").write_text("a." * 100_000 + "a = 1")
    with zipfile.ZipFile(folder / "bomb.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        packed_zeros(Path("pickle.gz"), b"", gib)
        archive.write("pickle.gz", MEMBER)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {READ}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    outcomes = json.loads(done.stdout)
    assert outcomes == {path.name: 65 for path in folder.iterdir()} | {"settings.toml": 2}
