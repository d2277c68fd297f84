"""README and docs: every command in them prints what stands below it, every snippet runs."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from mnistops.analysis.lower import lower
from mnistops.analysis.summary import summarize_graph
from mnistops.networks.zoo import REFERENCE, ZOO
from tests.made_data import write_dataset
from tests.running import Run

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
README = "\n".join(page.read_text() for page in PAGES)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What its headings are called in links."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    ours = [link for link in links if not re.match(r"[a-z]+:|\.\./\.\./actions", link)]
    for link in ours:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


# Minutes of training, times and machines: they are shown as they were on one machine.
SHOWN = (
    *("mnistops train", "mnistops lr-find", "mnistops study", "mnistops bench"),
    *("mnistops export", "mnistops runs", "mnistops doctor", "python tests/"),
)


def all_examples() -> dict[str, str]:
    """Command to what it prints, for every console block."""
    return dict(block.removeprefix("$ ").split("\n", 1) for block in blocks("console"))


def examples() -> list[tuple[str, str]]:
    """Those that are run here."""
    left_out = (*SHOWN, "mnistops validate")
    return [pair for pair in all_examples().items() if not pair[0].startswith(left_out)]


@pytest.fixture(autouse=True)
def in_a_checkout(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")


def test_there_are_examples() -> None:
    assert len(examples()) >= 6


@pytest.mark.parametrize(("line", "printed"), examples(), ids=lambda text: text[:40])
def test_commands_print_what_is_shown(
    command: Run, monkeypatch: pytest.MonkeyPatch, line: str, printed: str
) -> None:
    words = shlex.split(line)
    while "=" in words[0]:
        monkeypatch.setenv(*words.pop(0).split("=", 1))
    assert words.pop(0) == "mnistops"
    outcome = command(*words)
    assert outcome.out + outcome.err == printed


@pytest.mark.parametrize("snippet", blocks("python"))
def test_snippets_run(snippet: str) -> None:
    exec(compile(snippet, "README.md", "exec"), {})


def test_the_set_up_is_two_commands() -> None:
    first, second = (block.strip() for block in blocks("sh")[:2])
    assert first == "pip install -e . && mnistops train --epochs 15"
    assert second == 'pip install -e ".[test]" && pytest'
    assert f"\n{second} || exit 1\n" in (ROOT / ".ci" / "run").read_text()


def test_the_config_commands_run(command: Run) -> None:
    (lines,) = [block for block in blocks("sh") if "config show" in block]
    for line in lines.splitlines():
        assert command(*shlex.split(line, comments=True)[1:]).code == 0


def test_the_right_receptive_fields_stand_beside_the_seeds(command: Run) -> None:
    rows = [line.split("|")[1:-1] for line in README.splitlines() if line.startswith("  | ")]
    layers, _, _, right = ([cell.strip() for cell in row] for row in rows)
    printed = {line.split()[0]: line.split() for line in command("rf").out.splitlines() if line}
    sizes = {row[1].split(".")[0]: row[8] for row in printed.values() if len(row) > 12}
    assert [sizes[layer] for layer in layers[1:]] == right[1:]


@pytest.mark.mnist
def test_our_weights_make_the_mistakes_that_are_shown(command: Run) -> None:
    line = "mnistops validate --out validated"
    outcome = command(*shlex.split(line)[1:])
    assert outcome.out == all_examples()[line]


ZOO_ROW = re.compile(r"\| `(\w+)` \| ([\d,]+) \| ([\d,]+) \| [\d.]+ \| 15 \| [^|]+ \| (\d+),")


def test_the_built_in_networks_are_as_told() -> None:
    told = {name: (params, cost) for name, params, cost, _ in ZOO_ROW.findall(README)}
    assert set(told) == set(ZOO)
    for name, counted in told.items():
        summary = summarize_graph(lower(ZOO[name]))
        assert counted == (f"{summary.total_params:,}", f"{summary.mult_adds:,}")


@pytest.mark.mnist
@pytest.mark.parametrize("name", ZOO)
def test_bundled_weights_are_those_of_the_first_seed(command: Run, name: str) -> None:
    errors = {row[0]: int(row[3]) for row in ZOO_ROW.findall(README)}[name]
    arguments = ("--checkpoint", name, "--split", "test", "--max-errors", str(errors))
    outcome = command("validate", *arguments, "--format", "json", "--out", "out")
    assert outcome.code == 0
    assert json.loads(outcome.out)["num_errors"] == errors


def test_the_run_that_is_shown_is_that_of_the_first_seed() -> None:
    shown = all_examples()["mnistops train --epochs 15"]
    (last,) = [row.split() for row in shown.splitlines() if row.startswith("last ")]
    (errors,) = [row[3] for row in ZOO_ROW.findall(README) if row[0] == "reference"]
    assert last[-1] == errors


def test_the_blocks_of_reference_are_as_told() -> None:
    text = README[README.index("## The reference network") : README.index("**Dilation**")]
    assert f"dropout {REFERENCE.dropout}" in text
    assert text.count("\n1. ") + sum(f"\n{n}. " in text for n in range(2, 7)) == 6


def tour() -> list[str]:
    """Every command of the README, in its order."""
    text = PAGES[0].read_text()
    fences = re.findall(r"^```(?:sh|console)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    told = r"^(?:\$ )?((?:MNISTOPS_\w+=\S+ )?mnistops (?!  ).*?)(?: +#.*)?$"
    lines = (line for fence in fences for line in fence.splitlines())
    return [match[1] for line in lines if (match := re.match(told, line))]


# What takes minutes, on made images and with less of everything.
SMALLER = {
    r"--epochs \d+": "--epochs 1",
    r"--seeds \d+": "--seeds 1",
    r"^study (?!.*--epochs)": "study --epochs 1 --seeds 1 ",
    r"--holdout 5000": "--holdout 60",
    r"=reference,separable,small": "=tiny,small",
    r"^bench$": "bench tiny --engines eager --seconds 0.01",
    r"(\S+-reference-seed0) \S+-small-seed0 \S+-tiny-seed0": "runs/first runs/second",
}


@pytest.mark.slow
@pytest.mark.parametrize("line", tour())
def test_every_command_of_the_tour_runs(
    command: Run, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    write_dataset(Path("made"), 300, 50)
    Path("images").mkdir()
    monkeypatch.setenv("MNISTOPS_DATA__DATASET", str(Path("made").resolve()))
    monkeypatch.setenv("MNISTOPS_TRAIN__BATCH_SIZE", "60")
    if "compare" in line:
        for folder in ("runs/first", "runs/second"):
            assert command("train", "tiny", "--run-dir", folder, "--epochs", "1").code == 0
    before, _, words = line.partition("mnistops ")
    for pattern, smaller in SMALLER.items():
        words = re.sub(pattern, smaller, words)
    if before:
        monkeypatch.setenv(*before.strip().split("=", 1))
    outcome = command(*shlex.split(words))
    # What is wrong with a machine is no business of this test.
    assert outcome.code == (2 if before else 0) or words == "doctor", outcome.err
