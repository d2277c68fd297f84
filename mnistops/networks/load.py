"""What the user names, to a network: a built-in name, a TOML file, or NAME in a Python file."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from mnistops.errors import BadInput, MissingInput, UsageError, suggestion
from mnistops.networks.spec import NetworkSpec
from mnistops.networks.zoo import ZOO
from mnistops.toml import read_toml
from mnistops.user_code import missing_arguments, users_code

if TYPE_CHECKING:
    from torch import nn


def load_builtin(name: str) -> NetworkSpec:
    """The built-in network of this name.

    Raises:
        UsageError: there is none.
    """
    if name not in ZOO:
        raise UsageError(
            f"network {name}: expected {', '.join(ZOO)}, file.toml, file.py:NAME, a checkpoint "
            "or a run folder, got an unknown name",
            suggestion(name, ZOO) or "`mnistops summary reference` shows the built-in network",
        )
    return ZOO[name]


def load_toml(path: Path) -> NetworkSpec:
    """The network written in a TOML file.

    Raises:
        MissingInput: there is no such file, or it cannot be read.
        BadInput: it holds no network.
    """
    try:
        values = read_toml(path)
    except OSError as error:
        raise MissingInput(f"{path}: expected a TOML file, got: {error.strerror}") from None
    except ValueError as error:
        raise BadInput(f"{path}: expected TOML, got {error}") from None
    return NetworkSpec.from_values(values, str(path))


def load_python(path: Path, name: str) -> "nn.Module":
    """Run a Python file of the user's and make the network that it calls ``name``.

    The file is run as code, by design.

    Args:
        name: a class or a function that returns a module, called without arguments, or a module.

    Raises:
        MissingInput: there is no such file.
        BadInput: it fails, or holds no such network.
    """
    if not path.is_file():
        raise MissingInput(f"{path}: expected a Python file, got no such file")
    source = f"{path}:{name}"
    with users_code(source), _folder_on_path(path):
        module = _run(path)
        if not hasattr(module, name):
            known = [key for key, value in vars(module).items() if _is_defined_in(module, value)]
            raise BadInput(
                f"{source}: expected a class or function of that name, got none",
                suggestion(name, known) or f"the file defines: {', '.join(known) or 'nothing'}",
            )
        made = getattr(module, name)
        if callable(made) and not _is_module(made):
            _expect_no_arguments(made, source, name)
            made = made()
    if not _is_module(made):
        raise BadInput(f"{source}: expected a torch.nn.Module, got {type(made).__name__}")
    return cast("nn.Module", made)


def _expect_no_arguments(maker: Callable[..., object], source: str, name: str) -> None:
    """Raises BadInput where calling it without arguments must fail."""
    missing = missing_arguments(maker)
    if missing:
        raise BadInput(
            f"{source}: expected to call it without arguments, got one that needs {missing}",
            f"write a function that gives them, as `def make(): return {name}(...)`, and name that",
        )


def _is_module(value: object) -> bool:
    from torch import nn

    return isinstance(value, nn.Module)


def _is_defined_in(module: ModuleType, value: object) -> bool:
    return callable(value) and getattr(value, "__module__", None) == module.__name__


def _run(path: Path) -> ModuleType:
    # A name of its own, so that a file called json.py does not take the place of Python's.
    spec = spec_from_file_location(f"_mnistops_user_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise BadInput(f"{path}: expected a Python file, got another kind")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def _folder_on_path(path: Path) -> Iterator[None]:
    """Let the file import its neighbours, as it could when run as a script."""
    folder = str(path.parent.resolve())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with suppress(ValueError):  # the user's code may have tidied up itself
            sys.path.remove(folder)
