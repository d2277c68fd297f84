"""Building the kernels: once for each compiler and source, or an error that says what to do."""

import ctypes
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnistops.disk import cache_folder
from mnistops.errors import CannotCreate, ExitCode
from mnistops.native import compiler
from mnistops.native.compiler import CannotBuild, build_kernels, find_compiler

# A compiler that takes no time: it notes that it ran, with what, and makes a file.
QUICK = """
if [ "$1" = --version ]; then echo {version}; exit 0; fi
echo "$@" >> {log}
while [ "$1" != -o ]; do shift; done
echo {made} > "$2"
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache in which nothing is built, and no compiler asked for."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CXX", raising=False)
    compiler._fingerprint.cache_clear()
    yield
    compiler._fingerprint.cache_clear()


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path.absolute()


def quick(name: str, version: str = "1.0", made: str = "library") -> Path:
    return script(Path(name), QUICK.format(version=version, log=f"{name}.log", made=made))


def calls(name: str) -> list[str]:
    log = Path(f"{name}.log")
    return log.read_text().splitlines() if log.exists() else []


def built() -> list[str]:
    folder = cache_folder() / "native"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_without_a_compiler_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CannotBuild) as error:
        build_kernels()
    assert error.value.message == (
        "--engine native: expected a C++ compiler, got none (g++, clang++ or c++)"
    )
    assert error.value.hint == "install one, as g++, or choose another --engine"
    assert error.value.exit_code == ExitCode.USAGE
    assert built() == []


def test_a_compiler_that_is_asked_for_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(CannotBuild, match=r"got none \(no-such-compiler\)$"):
        build_kernels()


def test_the_first_known_one_is_taken_unless_another_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("clang++", "c++"):
        script(Path("bin") / name, "exit 0")
    other = script(Path("other"), "exit 0")
    monkeypatch.setenv("PATH", str(Path("bin").absolute()))
    assert find_compiler() == str(Path("bin/clang++").absolute())
    script(Path("bin/g++"), "exit 0")
    assert find_compiler() == str(Path("bin/g++").absolute())
    monkeypatch.setenv("CXX", str(other))
    assert find_compiler() == str(other)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo 'no such header' >&2; echo more >&2; exit 1", "no such header"),
        ("exit 3", "exit status 3"),
        ("echo half > half; kill -9 $$", "exit status -9"),
    ],
)
def test_a_compiler_that_fails_is_quoted_and_leaves_nothing(
    text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = script(Path("bad"), f'[ "$1" = --version ] && exit 0\n{text}')
    monkeypatch.setenv("CXX", str(path))
    with pytest.raises(CannotBuild) as error:
        build_kernels()
    expected = f"--engine native: expected {path} to build the kernels, got: {said}"
    assert error.value.message == expected
    assert error.value.hint == "choose another --engine"
    assert built() == []


def test_what_the_compiler_needs_on_the_way_is_beside_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A folder for temporary files may be small, or not there at all."""
    monkeypatch.setenv("TMPDIR", "/nonexistent")
    monkeypatch.setenv("CXX", str(script(Path("g++"), 'echo "in $TMPDIR" >&2; exit 1')))
    with pytest.raises(CannotBuild) as error:
        build_kernels()
    assert error.value.message.endswith(f"got: in {cache_folder() / 'native'}")


def test_a_compiler_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    path = script(Path("slow"), '[ "$1" = --version ] && exit 0\nexec sleep 60')
    monkeypatch.setenv("CXX", str(path))
    monkeypatch.setattr(compiler, "MOST_SECONDS", 0.2)
    with pytest.raises(CannotBuild, match=r"to build the kernels, got: nothing for 0\.2 seconds$"):
        build_kernels()
    assert built() == []


def test_what_is_no_program_is_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("text")
    path.write_bytes(b"\x00nothing that runs")
    path.chmod(0o700)
    monkeypatch.setenv("CXX", str(path.absolute()))
    with pytest.raises(CannotBuild, match=r"to build the kernels, got: Exec format error$"):
        build_kernels()
    assert built() == []


def test_it_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", str(quick("good")))
    first = build_kernels()
    assert first.read_text() == "library\n"
    assert (len(calls("good")), built()) == (1, [first.name])
    compiler._fingerprint.cache_clear()  # as in another process
    assert build_kernels() == first
    assert len(calls("good")) == 1
    command = calls("good")[0].split()
    assert command[: len(compiler.FLAGS)] == list(compiler.FLAGS)
    assert command[-3:-1] == [str(compiler.SOURCES / "network.cpp"), "-o"]
    assert "-march=native" in command


def test_what_was_taken_away_is_built_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", str(quick("good")))
    build_kernels().unlink()
    assert build_kernels().exists()
    assert len(calls("good")) == 2


@pytest.mark.parametrize("left", ["", "lib", "library\0", "another\n"])
def test_what_is_not_as_it_was_built_is_built_again(
    left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a loss of power: the process that loads a part of a library is ended by SIGBUS."""
    monkeypatch.setenv("CXX", str(quick("good")))
    library = build_kernels()
    library.write_text(left)
    assert build_kernels() == library
    assert library.read_text() == "library\n"
    assert (len(calls("good")), built()) == (2, [library.name])


def test_without_the_processors_own_instructions_if_they_are_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = '[ "$1" = --version ] && exit 0\n'
    known = 'case "$*" in *=native*) echo unknown >&2; exit 1;; esac\n'
    path = script(Path("old"), plain + known + QUICK.format(version=1, log="old.log", made="x"))
    monkeypatch.setenv("CXX", str(path))
    assert build_kernels().exists()
    assert len(calls("old")) == 1 and "native " not in calls("old")[0]


def test_another_version_flag_source_or_processor_gives_another_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    libraries = []

    def build() -> None:
        compiler._fingerprint.cache_clear()
        libraries.append(build_kernels())

    monkeypatch.setenv("CXX", str(quick("one")))
    build()
    monkeypatch.setenv("CXX", str(quick("two", version="2.0")))
    build()
    monkeypatch.setattr(compiler, "FLAGS", ("-O1", *compiler.FLAGS[1:]))
    build()
    own = tmp_path / "kernels"
    own.mkdir()
    for path in compiler.SOURCES.iterdir():
        (own / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(compiler, "SOURCES", own)
    (own / "lanes.h").write_text("// nothing")
    build()
    monkeypatch.setattr(compiler, "_processor", lambda: "flags: another")
    build()
    assert len(set(libraries)) == 5
    assert built() == sorted(path.name for path in libraries)
    # Each is still there for whom it was built.
    build()
    assert libraries[-1] == libraries[-2] and len(built()) == 5


def test_a_folder_that_cannot_be_made_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", str(quick("good")))
    cache_folder().parent.mkdir(parents=True)
    cache_folder().write_text("a file in the way")
    with pytest.raises(CannotCreate, match="expected to make a folder"):
        build_kernels()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_ours_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", str(quick("good")))
    folder = cache_folder() / "native"
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    with pytest.raises(CannotCreate):
        build_kernels()


def test_where_two_build_at_once_both_end_with_a_whole_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = quick("other", made="by-another")
    slow = '[ "$1" = --version ] && { echo 1.0; exit 0; }\n'
    during = f'{other} "$@"; f="$(ls $XDG_CACHE_HOME/mnistops/native)"; echo "$f" >> seen\n'
    path = script(Path("slow"), slow + during)
    monkeypatch.setenv("CXX", str(path))
    library = build_kernels()
    # While it was built nothing had its name.
    assert library.name not in Path("seen").read_text().splitlines()
    assert library.read_text() == "by-another\n"
    assert built() == [library.name]


@pytest.mark.slow
def test_the_machines_own_compiler_builds_what_loads() -> None:
    library = ctypes.CDLL(str(build_kernels()))
    assert library.mnistops_lanes() in (4, 8, 16)
