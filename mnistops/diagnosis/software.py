"""The software: mnistops itself, the interpreter, the system, the packages it takes."""

import platform
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module, metadata
from pathlib import Path

from packaging.requirements import Requirement

import mnistops
from mnistops.diagnosis.check import Check
from mnistops.errors import BadInput, MissingInput
from mnistops.settings.tree import Settings

# Packages whose modules have another name.
_MODULES = {"pillow": "PIL"}


def software_checks() -> Iterator[Check]:
    """In the order of a report."""
    yield Check("mnistops", _mnistops)
    yield Check("python", _python)
    yield Check("system", _system)
    for requirement in required():
        named = f'"{requirement.name}{requirement.specifier}"'
        look = partial(_package, requirement, f"pip install {named}")
        # For one that is there, but cannot be imported.
        advice = f"pip install --force-reinstall --no-deps {named}"
        yield Check(requirement.name, look, advice=advice)


def extra_checks() -> Iterator[Check]:
    """Those of the optional packages, extra by extra."""
    for extra, requirements in optional().items():
        advice = f'pip install "mnistops[{extra}]"'
        look = partial(_packages, requirements, advice)
        yield Check(f"extra {extra}", look, is_needed=False, advice=advice)


def required() -> list[Requirement]:
    """The packages that mnistops cannot do without."""
    return [item for item in _requirements() if _holds(item, "")]


def optional() -> dict[str, list[Requirement]]:
    """The packages of each extra, but for those of the tests."""
    asked = [item for item in _requirements() if not _holds(item, "")]
    return {
        name: [item for item in asked if _holds(item, name)]
        for name in _told("Provides-Extra")
        if name != "test"
    }


def module_of(requirement: Requirement) -> str:
    """The module that its package is imported by."""
    return _MODULES.get(requirement.name, requirement.name.replace("-", "_"))


def _holds(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _requirements() -> list[Requirement]:
    return [Requirement(line) for line in _told("Requires-Dist")]


def _told(field: str) -> list[str]:
    """What the installed mnistops tells of itself; nothing where its folder is only on the path."""
    with suppress(metadata.PackageNotFoundError):
        return metadata.metadata("mnistops").get_all(field) or []
    return []


def _mnistops(_: Settings) -> str:
    folder = Path(mnistops.__file__).parent
    if not _told("Name"):
        raise MissingInput(
            f"{mnistops.__version__} in {folder}: expected an installed package, got a bare folder",
            f"pip install -e {folder.parent}",
        )
    return f"{mnistops.__version__} in {folder}"


def _python(_: Settings) -> str:
    return f"{platform.python_version()} ({platform.python_implementation()}), {sys.executable}"


def _system(_: Settings) -> str:
    return platform.platform()


def _package(requirement: Requirement, advice: str, _: Settings) -> str:
    """The version of a package that can be imported.

    Raises:
        MissingInput: it is not there.
        BadInput: it is of another version than it should be.
    """
    name, wanted = requirement.name, requirement.specifier
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        raise MissingInput(f"{name}: expected it here, got none", advice) from None
    if not wanted.contains(version, prereleases=True):
        raise BadInput(f"{name}: expected {wanted}, got {version}", advice)
    import_module(module_of(requirement))
    return version


def _packages(requirements: list[Requirement], advice: str, settings: Settings) -> str:
    return ", ".join(f"{item.name} {_package(item, advice, settings)}" for item in requirements)
