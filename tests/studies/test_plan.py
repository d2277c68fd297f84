"""Plans: which groups and runs a study has, and what is said of a wrong one."""

from typing import Any

import pytest

from mnistops.errors import UsageError
from mnistops.settings import Settings
from mnistops.studies.plan import Group, plan_groups, plan_runs


def groups(*vary: str, **sections: Any) -> tuple[Group, ...]:
    study = {"vary": list(vary), **sections.pop("study", {})}
    return plan_groups(Settings(study=study, **sections))


def names(*vary: str, **sections: Any) -> list[str]:
    return [group.name for group in groups(*vary, **sections)]


BOTH = {"recipe": "one-cycle,plateau"}


def test_a_group_is_named_by_what_sets_it_apart() -> None:
    assert names() == ["reference"]
    assert names("train.learning_rate=0.1") == ["reference"]
    assert names(study=BOTH) == ["one-cycle", "plateau"]
    assert names("train.learning_rate=0.1,0.3") == ["learning_rate=0.1", "learning_rate=0.3"]
    assert names("network.name=reference,a.toml", "train.epochs=7") == ["reference", "a.toml"]
    assert names("train.learning_rate=0.1", "train.epochs= 1, 2", study=BOTH) == [
        "one-cycle epochs=1",
        "one-cycle epochs=2",
        "plateau epochs=1",
        "plateau epochs=2",
    ]


def test_each_group_has_its_recipes_values_under_what_was_given() -> None:
    one_cycle, plateau = groups(study=BOTH, train={"batch_size": 64})
    assert (one_cycle.settings.train.learning_rate, one_cycle.settings.network.dropout) == (0.3, 0)
    assert (plateau.settings.train.learning_rate, plateau.settings.network.dropout) == (None, 0.03)
    assert {one_cycle.settings.train.batch_size, plateau.settings.train.batch_size} == {64}


def test_a_value_is_what_its_setting_takes() -> None:
    first, second = groups("train.learning_rate=0.1,3e-1", "network.dropout=0.5")
    assert (first.settings.train.learning_rate, second.settings.train.learning_rate) == (0.1, 0.3)
    assert first.settings.network.dropout == 0.5


def test_a_single_recipe_is_that_of_all() -> None:
    (group,) = groups(study={"recipe": "plateau"})
    assert (group.name, group.settings.train.recipe) == ("reference", "plateau")


@pytest.mark.parametrize(
    ("vary", "message", "hint"),
    [
        (["train.learning_rat=1"], "--vary train.learning_rat: expected a setting of network, "
         "train or data, got an unknown key", "did you mean 'train.learning_rate'?"),
        (["learning_rate=1"], "--vary learning_rate: expected", "'train.learning_rate'?"),
        (["zzz=1"], "--vary zzz: expected", "config show"),
        (["device=cpu,cuda"], "--vary device: expected a setting of network, train or data, "
         "got one that all runs share", None),
        (["train.run_dir=a"], "got one that is the same for all", None),
        (["train.holdout=1,2"], "got one that is the same for all", None),
        (["network.input_size=1,28,28"], "got one that is the same for all", None),
        (["train.learning_rate=0.1,x"], "--vary train.learning_rate: expected a number above 0, "
         "got 'x'", None),
        (["train.epochs=0"], "--vary train.epochs: expected a whole number from 1, got '0'", None),
        (["train.epochs=1, "], "--vary train.epochs: expected a whole number from 1, got ''", None),
        (["train.recipe=fast"], "--vary train.recipe: expected one-cycle or plateau", None),
        (["train.learning_rate=0.1,0.10"], "expected different values, got 0.1 twice", None),
        (["train.epochs=1", "train.epochs=2"], "--vary train.epochs: expected it once", None),
    ],
)  # fmt: skip
def test_what_cannot_be_varied(vary: list[str], message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as error:
        groups(*vary)
    assert message in error.value.message
    assert hint is None or hint in (error.value.hint or "")


def test_a_recipe_is_named_once() -> None:
    with pytest.raises(UsageError, match=r"--recipe: expected different values, got plateau twice"):
        groups(study={"recipe": "plateau,plateau"})
    with pytest.raises(UsageError, match=r"--vary train.recipe: expected it once, .* is one"):
        groups("train.recipe=plateau", study=BOTH)
    assert names("train.recipe=plateau,one-cycle") == ["plateau", "one-cycle"]


def test_every_group_has_every_seed() -> None:
    runs = plan_runs(groups(study=BOTH, seed=3), 2, 100)
    assert [(run.group, run.seed, run.fold) for run in runs] == [
        ("one-cycle", 3, 0),
        ("plateau", 3, 0),
        ("one-cycle", 4, 0),
        ("plateau", 4, 0),
    ]
    assert runs[1].name == "plateau-seed3"
    assert runs[1].settings.train.recipe == "plateau"


def test_each_seed_holds_out_other_images_until_all_were() -> None:
    runs = plan_runs(groups(study=BOTH, train={"holdout": 30}), 5, 100)
    assert [run.fold for run in runs if run.group == "plateau"] == [0, 1, 2, 0, 1]
    assert [run.fold for run in runs if run.group == "one-cycle"] == [0, 1, 2, 0, 1]


def test_files_have_plain_names_of_their_own() -> None:
    runs = plan_runs(groups("network.name=a/b.toml,a b.toml,A:b.toml"), 1, 100)
    assert [run.name for run in runs] == [
        "a-b.toml-seed0",
        "a-b.toml-2-seed0",
        "A-b.toml-3-seed0",
    ]


def test_there_are_only_so_many_seeds() -> None:
    last = 2**32 - 1
    assert plan_runs(groups(seed=last), 1, 100)[0].seed == last
    with pytest.raises(UsageError, match="--seeds: expected seeds up to 4294967295, got 2 from"):
        plan_runs(groups(seed=last), 2, 100)
