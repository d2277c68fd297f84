"""Details: all that the files of a run tell, as far as they can be read."""

import json
from pathlib import Path

import pytest

from mnistops.errors import BadInput, MissingInput
from mnistops.runs.details import RunDetails, show_run
from mnistops.settings import Settings
from mnistops.training.run_folder import write_settings
from tests.runs.made_runs import made_run

FOLDER = Path("runs/a")


def details() -> RunDetails:
    return show_run(Path("runs"), "a")


def test_record_settings_and_metrics() -> None:
    made_run(FOLDER)
    (FOLDER / "last.pt").touch()
    found = details()
    assert found.record["versions.torch"] == "2.10"
    assert found.record["final.test_errors"] == 7
    assert found.settings is not None and found.settings["train.epochs"] == 2
    assert found.changed == {"train.epochs": 2}
    assert [row["epoch"] for row in found.metrics] == [0, 1]
    assert found.checkpoints == ("last.pt",)
    assert show_run(Path("elsewhere"), "runs/a").record == found.record


def test_what_a_recipe_sets_is_not_said_to_be_changed() -> None:
    made_run(FOLDER)
    write_settings(FOLDER, Settings(train={"recipe": "plateau", "holdout": 5}))
    assert details().changed == {"train.holdout": 5}


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ('seed = 0\n[train]\nrecipe = "of tomorrow"\nnew = 3', {"train.recipe", "train.new"}),
        ("[train]\nrecipe = 4", {"train.recipe"}),
        ("train = 3", {"train"}),
        ("when = 2026-11-23\nlist = [1, 2]", {"when", "list"}),
    ],
)
def test_settings_of_another_version(text: str, changed: set[str]) -> None:
    made_run(FOLDER)
    (FOLDER / "config.toml").write_text(text)
    assert set(details().changed) == changed
    json.dumps(details().settings)


@pytest.mark.parametrize("text", ["x = ", "x = nan", "x = 1e999", "\udcff"])
def test_settings_that_cannot_be_read(text: str) -> None:
    made_run(FOLDER)
    (FOLDER / "config.toml").write_bytes(text.encode(errors="surrogateescape"))
    assert details().settings is None and details().changed == {}
    (FOLDER / "config.toml").unlink()
    assert details().settings is None


def test_what_is_no_run_is_refused() -> None:
    FOLDER.mkdir(parents=True)
    with pytest.raises(MissingInput):
        details()
    (FOLDER / "run.json").write_text("[]")
    with pytest.raises(BadInput):
        details()
