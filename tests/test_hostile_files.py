"""Hostile and broken files, by every route that opens one: nothing runs, nothing changes."""

import os
import random
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mnistops.checkpoint import load_checkpoint
from mnistops.digest import digest
from mnistops.errors import BadInput
from mnistops.settings import Settings
from mnistops.training.run_folder import write_settings
from tests.hostile_files import CANARY, HOSTILE, checkpoint, saved
from tests.made_data import write_dataset
from tests.running import Run

ROOT = Path(__file__).parents[1]
EVIL = Path("run/last.pt")
DATA = ("--dataset", "made")
ROUTES: dict[str, tuple[str, ...]] = {
    "validate": ("validate", "--checkpoint", str(EVIL), *DATA),
    "validate a run": ("validate", "--checkpoint", "run", *DATA),
    "predict": ("predict", "digit.png", "--checkpoint", str(EVIL)),
    "demo": ("demo", "--checkpoint", str(EVIL)),
    "demo of a run": ("demo", "--checkpoint", "run"),
    "export": ("export", str(EVIL)),
    "export, all": ("export", "run", "--to", "onnx,pt2,safetensors"),
    "runs compare": ("runs", "compare", "run", "other", *DATA),
    "summary": ("summary", str(EVIL)),
    "rf": ("rf", str(EVIL)),
    "train": ("train", str(EVIL), *DATA),
    "train --init-from": ("train", *DATA, "--init-from", str(EVIL)),
    "train --resume": ("train", "--resume", "run"),
    "lr-find": ("lr-find", str(EVIL), *DATA),
    "bench": ("bench", str(EVIL), *DATA),
    "study": ("study", str(EVIL), *DATA, "--dir", "study"),
}


@pytest.fixture
def evil(request: pytest.FixtureRequest) -> bytes:
    """A run folder with a hostile last.pt."""
    write_dataset(Path("made"), 60, 20)
    EVIL.parent.mkdir()
    write_settings(EVIL.parent, Settings(data={"dataset": "made"}, train={"batch_size": 30}))
    data = HOSTILE[request.param]()
    EVIL.write_bytes(data)
    record = '{"status": "interrupted", "num_test": 20}'
    Path("other").mkdir()
    for folder in (EVIL.parent, Path("other")):
        (folder / "run.json").write_text(record)
    return data


# On the way there, of what is begun.
TOLD = (" - INFO - ", " - WARNING - Its run is not finished", "run 1 of 2: ")

PAIRS = [
    (kind, route)
    for kind in HOSTILE
    for route in ROUTES
    # It takes the weights alone, and those are sound; no such network is built.
    if (kind, route) != ("huge network", "train --init-from")
]


@pytest.mark.parametrize(("evil", "route"), PAIRS, indirect=["evil"])
def test_by_no_route_does_it_do_anything(command: Run, evil: bytes, route: str) -> None:
    outcome = command(*ROUTES[route])
    assert outcome.code == 65, outcome.err
    assert outcome.out == ""
    lines = [line for line in outcome.err.splitlines() if not any(word in line for word in TOLD)]
    assert lines[0].startswith(f"error: {EVIL}: ") and ": expected " in lines[0]
    assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("hint: "))
    assert not CANARY.exists()
    assert EVIL.read_bytes() == evil
    left = {path.name for path in EVIL.parent.iterdir()}
    assert left == {"last.pt", "config.toml", "run.json"}
    assert not Path("runs").exists()


def test_a_sound_one_would_have_come_through(command: Run) -> None:
    write_dataset(Path("made"), 60, 20)
    EVIL.parent.mkdir()
    EVIL.write_bytes(saved(checkpoint()))
    shutil.copy(ROOT / "examples" / "pictures" / "drawing_3.png", "digit.png")
    for route in ("validate", "predict", "demo", "export", "summary", "rf"):
        assert command(*ROUTES[route]).code == 0, route


@pytest.mark.slow
@pytest.mark.parametrize("evil", HOSTILE, indirect=True)
@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what a process has")
@pytest.mark.usefixtures("evil")
def test_none_needs_more_than_512_mb() -> None:
    code = (
        "import resource, sys\nfrom pathlib import Path\nimport torch\n"
        "from mnistops.checkpoint import open_network\nfrom mnistops.errors import BadInput\n"
        "size = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (size + (512 << 20),) * 2)\n"
        "try:\n    open_network('run/last.pt')\n"
        "except BadInput:\n    sys.exit(65)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (65, "", "")
    assert not CANARY.exists()


def test_whatever_the_environment_says_it_is_read_with_care(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    for name in ("canary at the top", "canary beside"):
        Path("evil.pt").write_bytes(HOSTILE[name]())
        with pytest.raises(BadInput):
            load_checkpoint(Path("evil.pt"))
        assert not CANARY.exists()


SOUND = checkpoint()
WHOLE = saved(SOUND)


def loaded(data: bytes) -> str | None:
    """The digest of what was read and would be used; None where the file is refused."""
    Path("some.pt").write_bytes(data)
    try:
        load_checkpoint(Path("some.pt"))
    except BadInput:
        return None
    values = torch.load("some.pt", weights_only=True)
    del values["digest"]
    return digest(values)


def expect_refused_or_the_same(data: bytes) -> bool:
    found = loaded(data)
    assert found in (None, SOUND["digest"])
    return found is None


def flipped(offset: int, bit: int) -> bytes:
    data = bytearray(WHOLE)
    data[offset] ^= 1 << bit
    return bytes(data)


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 7))
def test_a_flipped_bit_is_found_or_makes_no_difference(offset: int, bit: int) -> None:
    expect_refused_or_the_same(flipped(offset, bit))


@given(st.integers(0, len(WHOLE) - 1))
def test_a_part_of_one_is_refused(size: int) -> None:
    assert expect_refused_or_the_same(WHOLE[:size])


@pytest.mark.slow
def test_of_many_flipped_bits_most_are_found_and_none_makes_a_difference() -> None:
    dice = random.Random(0)
    refused = sum(
        expect_refused_or_the_same(flipped(dice.randrange(len(WHOLE)), dice.randrange(8)))
        for _ in range(3000)
    )
    # Not those between records, and those that torch does not look at.
    assert 2000 < refused < 3000


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([torch.zeros(3), torch.tensor(1.5), torch.zeros(0, 2)]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(list(checkpoint())) | st.text(max_size=5), inner, max_size=4
        )
    ),
    max_leaves=10,
)


def expect_no_surprise(values: object) -> None:
    Path("some.pt").write_bytes(saved(values))
    with suppress(BadInput):
        load_checkpoint(Path("some.pt"))


CHANGES = st.dictionaries(st.sampled_from(list(checkpoint())), PLAIN, max_size=3)


@given(PLAIN, CHANGES, st.booleans())
def test_any_values_are_a_checkpoint_or_refused(
    top: object, changes: dict[str, object], is_signed: bool
) -> None:
    expect_no_surprise(top)
    values = {**checkpoint(), **changes}
    if is_signed:
        del values["digest"]
        values["digest"] = digest(values)
    expect_no_surprise(values)


@pytest.mark.slow
@settings(max_examples=3000)
@given(CHANGES)
def test_thousands_of_values_too(changes: dict[str, object]) -> None:
    values = {**checkpoint(), **changes}
    del values["digest"]
    expect_no_surprise({**values, "digest": digest(values)})


def test_weights_that_are_no_numbers_are_said_by_validate(command: Run) -> None:
    write_dataset(Path("made"), 60, 20)
    values = checkpoint()
    del values["digest"]
    values["state_dict"]["convblock7.0.weight"].fill_(float("nan"))
    Path("nan.pt").write_bytes(saved({**values, "digest": digest(values)}))
    outcome = command("validate", "--checkpoint", "nan.pt", *DATA)
    assert outcome.code == 1
    assert "expected numbers as outputs, got nan or infinite ones" in outcome.err
