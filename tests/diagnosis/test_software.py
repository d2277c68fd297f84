"""Versions of all that mnistops is made of, and what is wrong with them."""

import platform
import sys
from contextlib import suppress
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

import mnistops
from mnistops.diagnosis import software
from mnistops.diagnosis.check import Finding
from mnistops.diagnosis.software import (
    extra_checks,
    module_of,
    optional,
    required,
    software_checks,
)
from mnistops.settings import Settings

PYPROJECT = (Path(__file__).parents[2] / "pyproject.toml").read_text()


def findings() -> dict[str, Finding]:
    return {check.name: check.find(Settings()) for check in software_checks()}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the installed package says of itself."""
    fields = {"Name": ["mnistops"], "Requires-Dist": ["numpy>=2"], "Provides-Extra": ["test"]}
    monkeypatch.setattr(software, "_told", lambda field: fields[field])
    return fields


def test_the_installed_package_names_what_it_takes() -> None:
    names = [item.name for item in required()]
    assert {"torch", "numpy", "typer"} <= set(names)
    assert all(f'"{name}' in PYPROJECT for name in names)
    assert "pytest" not in names and "test" not in optional()


def test_versions_are_those_that_are_there(told: dict[str, list[str]]) -> None:
    del told
    found = findings()
    assert list(found) == ["mnistops", "python", "system", "numpy"]
    assert found["numpy"] == Finding("numpy", "fine", np.__version__)
    assert found["mnistops"].found.startswith(f"{mnistops.__version__} in ")
    assert platform.python_version() in found["python"].found
    assert sys.executable in found["python"].found
    assert platform.system() in found["system"].found


def test_a_package_that_is_not_there(told: dict[str, list[str]]) -> None:
    told["Requires-Dist"] = ["no-such-thing>=3"]
    finding = findings()["no-such-thing"]
    assert (finding.state, finding.found) == (
        "problem",
        "no-such-thing: expected it here, got none",
    )
    assert finding.advice == 'pip install "no-such-thing>=3"'


def test_a_package_of_another_version(told: dict[str, list[str]]) -> None:
    told["Requires-Dist"] = ["numpy>=99"]
    finding = findings()["numpy"]
    assert finding.found == f"numpy: expected >=99, got {np.__version__}"
    assert finding.advice == 'pip install "numpy>=99"'


def test_a_package_that_cannot_be_imported(
    told: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    del told

    def fail(name: str) -> None:
        raise ImportError(f"{name}: no libc")

    monkeypatch.setattr(software, "import_module", fail)
    finding = findings()["numpy"]
    assert (finding.state, finding.found) == ("problem", "ImportError: numpy: no libc")
    assert finding.advice == 'pip install --force-reinstall --no-deps "numpy>=2"'


def test_every_package_that_is_taken_is_imported_by_its_module() -> None:
    """A package whose module has another name stands in the table of those."""
    extras = (item for items in optional().values() for item in items)
    for requirement in [*required(), *extras]:
        with suppress(metadata.PackageNotFoundError):
            metadata.version(requirement.name)
            assert find_spec(module_of(requirement)) is not None, requirement


def test_extras_can_be_done_without(told: dict[str, list[str]]) -> None:
    told["Provides-Extra"] = ["draw", "more", "test"]
    told["Requires-Dist"] = [
        "numpy>=2",
        'no-such-thing>=3; extra == "draw"',
        'numpy>=1; extra == "more"',
        'pytest; extra == "test"',
    ]
    assert [item.name for item in required()] == ["numpy"]
    assert optional() == {
        "draw": [Requirement('no-such-thing>=3; extra == "draw"')],
        "more": [Requirement('numpy>=1; extra == "more"')],
    }
    draw, more = (check.find(Settings()) for check in extra_checks())
    assert (draw.name, draw.state) == ("extra draw", "lacking")
    assert draw.advice == 'pip install "mnistops[draw]"'
    assert more == Finding("extra more", "fine", f"numpy {np.__version__}")


def test_a_folder_on_the_path_is_no_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "metadata", missing)
    found = findings()
    assert list(found) == ["mnistops", "python", "system"]
    assert found["mnistops"].state == "problem"
    assert found["mnistops"].advice.startswith("pip install -e ")
