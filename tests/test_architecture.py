"""The floors of the house: imports go down only, and each heavy library has its rooms."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mnistops"

# From the ground up. A room may import from the floors below it and from itself; rooms that stand
# on one floor may not import each other. The longest name that fits a module says where it stands.
FLOORS: list[set[str]] = [
    {"errors"},
    {"resources"},
    {"user_code", "disk", "lock", "toml", "events", "torch_file", "digest", "garbage", "bundled"},
    {"settings"},
    {"networks.spec", "networks.task", "networks.zoo", "networks"},
    {"analysis"},
    {
        "analysis.capture",
        "analysis.recording",
        "analysis.probing",
        "analysis.effective",
        "analysis.paths",
        "networks.build",
        "networks.load",
        "data",
        "data.conversion",
        "device",
    },
    {"native", "checkpoint_parts"},
    {"checkpoint"},
    {"inspection", "classifier"},
    {"verification"},
    {"evaluation"},
    {"training"},
    {"studies"},
    {"benchmark"},
    {"diagnosis"},
    {"validation"},
    {"runs", "exports", "prediction"},
    {"trained", "demo"},
    {"field_pictures"},
    {"dossier"},
    {"report"},
    {"cli"},
    {"__main__", ""},
]
TORCH_SIDE = {
    "analysis.capture",
    "analysis.recording",
    "analysis.probing",
    "analysis.effective",
    "analysis.paths",
    "data",
    "device",
    "networks.build",
    "networks.load",
}

# Library: the rooms that may import it at all, and those that may do so when they are imported.
LIBRARIES: dict[str, tuple[set[str], set[str]]] = {
    "torch": (
        {
            *TORCH_SIDE,
            "torch_file",
            "digest",
            "native.descent",
            "native.network",
            "checkpoint",
            "inspection",
            "classifier",
            "evaluation",
            "training",
            "studies",
            "benchmark",
            "diagnosis",
            "exports",
            "prediction",
            "trained",
            "demo",
            "field_pictures",
        },
        {
            "analysis.capture",
            "analysis.recording",
            "analysis.probing",
            "analysis.effective",
            "networks.build",
            "native.descent",
            "native.network",
            "data.augment",
            "data.images",
            "evaluation",
            "training",
            "studies.preparation",
            "benchmark",
            "exports",
        },
    ),
    "torchvision": ({"benchmark.reference"}, set()),
    "matplotlib": ({"report"}, set()),
    "jinja2": ({"report"}, set()),
    "markupsafe": ({"report"}, set()),
    "PIL": ({"report", "benchmark.reference", "data.picture"}, set()),
    "numpy": (
        {
            "data",
            "training.lr_range",
            "studies",
            "report",
            "analysis.paths",
            "analysis.effective",
            "prediction",
        },
        {
            "data.idx",
            "data.wheel",
            "data.digit",
            "data.picture",
            "data.class_folders",
            "data.conversion",
            "prediction",
            "training.lr_range",
            "studies.statistics",
            "studies.results",
            "analysis.paths",
            "analysis.effective",
            "report.confusion",
            "report.mistakes",
            "report.field_panels",
            "report.field_tiles",
            "report.gallery",
            "report.png",
        },
    ),
    "scipy": (
        {"data.conversion", "studies.statistics", "runs.mcnemar"},
        {"data.conversion", "studies.statistics", "runs.mcnemar"},
    ),
    "tensorboard": ({"training.event_log"}, set()),
    "rich": ({"report"}, {"report"}),
    "typer": ({"cli"}, {"cli"}),
}

MODULES = sorted(PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    """``analysis.lower`` for mnistops/analysis/lower.py, ``""`` for mnistops itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(name: str) -> str:
    """The longest known name that a module stands under."""
    parts = name.split(".")
    prefixes = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    known = set().union(*FLOORS)
    return next((prefix for prefix in prefixes if prefix in known), "" if name == "" else name)


def floor(name: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room(name) in rooms)


def imports(tree: ast.AST, only_on_import: bool = False) -> Iterator[str]:
    """Modules that a tree imports, less those for type checkers; at once, or ever."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if only_on_import and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written whole"
            yield node.module or ""
            if node.module == "mnistops" or (node.module or "").startswith("mnistops."):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
        yield from imports(node, only_on_import)


def own_imports(path: Path) -> Iterator[str]:
    """Modules of ours that a file imports: names that are no module are left out."""
    existing = {module_name(module) for module in MODULES}
    for name in imports(ast.parse(path.read_text())):
        if name.startswith("mnistops.") and name.removeprefix("mnistops.") in existing:
            yield name.removeprefix("mnistops.")


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_go_down_only(path: Path) -> None:
    name = module_name(path)
    for imported in own_imports(path):
        is_below = floor(imported) < floor(name)
        is_at_home = (
            floor(imported) == floor(name)
            and room(imported).split(".")[0] == (room(name).split(".")[0])
        )
        assert is_below or is_at_home, f"{name} may not import {imported}"


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_libraries_have_their_rooms(path: Path) -> None:
    name, tree = module_name(path), ast.parse(path.read_text())
    ever = {imported.split(".")[0] for imported in imports(tree)}
    at_once = {imported.split(".")[0] for imported in imports(tree, only_on_import=True)}
    for library, (may_ever, may_at_once) in LIBRARIES.items():
        rooms = {name, room(name), name.split(".")[0]}
        assert library not in ever or rooms & may_ever, f"{name} imports {library}"
        assert library not in at_once or rooms & may_at_once, f"{name} imports {library} at once"


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_only_the_command_line_exits_and_only_reports_print(path: Path) -> None:
    name = module_name(path)
    calls = [
        ast.unparse(n.func)
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.Call)
    ]
    assert "print" not in calls
    if name.split(".")[0] != "cli":
        assert not {"sys.exit", "exit", "quit", "os._exit"} & set(calls)
    if name != "report.console":
        assert not {"sys.stdout.write", "sys.stderr.write", "typer.echo"} & set(calls)


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_rooms_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 320
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


def test_the_pure_side_needs_no_heavy_library() -> None:
    pure = [
        f"mnistops.{name}"
        for path in MODULES
        if (name := module_name(path)) and floor(name) <= 5 and room(name) not in TORCH_SIDE
    ]
    code = (
        f"import sys, {', '.join(pure)}\n"
        "heavy = {'torch', 'torchvision', 'matplotlib', 'numpy', 'typer', 'rich'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_module_has_its_test() -> None:
    tests = Path(__file__).parent
    mirrored = {
        path: tests / path.relative_to(PACKAGE).parent / f"test_{path.name}"
        for path in MODULES
        if path.stem not in ("__init__", "__main__")
    }
    assert [module_name(path) for path, test in mirrored.items() if not test.exists()] == []
